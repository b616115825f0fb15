// 分片上传的登记处: 写入, 结束, 取消; 每个上传一把锁。开始与续传在 arrivals.ts, 停放与删净在 departures.ts
import { errorMessage } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import type {
  FileCancelMessage,
  FileChunkMessage,
  FileEndMessage,
  FileHashMessage,
  FilePauseMessage,
  FileProofMessage,
  FileRecord,
  FileResumeMessage,
  FileStartMessage,
} from '../protocol/messages.js';
import type { AddressQuota } from '../quota/ports.js';
import { Arrivals } from './arrivals.js';
import { ChunkDecoder } from './chunk-decoder.js';
import { Departures } from './departures.js';
import { FinishedUploads } from './finished-uploads.js';
import type { InstantSend } from './instant-send.js';
import type { Intake } from './intake.js';
import { KeyedLock } from './keyed-lock.js';
import { type Live, LiveUploads } from './live-uploads.js';
import type { Offers } from './offers.js';
import { Partials } from './partials.js';
import type { Announced, FilesLog, UploadJournal, UploadOwner } from './ports.js';
import type { Transfer } from './transfer.js';
import { isPassing, isSurvivable } from './upload.js';

export interface UploadsOptions {
  /** 建议的分片大小 (字节), 随 file_ready 告知 */
  readonly chunkBytes: number;
  readonly maxActive: number;
  readonly perSession: number;
  /** 磁盘上可续传的上传总数 */
  readonly maxPartials: number;
  /** 脱离或无动静多久之后可停放到磁盘 (毫秒) */
  readonly idleTimeoutMs: number;
  readonly partialTtlMs: number;
}

export interface UploadsParts {
  readonly intake: Intake;
  readonly instant: InstantSend;
  readonly journal: UploadJournal;
  readonly offers: Offers;
  readonly log: FilesLog;
  readonly quota: AddressQuota;
  /** 磁盘引起的业务错误: 记进日志, 不逐次记 */
  readonly report: (error: AppError) => void;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class Uploads {
  readonly #parts: UploadsParts;
  readonly #lock = new KeyedLock();
  readonly #live: LiveUploads;
  readonly #finished = new FinishedUploads();
  readonly #decoder: ChunkDecoder;
  readonly #partials: Partials;
  readonly #departures: Departures;
  readonly #arrivals: Arrivals;

  constructor(options: UploadsOptions, parts: UploadsParts) {
    this.#parts = parts;
    this.#decoder = new ChunkDecoder(parts.intake.pool);
    this.#live = new LiveUploads(options, { ...parts, budget: parts.intake.budget });
    const { maxPartials, partialTtlMs, chunkBytes } = options;
    this.#partials = new Partials(
      { maxPartials, ttlMs: partialTtlMs },
      { ...parts, lock: this.#lock, isLive: (uploadId) => this.#live.has(uploadId) },
    );
    const shared = { live: this.#live, lock: this.#lock, partials: this.#partials };
    const { offers, log, report } = parts;
    this.#departures = new Departures({ ...shared, offers, log, report });
    this.#arrivals = new Arrivals(chunkBytes, {
      ...parts,
      ...shared,
      departures: this.#departures,
      finished: this.#finished,
      progress: (live) => this.#acknowledge(live),
      failed: (live, error) => this.#failed(live, error),
    });
  }

  /** 给出 uploadId。错误: file_name_invalid, file_type_forbidden, file_too_large, storage_full, server_busy */
  start(owner: UploadOwner, name: string, message: FileStartMessage): Promise<string> {
    return this.#arrivals.start(owner, name, message);
  }

  /** 凭 resumeToken 接管; 之前的连接从此得到 upload_unknown。错误: upload_unknown, server_busy */
  resume(owner: UploadOwner, message: FileResumeMessage): Promise<void> {
    return this.#arrivals.resume(owner, message);
  }

  /** 同步收下一个分片。可恢复的错误直接抛出; 致命的先清理干净, 再从返回的 Promise 拒绝 */
  chunk(owner: UploadOwner, message: FileChunkMessage): Promise<void> | undefined {
    const live = this.#owned(owner, message.uploadId);
    const { transfer } = live;
    const { state } = transfer.upload;
    // 已中止而还在清理, 或秒传已答对: 结果马上送到, 路上的分片不能抢在它前面各报一次 upload_unknown
    if (state === 'aborted' || state === 'adopting') return undefined;
    try {
      this.#accept(transfer, message);
      live.lastActiveMs = this.#parts.now();
      this.#parts.offers.receiving(live.entry.fileId);
      return undefined;
    } catch (error) {
      if (isSurvivable(error)) throw error;
      return this.#departures.abandon(live).then(() => {
        throw error;
      });
    }
  }

  /** 错误: size_mismatch (还缺字节, 上传仍在), checksum_mismatch, file_type_forbidden, upload_unknown */
  async end(owner: UploadOwner, message: FileEndMessage): Promise<void> {
    const { uploadId } = message;
    if (this.#finished.resend(owner, uploadId)) return;
    const live = this.#owned(owner, uploadId);
    // 重复的 file_end: 校验已在进行; 已中止的: 原因马上送到。结果都会照常送达
    if (live.transfer.upload.state !== 'receiving') return;
    live.transfer.upload.beginVerifying();
    const expected = [live.entry.sha256, message.sha256];
    await this.#lock.run(uploadId, () =>
      this.#finish(live, () => live.transfer.publishReceived(expected, owner)),
    );
  }

  /**
   * 只告诉别人: 字节, 名额与期限都不变。同一会话的任何连接都可以说: 暂停的那一刻, 传输连接多半正在断开。
   * 没有这个上传 (刚传完, 已停放) 不算错: 说的时候它还在
   */
  pause(owner: UploadOwner, { uploadId }: FilePauseMessage): void {
    const live = this.#live.get(uploadId);
    if (live?.slot.party.sessionKey === owner.sessionKey) this.#parts.offers.pause(live.entry.fileId);
  }

  async cancel(owner: UploadOwner, { uploadId }: FileCancelMessage): Promise<void> {
    const live = this.#owned(owner, uploadId);
    // 先改状态: 正在校验的上传到提交点会发现自己已被取消
    if (!live.transfer.upload.abort()) throw new AppError('upload_unknown');
    await this.#departures.abandon(live);
    owner.send({ type: 'file_cancelled', uploadId });
  }

  async identify(owner: UploadOwner, { uploadId, sha256 }: FileHashMessage): Promise<void> {
    await this.#parts.instant.identify(owner, this.#owned(owner, uploadId), sha256);
  }

  async prove(owner: UploadOwner, { uploadId, hashes }: FileProofMessage): Promise<void> {
    const { instant } = this.#parts;
    const live = this.#owned(owner, uploadId);
    const source = await instant.judge(live, hashes);
    // 核对期间可能被停放或接管
    if (this.#owned(owner, uploadId) !== live) throw new AppError('upload_unknown');
    // 抢先到了 file_end, 或已取消: 各自的结果照常送达
    if (!live.transfer.upload.beginAdopting()) return;
    await this.#lock.run(uploadId, () => this.#finish(live, () => instant.publish(live, source, owner)));
  }

  detach(owner: UploadOwner): void {
    for (const live of this.#live.values()) if (live.owner === owner) this.#arrivals.disown(live);
    this.#finished.forget(owner);
  }

  /** 启动对账; 须在接受连接之前 */
  recover(): Promise<void> {
    return this.#partials.recover();
  }

  /** 定时: 脱离已久的停放到磁盘 */
  async parkIdle(): Promise<void> {
    const isLeft = (live: Live): boolean => live.owner === undefined && this.#live.isIdle(live);
    for (const live of this.#live.values().filter(isLeft)) await this.#departures.park(live, isLeft);
  }

  /** 定时: 删除过了保留期的部分文件与记录 */
  sweep(): Promise<void> {
    return this.#partials.sweep();
  }

  /** 停机: 把每个上传写到可续传的位置 */
  async stop(): Promise<void> {
    this.#arrivals.stop();
    await Promise.all(this.#live.values().map((live) => this.#departures.park(live, () => true)));
  }

  // ---- 收取与完成 ----

  #owned(owner: UploadOwner, uploadId: string): Live {
    return this.#live.owned(owner, uploadId);
  }

  // 先解码才知道长度; 没有被收下的分片要把块还回去
  #accept(transfer: Transfer, message: FileChunkMessage): void {
    const chunk = this.#decoder.decode(message);
    try {
      transfer.upload.check(message.offset, chunk.bytes.byteLength);
      if (chunk.block === undefined) transfer.push(chunk.bytes);
      else transfer.adopt(chunk.bytes, chunk.block);
    } catch (error) {
      this.#decoder.giveBack(chunk);
      throw error;
    }
  }

  #acknowledge(live: Live): void {
    const { upload } = live.transfer;
    live.owner?.send({ type: 'file_ack', uploadId: upload.uploadId, offset: upload.written });
    this.#parts.offers.progress(live.entry.fileId);
  }

  // 写入失败来自后台: 没有调用者可抛, 清理之后直接告诉上传者
  #failed(live: Live, error: unknown): void {
    // 正在校验的由 verify 抛给 file_end 的发送者
    if (live.transfer.upload.state !== 'receiving') return;
    const { owner } = live;
    const { uploadId } = live.entry;
    const known =
      error instanceof AppError ? error : new AppError('internal', { facts: { errorId: uploadId } });
    if (known.cause !== undefined) this.#parts.report(known);
    else this.#parts.log.error({ uploadId, err: error }, '写入失败');
    const leave = isPassing(error)
      ? () => this.#departures.suspend(live)
      : () => this.#departures.abandon(live);
    void this.#departures
      .cleanUp(uploadId, leave)
      .then(() => owner?.send(errorMessage(known.withRef(uploadId))));
  }

  #announce(live: Live, record: FileRecord): Announced {
    try {
      const announced = this.#parts.intake.announce(record, { address: live.entry.address });
      // 须在离开内存之前: 否则会被当作作废
      this.#parts.offers.publish(record.id);
      return announced;
    } finally {
      // 播不出去 (日志满) 也离开内存: 记录留着, 续传时或下次启动时补播
      this.#departures.remove(live);
    }
  }

  // 须在锁内调用。publish 给出已发布的记录; 期间被取消则 undefined
  async #finish(live: Live, publish: () => Promise<FileRecord | undefined>): Promise<void> {
    try {
      const record = await publish();
      // 由 cancel 收尾
      if (record === undefined) return;
      const { entry: broadcast, durable } = this.#announce(live, record);
      // 先等消息持久: 告诉上传者完成之后, 断电也不能丢
      await durable;
      const entry = await this.#partials.settle(live.entry, broadcast);
      if (live.owner !== undefined) this.#finished.complete(live.owner, live.clientId, entry);
    } catch (error) {
      // 内容不合格, 或磁盘满: 删净。我们自己的故障 (例如校验线程死了, 磁盘只读) 不毁掉已收下的字节, 停放起来等续传
      const isOurs = !(error instanceof AppError) || isPassing(error);
      const keep = isOurs && live.transfer.upload.state !== 'aborted';
      if (!keep) await this.#departures.clear(live);
      else await this.#departures.parkNow(live);
      throw error;
    }
  }
}
