// 网页静态文件: 启动时全部读进内存 (构建产物, 总量很小), 压缩副本由构建准备好

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../protocol/errors.js';
import { Exchange, type ReportInternal, sendNotModified } from './http.js';
import type { Patrol } from './patrol.js';
import { isFresh, requireMatch } from './preconditions.js';

/** dist/web/manifest.json 的一项, 由 scripts/build-web.mjs 写出 */
interface ManifestEntry {
  readonly file: string;
  readonly type: string;
  readonly etag: string;
  readonly br?: string;
  readonly gz?: string;
  readonly cache: 'immutable' | 'no-cache';
  /** Worker 的脚本: 用它自己的策略 */
  readonly worker?: boolean;
}

interface Asset {
  readonly entry: ManifestEntry;
  readonly plain: Buffer;
  readonly br: Buffer | undefined;
  readonly gz: Buffer | undefined;
}

export interface StaticOptions {
  readonly patrol: Patrol;
  readonly report: ReportInternal;
  /** 这个请求的对方是否经 https 访问 */
  readonly isSecure: (res: HttpResponse, req: HttpRequest) => boolean;
}

// 严格的内容安全策略: 只有本站的脚本与样式, 没有内联; 图片与媒体可来自用户上传的本站链接
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  // 'self' 含同一主机与端口的 ws 与 wss (webappsec-csp 第 7 号; Chrome 71, Firefox 2018, Safari 16 起);
  // 写成 ws: wss: 就放行了任何主机, 混进来的脚本可以把聊天内容送出去
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

// Worker 按自己应答里的策略执行, 不继承页面的: 编译 WebAssembly (校验 SHA-256) 只在这里放行。
// 脚本带散列, 永久缓存, 策略随之缓存: 以后收紧它, 须同时让脚本的散列改变
const WORKER_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
].join('; ');

// 页面从不用到的能力一律关掉; 只列 Chrome 109 起都认得的, 不认得的名字会在控制台留下警告
const PERMISSIONS_POLICY = [
  'camera',
  'microphone',
  'geolocation',
  'display-capture',
  'payment',
  'usb',
  'serial',
  'hid',
  'midi',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

export class StaticFiles {
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #options: StaticOptions;

  private constructor(assets: ReadonlyMap<string, Asset>, options: StaticOptions) {
    this.#assets = assets;
    this.#options = options;
  }

  /** folder 为 dist/web; 错误: 没有构建过网页时为系统错误 */
  static async load(folder: string, options: StaticOptions): Promise<StaticFiles> {
    const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as Record<
      string,
      ManifestEntry
    >;
    const read = async (name: string | undefined): Promise<Buffer | undefined> =>
      name === undefined ? undefined : readFile(path.join(folder, name));
    const assets = new Map<string, Asset>();
    for (const [url, entry] of Object.entries(manifest)) {
      const plain = await readFile(path.join(folder, entry.file));
      assets.set(url, { entry, plain, br: await read(entry.br), gz: await read(entry.gz) });
    }
    return new StaticFiles(assets, options);
  }

  has(path: string): boolean {
    return this.#assets.has(path);
  }

  handle(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    // 只认清单里的地址: 请求的路径从不碰文件系统
    const asset = this.#assets.get(req.getUrl());
    const exchange = new Exchange(res, this.#options.patrol);
    if (asset === undefined) {
      exchange.fail(new AppError('not_found'), this.#options.report, { headOnly });
      return;
    }
    try {
      this.#send(exchange, req, asset, headOnly);
    } catch (error) {
      exchange.fail(error, this.#options.report, { headOnly });
    }
  }

  #send(exchange: Exchange, req: HttpRequest, asset: Asset, headOnly: boolean): void {
    const [encoding, body] = choose(asset, req.getHeader('accept-encoding'));
    const etag = tagOf(asset.entry, encoding);
    requireMatch(req.getHeader('if-match'), [etag]);
    const secure = this.#options.isSecure(exchange.res, req);
    const headers = {
      ...assetHeaders(asset.entry, encoding),
      ETag: etag,
      ...securityHeaders(asset.entry, secure),
    };
    if (isFresh(req.getHeader('if-none-match'), etag)) {
      exchange.finish();
      sendNotModified(exchange.res, headers);
    } else exchange.answer(200, headers, body, headOnly);
  }
}

function choose(asset: Asset, accepted: string): [encoding: 'br' | 'gzip' | undefined, body: Buffer] {
  if (asset.br !== undefined && accepts(accepted, 'br')) return ['br', asset.br];
  if (asset.gz !== undefined && accepts(accepted, 'gzip')) return ['gzip', asset.gz];
  return [undefined, asset.plain];
}

// q=0 是明确拒绝; 编码名与 q 都不分大小写
function accepts(header: string, encoding: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .some((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim());
      return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    });
}

// 强标签对应确切的字节: 压缩副本与原文各有一个
function tagOf({ etag }: ManifestEntry, encoding: 'br' | 'gzip' | undefined): string {
  return encoding === undefined ? etag : etag.replace(/"$/, `-${encoding}"`);
}

function assetHeaders(entry: ManifestEntry, encoding: 'br' | 'gzip' | undefined): Record<string, string> {
  return {
    'Content-Type': entry.type,
    // 带散列的文件名永不变; 页面每次都问一声
    'Cache-Control': entry.cache === 'immutable' ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
  };
}

function securityHeaders({ type, worker = false }: ManifestEntry, secure: boolean): Record<string, string> {
  return {
    'Content-Security-Policy': worker ? WORKER_POLICY : PAGE_POLICY,
    ...(type.startsWith('text/html') ? pageHeaders(secure) : {}),
  };
}

// 只对文档有意义
function pageHeaders(secure: boolean): Record<string, string> {
  return {
    'Permissions-Policy': PERMISSIONS_POLICY,
    // 别的站点打开的窗口拿不到我们的 window。明文 http 上浏览器不采纳, 还在控制台报错, 所以不发
    ...(secure ? { 'Cross-Origin-Opener-Policy': 'same-origin' } : {}),
  };
}
