// CORS: 名单里别的网站的网页读得到 /api 与 /files 的应答; 从不带凭据 (没有 Access-Control-Allow-Credentials)
import type { HttpResponse } from 'uWebSockets.js';
import type { ResourcePolicy } from './hardening.js';

const SHARED_PATH = /^\/(?:api|files)\//;
// 浏览器默认只给脚本看 Content-Type 之类的几个; 续传要 Content-Range 与 ETag, 文件名在 Content-Disposition
const EXPOSED = 'Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, Retry-After';

/** 预检的应答: 别的网站的网页可以用的方法与头 */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range',
  // Chromium 至多记两小时
  'Access-Control-Max-Age': '7200',
};

/** 一个应答许别的网站做什么 */
interface Sharing {
  /** 可以读它的来源, '' = 没有 */
  readonly reader: string;
  readonly policy: ResourcePolicy;
}

/** 正在应答的请求; 应答对象随请求消失, 这里也就没有了 */
const sharings = new WeakMap<HttpResponse, Sharing>();

/** 别的网站可以读的地址; 网页自己的文件与 WebSocket 不在其中 */
export function isShared(path: string): boolean {
  return SHARED_PATH.test(path);
}

/** 登记谁可以读, 嵌这个应答; 随后无论应答什么 (错误, 304, 416 也是), 头里都有它。reader 为 '' 时谁也读不到 */
export function share(res: HttpResponse, sharing: Sharing): void {
  sharings.set(res, sharing);
}

/** 没有登记的只有本站能嵌 */
export function embedding(res: HttpResponse): ResourcePolicy {
  return sharings.get(res)?.policy ?? 'same-site';
}

/** 写 CORS 的头; 须在状态行之后。没有登记的应答不写 */
export function writeSharing(res: HttpResponse): void {
  const origin = sharings.get(res)?.reader;
  if (origin === undefined) return;
  // 没有 Origin 的请求也要写: 否则 <img> 缓存下来的那份没有许可的头, 随后的 fetch 就读不到
  res.writeHeader('Vary', 'Origin');
  if (origin === '') return;
  res.writeHeader('Access-Control-Allow-Origin', origin);
  res.writeHeader('Access-Control-Expose-Headers', EXPOSED);
}
