// 全体上传共享的窗口预算: 收下而未落盘的字节总量因此有界
import { AppError } from '../protocol/errors.js';

export interface WindowBudgetOptions {
  readonly totalBytes: number;
  /** 单个上传最多得到的窗口 (字节) */
  readonly windowBytes: number;
  /** 至少给一个分片: 更小就动不了 */
  readonly minBytes: number;
  /** 同时持有窗口的上传数; 须有 maxGrants * minBytes <= totalBytes */
  readonly maxGrants: number;
}

export class WindowBudget {
  readonly #options: WindowBudgetOptions;
  #grants = 0;
  #usedBytes = 0;

  constructor(options: WindowBudgetOptions) {
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** 领一个窗口 (字节), 用 giveBack 归还; 余量少时给得小一些, 让后来者也有份。错误: server_busy */
  grant(): number {
    const { totalBytes, windowBytes, minBytes, maxGrants } = this.#options;
    // 给还没来的名额各留一个最小窗口: 不然前几十个就把预算分光, 名额再多也用不上
    const reserved = minBytes * Math.max(0, maxGrants - this.#grants - 1);
    const spare = totalBytes - this.#usedBytes - reserved;
    const share = Math.max(minBytes, Math.min(windowBytes, Math.floor(spare / 8)));
    this.take(share);
    this.#grants += 1;
    return share;
  }

  giveBack(grantBytes: number): void {
    this.#grants -= 1;
    this.release(grantBytes);
  }

  /** 占用确切的字节数 (单帧文件), 用 release 归还。错误: server_busy */
  take(bytes: number): void {
    const { totalBytes: limit } = this.#options;
    if (this.#usedBytes + bytes > limit) {
      throw new AppError('server_busy', { facts: { setting: 'uploads.windowBudgetBytes', limit } });
    }
    this.#usedBytes += bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
