// 每个未完成的上传在它的地址的当日份额里占着的: 停放在磁盘上的也占着, 直到发布, 取消或过期
import type { Reserved } from '../quota/daily-share.js';
import type { Visitor } from '../quota/ports.js';
import type { DailyFiles } from './ports.js';

export class UploadShares {
  readonly #daily: DailyFiles;
  /** 长度未知的先占这么多 (单个文件的上限) */
  readonly #unknownBytes: number;
  /** 不超过磁盘上未完成的上传 (uploads.maxPartials) */
  readonly #held = new Map<string, Reserved>();

  constructor(daily: DailyFiles, unknownBytes: number) {
    this.#daily = daily;
    this.#unknownBytes = unknownBytes;
  }

  /** 已占着的 (续传, 接管) 不再占。错误: rate_limited */
  begin(uploadId: string, visitor: Visitor, size: number | undefined): void {
    if (this.#held.has(uploadId)) return;
    this.#held.set(uploadId, this.#daily.reserve(visitor, size ?? this.#unknownBytes));
  }

  /** 发布了: 改记实际的大小 */
  settle(uploadId: string, bytes: number): void {
    this.#held.get(uploadId)?.settle(bytes);
    this.#held.delete(uploadId);
  }

  /** 没有发出来: 还回去 */
  drop(uploadId: string): void {
    this.#held.get(uploadId)?.release();
    this.#held.delete(uploadId);
  }
}
