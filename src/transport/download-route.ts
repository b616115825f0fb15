// GET 与 HEAD /files/UUID.ext, GET /files/UUID/thumb: 条件请求, 单段 Range, 安全头

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { FollowTurns } from '../files/follow-turns.js';
import { FollowedBlob } from '../files/followed-blob.js';
import type { LiveOffer } from '../files/live-offer.js';
import type { Offers } from '../files/offers.js';
import type { BlobReader } from '../files/ports.js';
import { AppError } from '../protocol/errors.js';
import { sendBlob } from './download.js';
import { type Conditions, type DownloadPlan, planRange, type Target } from './download-plan.js';
import { fileHeaders, SECURITY_HEADERS } from './file-headers.js';
import { Exchange, endHead, type ReportInternal, sendNotModified, writeHead } from './http.js';
import type { Patrol } from './patrol.js';
import { isFresh, requireMatch } from './preconditions.js';

const FILE_NAME = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\.[a-z0-9]{1,16})?$/;

export interface DownloadOptions {
  readonly maxActive: number;
  /** 上传停了这么久, 跟着它的下载就断开 (毫秒) */
  readonly followTimeoutMs: number;
}

export interface DownloadParts {
  readonly blobs: BlobReader;
  readonly offers: Offers;
  readonly patrol: Patrol;
  readonly reportInternal: ReportInternal;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class DownloadRoute {
  readonly #options: DownloadOptions;
  readonly #parts: DownloadParts;
  readonly #report: ReportInternal;
  readonly #turns = new FollowTurns();
  #active = 0;

  constructor(options: DownloadOptions, parts: DownloadParts) {
    this.#options = options;
    this.#parts = parts;
    this.#report = parts.reportInternal;
  }

  /** 正在发送的下载数; 停机时等它们发完 */
  get active(): number {
    return this.#active;
  }

  file(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const exchange = new Exchange(res, this.#parts.patrol);
    // req 在第一个 await 之后失效, 要用的先取出来
    const name = req.getParameter(0);
    const conditions: Conditions = {
      // HEAD 没有范围可言 (RFC 9110 第 14.2 节: 只对 GET 有定义)
      range: headOnly ? '' : req.getHeader('range'),
      ifMatch: req.getHeader('if-match'),
      ifNoneMatch: req.getHeader('if-none-match'),
      ifRange: req.getHeader('if-range'),
      forceDownload: req.getQuery('download') === '1',
      headOnly,
    };
    this.#serve(exchange, name, conditions).catch((error: unknown) =>
      exchange.fail(error, this.#report, { headOnly }),
    );
  }

  thumb(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const exchange = new Exchange(res, this.#parts.patrol);
    const fileId = req.getParameter(0);
    const conditions = {
      ifMatch: req.getHeader('if-match'),
      ifNoneMatch: req.getHeader('if-none-match'),
      headOnly,
    };
    this.#serveThumb(exchange, fileId, conditions).catch((error: unknown) =>
      exchange.fail(error, this.#report, { headOnly }),
    );
  }

  async #serve(exchange: Exchange, name: string, conditions: Conditions): Promise<void> {
    const target = await this.#target(exchange, name, conditions);
    requireMatch(conditions.ifMatch, target.etags);
    const [etag] = target.etags;
    const headers = { ...target.headers, ETag: etag };
    if (isFresh(conditions.ifNoneMatch, etag)) {
      respondNotModified(exchange, headers);
      return;
    }
    const plan = planRange(target, headers, conditions);
    if (plan === undefined) {
      respondUnsatisfiable(exchange, target.size);
      return;
    }
    if (conditions.headOnly || plan.length === 0) respondHead(exchange, plan);
    else await this.#occupy(() => this.#stream(exchange, target, plan));
  }

  async #stream(exchange: Exchange, target: Target, plan: DownloadPlan): Promise<void> {
    const blob = await target.open();
    if (blob === undefined) throw new AppError('not_found');
    await sendBlob(exchange, blob, plan);
  }

  // 读缓冲每个下载 512 KiB: 个数有界, 内存才有界。等上传的也占一个
  async #occupy(task: () => Promise<void>): Promise<void> {
    if (this.#active >= this.#options.maxActive) throw new AppError('server_busy');
    this.#active += 1;
    try {
      await task();
    } finally {
      this.#active -= 1;
    }
  }

  async #target(exchange: Exchange, name: string, conditions: Conditions): Promise<Target> {
    const fileId = FILE_NAME.exec(name)?.[1];
    if (fileId === undefined) throw new AppError('not_found');
    const offer = this.#parts.offers.find(fileId);
    if (offer === undefined) return this.#published(fileId, name, conditions);
    if (offer.path !== `/files/${name}`) throw new AppError('not_found');
    // HEAD 不等: 类型凭已有的
    if (!conditions.headOnly) await this.#occupy(() => this.#awaitHead(exchange, offer));
    if (offer.state === 'published') return this.#published(fileId, name, conditions);
    return {
      size: offer.size,
      headers: fileHeaders(
        { originalName: offer.originalName, ...(await offer.type()), unfinished: true },
        conditions.forceDownload,
      ),
      etags: [`"${fileId}"`],
      open: async () => this.#follow(offer),
    };
  }

  async #published(fileId: string, name: string, { forceDownload }: Conditions): Promise<Target> {
    const { blobs } = this.#parts;
    const record = await blobs.find(fileId);
    // 扩展名也要对得上: 一个文件只有一个地址
    if (record === undefined || record.path !== `/files/${name}`) throw new AppError('not_found');
    // 全文, 一段, HEAD, 条件请求都一样: 坏的不能当作好的
    await blobs.requireSound(record);
    return {
      size: record.size,
      headers: fileHeaders({ ...record, unfinished: false }, forceDownload),
      // 上传期间开始的下载只知道 id: 断了之后接着下也认
      etags: [`"${record.sha256}"`, `"${fileId}"`],
      open: () => blobs.open(fileId),
    };
  }

  #follow(offer: LiveOffer): FollowedBlob {
    const { blobs, now } = this.#parts;
    const timeoutMs = this.#options.followTimeoutMs;
    return new FollowedBlob(offer, { blobs, turns: this.#turns, now, timeoutMs });
  }

  // 等到认得出类型: 头一发出就改不了口
  async #awaitHead(exchange: Exchange, offer: LiveOffer): Promise<void> {
    const follower = this.#follow(offer);
    exchange.onAbort = () => follower.abandon();
    if (!exchange.over) await follower.reach(offer.headPosition);
  }

  async #serveThumb(
    exchange: Exchange,
    fileId: string,
    { ifMatch, ifNoneMatch, headOnly }: Pick<Conditions, 'ifMatch' | 'ifNoneMatch' | 'headOnly'>,
  ): Promise<void> {
    if (!FILE_NAME.test(fileId)) throw new AppError('not_found');
    const record = await this.#parts.blobs.find(fileId);
    if (record !== undefined) await this.#parts.blobs.requireSound(record);
    const etag = record === undefined ? '' : `"thumb-${record.sha256}"`;
    const headers = { ...SECURITY_HEADERS, 'Content-Type': 'image/webp', ETag: etag };
    if (record?.thumbPath !== undefined) requireMatch(ifMatch, [etag]);
    if (record?.thumbPath !== undefined && isFresh(ifNoneMatch, etag)) {
      respondNotModified(exchange, headers);
      return;
    }
    const bytes = await this.#parts.blobs.thumbnail(fileId);
    if (bytes === undefined) throw new AppError('not_found');
    exchange.answer(200, headers, bytes, headOnly);
  }
}

function respondHead(exchange: Exchange, plan: DownloadPlan): void {
  if (exchange.over) return;
  exchange.finish();
  exchange.res.cork(() => {
    writeHead(exchange.res, plan.status, plan.headers);
    endHead(exchange.res, plan.length);
  });
}

function respondNotModified(exchange: Exchange, headers: Readonly<Record<string, string>>): void {
  if (exchange.over) return;
  exchange.finish();
  sendNotModified(exchange.res, headers);
}

function respondUnsatisfiable(exchange: Exchange, size: number): void {
  if (exchange.over) return;
  exchange.finish();
  exchange.res.cork(() => {
    // 不带文件的那套头: 那里的 immutable 会让缓存把这个错误留一年
    writeHead(exchange.res, 416, { 'Content-Range': `bytes */${size}`, 'Cache-Control': 'no-store' });
    endHead(exchange.res, 0);
  });
}
