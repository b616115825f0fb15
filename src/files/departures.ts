// 上传离开内存: 停放到磁盘 (可续传), 或中止并删净; 名额, 窗口与边传边下随之归还
//   live --停放--> 磁盘上可续传;  live --中止--> 删净
import { AppError } from '../protocol/errors.js';
import type { KeyedLock } from './keyed-lock.js';
import type { Live, LiveUploads } from './live-uploads.js';
import type { Offers } from './offers.js';
import type { Partials } from './partials.js';
import type { FilesLog } from './ports.js';

export interface DeparturesParts {
  readonly live: LiveUploads;
  /** 每个上传一把; 与开始, 续传, 结束共用 */
  readonly lock: KeyedLock;
  readonly partials: Partials;
  readonly offers: Offers;
  readonly log: FilesLog;
  /** 磁盘引起的业务错误: 记进日志, 不逐次记 */
  readonly report: (error: AppError) => void;
}

export class Departures {
  readonly #parts: DeparturesParts;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  /** 离开内存: 之后的分片得到 upload_unknown。已不在内存时返回 false */
  remove(live: Live): boolean {
    // 已发布的先关上了, 这里对它是空操作
    this.#parts.offers.withdraw(live.entry.fileId);
    return this.#parts.live.remove(live);
  }

  /** 停放; 轮到时再问一次 stillWanted: 排队期间它可能刚被续传。错误: 写不完时同 Transfer.park */
  async park(live: Live, stillWanted: (live: Live) => boolean): Promise<void> {
    await this.#parts.lock.run(live.entry.uploadId, async () => {
      if (live.transfer.upload.state !== 'receiving' || !stillWanted(live)) return;
      await this.parkNow(live);
    });
  }

  /** 不问就停放; 须在锁内。已不在内存的不动 */
  async parkNow(live: Live): Promise<void> {
    if (this.remove(live)) await this.#rest(live);
  }

  /** 马上离开内存, 再停放: 路上的分片不能再推给写不动的它; 续传排在停放之后 */
  async suspend(live: Live): Promise<void> {
    if (this.remove(live)) await this.#parts.lock.run(live.entry.uploadId, () => this.#rest(live));
  }

  // 写不完的也放下了: 磁盘上有多少算多少
  async #rest(live: Live): Promise<void> {
    try {
      await live.transfer.park();
    } finally {
      this.#parts.partials.rest(live.entry.uploadId);
    }
  }

  /** 中止并删净; 可重复调用 */
  async abandon(live: Live): Promise<void> {
    live.transfer.upload.abort();
    await this.#parts.lock.run(live.entry.uploadId, () => this.clear(live));
  }

  /** 删净; 须在锁内 */
  async clear(live: Live): Promise<void> {
    const { live: uploads, partials } = this.#parts;
    if (uploads.get(live.entry.uploadId) !== live) return;
    try {
      await live.transfer.abort();
      await partials.forget(live.entry.uploadId);
    } finally {
      // 最后才离开内存: 清理期间到的分片还认得出是它的, 见 Uploads.chunk
      this.remove(live);
    }
  }

  /** 收拾; 从不拒绝: 收拾时再出错也不能盖住真正的原因 */
  async cleanUp(uploadId: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (error instanceof AppError) this.#parts.report(error);
      else this.#parts.log.error({ uploadId, err: error }, '清理失败');
    }
  }
}
