// 存储空间的把守: 配额 (自己的用量) 与最低剩余 (整个磁盘); 开始时与写入中都检查
import { AppError } from '../protocol/errors.js';
import type { FreeBytes } from './ports.js';

export interface SpaceOptions {
  /** 0 表示不限 */
  readonly quotaBytes: number;
  readonly minFreeBytes: number;
}

// 剩余空间的读数最多用这么久 (毫秒); 两次读数之间用自己写入的量推算
const FREE_TTL_MS = 500;

export class Space {
  readonly #options: SpaceOptions;
  readonly #freeBytes: FreeBytes;
  readonly #now: () => number;
  #usedBytes: number;
  #freeEstimate = Number.POSITIVE_INFINITY;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: SpaceOptions, usedBytes: number, freeBytes: FreeBytes, now: () => number) {
    this.#options = options;
    this.#usedBytes = usedBytes;
    this.#freeBytes = freeBytes;
    this.#now = now;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * 上传开始时: 等一个新鲜的读数再判断。错误: storage_full
   * 边收边查的传函数: 等读数期间到达的字节已经 claim 过, 不能再算一遍
   */
  async check(bytes: number | (() => number)): Promise<void> {
    await this.#refresh();
    this.#require(typeof bytes === 'number' ? bytes : bytes());
  }

  /** 即将写入 bytes; 同步判断并记账。错误: storage_full */
  claim(bytes: number): void {
    // 读数过期就在后台更新一次; 这一次先按推算值判断, 不让写入等它
    if (this.#now() - this.#readAtMs > FREE_TTL_MS) void this.#refresh();
    this.#require(bytes);
    this.#usedBytes += bytes;
    this.#freeEstimate -= bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#freeEstimate += bytes;
  }

  #require(bytes: number): void {
    const { quotaBytes, minFreeBytes } = this.#options;
    if (quotaBytes > 0 && this.#usedBytes + bytes > quotaBytes) {
      throw new AppError('storage_full', {
        detail: '存储配额已满',
        facts: { setting: 'storage.quotaBytes', limit: quotaBytes },
      });
    }
    if (this.#freeEstimate - bytes < minFreeBytes) {
      throw new AppError('storage_full', {
        detail: '磁盘剩余空间低于下限',
        facts: { setting: 'storage.minFreeBytes', limit: minFreeBytes },
      });
    }
  }

  async #refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      this.#freeEstimate = await this.#freeBytes();
    } catch {
      // 有的文件系统报不出剩余空间: 不因此拒绝上传, 真写满时 ENOSPC 仍会挡住
      this.#freeEstimate = Number.POSITIVE_INFINITY;
    }
    this.#readAtMs = this.#now();
  }
}
