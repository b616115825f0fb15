// 全体上传共享的窗口预算: 收下而未落盘的字节总量因此有界
import { AppError } from '../protocol/errors.js';

export class WindowBudget {
  readonly #totalBytes: number;
  readonly #windowBytes: number;
  readonly #minBytes: number;
  #usedBytes = 0;

  /** total: 总预算; window: 单个上传最多得到; min: 至少给一个分片, 否则不如请客户端稍后再来 */
  constructor(totalBytes: number, windowBytes: number, minBytes: number) {
    this.#totalBytes = totalBytes;
    this.#windowBytes = windowBytes;
    this.#minBytes = minBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** 领一个窗口 (字节); 余量少时给得小一些, 让后来者也有份。错误: server_busy */
  grant(): number {
    const left = this.#totalBytes - this.#usedBytes;
    const share = Math.max(this.#minBytes, Math.min(this.#windowBytes, Math.floor(left / 8)));
    this.take(share);
    return share;
  }

  /** 占用确切的字节数 (单帧文件)。错误: server_busy */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#totalBytes) throw new AppError('server_busy');
    this.#usedBytes += bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
