// GET 与 HEAD /files/UUID.ext, GET /files/UUID/thumb: 条件请求, 单段 Range, 安全头

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { FollowPlaces } from '../files/follow-places.js';
import { FollowTurns } from '../files/follow-turns.js';
import { FollowedBlob } from '../files/followed-blob.js';
import type { LiveOffer } from '../files/live-offer.js';
import type { Offers } from '../files/offers.js';
import type { BlobReader } from '../files/ports.js';
import { AppError } from '../protocol/errors.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';
import { sendBlob } from './download.js';
import { type Conditions, type DownloadPlan, planRange, type Target } from './download-plan.js';
import { DownloadSlots } from './download-slots.js';
import { type DownloadSource, FollowedSource, StoredSource } from './download-source.js';
import { fileHeaders, SECURITY_HEADERS } from './file-headers.js';
import { Exchange, endHead, type ReportInternal, sendNotModified, writeHead } from './http.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { isFresh, requireMatch } from './preconditions.js';

const FILES = '/files/';
const FILE_NAME = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\.[a-z0-9]{1,16})?$/;

// 打开旧链接的人看得懂
const GONE = '文件删掉了, 或过了保留期';

export interface DownloadOptions {
  readonly maxActive: number;
  /** 跟着上传读的人, 总共与每份文件 */
  readonly maxFollowers: number;
  readonly followersPerOffer: number;
  /** 上传停了这么久, 跟着它的下载就断开 (毫秒) */
  readonly followTimeoutMs: number;
}

export interface DownloadParts {
  readonly blobs: BlobReader;
  readonly offers: Offers;
  readonly patrol: Patrol;
  readonly peers: Peers;
  readonly quota: AddressQuota;
  readonly reportInternal: ReportInternal;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class DownloadRoute {
  readonly #options: DownloadOptions;
  readonly #parts: DownloadParts;
  readonly #report: ReportInternal;
  readonly #turns = new FollowTurns();
  readonly #slots: DownloadSlots;
  readonly #places: FollowPlaces;

  constructor(options: DownloadOptions, parts: DownloadParts) {
    this.#options = options;
    this.#parts = parts;
    this.#report = parts.reportInternal;
    this.#slots = new DownloadSlots(options.maxActive, parts.quota);
    this.#places = new FollowPlaces(options, parts.quota);
  }

  /** 正在发送, 或跟着上传在等的下载数; 停机时等它们发完 (读着的跟读者两边都算: 只问有没有) */
  get active(): number {
    return this.#slots.active + this.#places.count;
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
    const visitor = this.#parts.peers.of(res, req);
    this.#serve(exchange, name, conditions, visitor).catch((error: unknown) =>
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
    const visitor = this.#parts.peers.of(res, req);
    this.#serveThumb(exchange, fileId, conditions, visitor).catch((error: unknown) =>
      exchange.fail(error, this.#report, { headOnly }),
    );
  }

  async #serve(exchange: Exchange, name: string, conditions: Conditions, visitor: Visitor): Promise<void> {
    const fileId = FILE_NAME.exec(name)?.[1];
    if (fileId === undefined) throw new AppError('not_found');
    const offer = this.#parts.offers.find(fileId);
    if (offer === undefined) {
      const target = await this.#published(fileId, name, conditions);
      await this.#answer(exchange, target, conditions, () => this.#store(fileId, visitor));
      return;
    }
    if (offer.path !== FILES + name) throw new AppError('not_found');
    if (conditions.headOnly) await this.#answer(exchange, await this.#offered(offer, conditions), conditions);
    else await this.#serveGrowing(exchange, offer, conditions, visitor);
  }

  // 一个位子, 从等类型认得出起占到发完
  async #serveGrowing(
    exchange: Exchange,
    offer: LiveOffer,
    conditions: Conditions,
    visitor: Visitor,
  ): Promise<void> {
    const place = this.#places.enter(visitor, offer.fileId);
    const { blobs, now } = this.#parts;
    const timeoutMs = this.#options.followTimeoutMs;
    const follower = new FollowedBlob(offer, { blobs, turns: this.#turns, now, timeoutMs });
    try {
      exchange.onAbort = () => follower.abandon();
      // 头一发出就改不了口
      if (exchange.over || !(await follower.reach(offer.headPosition))) return;
      const target = await this.#offered(offer, conditions);
      await this.#answer(exchange, target, conditions, async () => {
        return new FollowedSource(follower, this.#slots, visitor);
      });
    } finally {
      place.release();
      await follower.close();
    }
  }

  // open 只在有体可发时调用; HEAD 没有
  async #answer(
    exchange: Exchange,
    target: Target,
    conditions: Conditions,
    open?: () => Promise<DownloadSource>,
  ): Promise<void> {
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
    if (conditions.headOnly || open === undefined || plan.length === 0) respondHead(exchange, plan);
    else await sendBlob(exchange, await open(), plan);
  }

  // 先占名额再打开: 句柄也因此有界。错误: server_busy, not_found
  async #store(fileId: string, visitor: Visitor): Promise<DownloadSource> {
    const slot = this.#slots.take(visitor);
    try {
      const blob = await this.#parts.blobs.open(fileId);
      if (blob === undefined) throw new AppError('not_found', { detail: GONE });
      return new StoredSource(blob, slot);
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  // 等到了类型的, 或 HEAD: 不等, 类型凭已有的
  async #offered(offer: LiveOffer, conditions: Conditions): Promise<Target> {
    const { fileId, originalName, size } = offer;
    if (offer.state === 'published')
      return this.#published(fileId, offer.path.slice(FILES.length), conditions);
    const named = { originalName, ...(await offer.type()), unfinished: true };
    return { size, headers: fileHeaders(named, conditions.forceDownload), etags: [`"${fileId}"`] };
  }

  async #published(fileId: string, name: string, { forceDownload }: Conditions): Promise<Target> {
    const { blobs } = this.#parts;
    const record = await blobs.find(fileId);
    // 扩展名也要对得上: 一个文件只有一个地址
    if (record === undefined || record.path !== FILES + name)
      throw new AppError('not_found', { detail: GONE });
    // 全文, 一段, HEAD, 条件请求都一样: 坏的不能当作好的
    await blobs.requireSound(record);
    return {
      size: record.size,
      headers: fileHeaders({ ...record, unfinished: false }, forceDownload),
      // 上传期间开始的下载只知道 id: 断了之后接着下也认
      etags: [`"${record.sha256}"`, `"${fileId}"`],
    };
  }

  async #serveThumb(
    exchange: Exchange,
    fileId: string,
    { ifMatch, ifNoneMatch, headOnly }: Pick<Conditions, 'ifMatch' | 'ifNoneMatch' | 'headOnly'>,
    visitor: Visitor,
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
    const bytes = await this.#parts.blobs.thumbnail(fileId, { sessionKey: '', visitor });
    if (bytes === undefined) throw new AppError('not_found', { detail: GONE });
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
