// 一次上传的生命周期; 只管状态与偏移, 不碰磁盘
//   receiving ---收满---> verifying --校验通过--> done
//       \----秒传答对---> adopting ----发布----/
//   未完成的任何状态 --取消 / 出错--> aborted
import { AppError } from '../protocol/errors.js';

export type UploadState = 'receiving' | 'verifying' | 'adopting' | 'done' | 'aborted';

export interface UploadLimits {
  /** 单个文件的上限 (字节) */
  readonly fileBytes: number;
  /** 允许的未落盘字节数 */
  readonly windowBytes: number;
}

// 这些错误不终结上传: 客户端按应答里的 offset 重发即可
const SURVIVABLE: ReadonlySet<string> = new Set([
  'offset_mismatch',
  'window_exceeded',
  'base64_invalid',
  'frame_too_large',
  'invalid_field',
  // file_end 或取消之后还在路上的分片: 不能毁掉正在校验的上传
  'upload_unknown',
]);

/** 上传还在, 客户端改正之后可以接着传 */
export function isSurvivable(error: unknown): boolean {
  return error instanceof AppError && SURVIVABLE.has(error.code);
}

/** 磁盘一时的困难 (只读, 读写出错, 没有句柄): 收下的字节没有错, 停放起来等续传 */
export function isPassing(error: unknown): boolean {
  return error instanceof AppError && error.code === 'server_busy';
}

export class Upload {
  readonly uploadId: string;
  /** 声明的大小 (字节); undefined 表示长度未知的流 */
  readonly size: number | undefined;
  readonly #fileBytes: number;
  readonly #windowBytes: number;
  #state: UploadState = 'receiving';
  #received: number;
  #written: number;

  constructor(uploadId: string, size: number | undefined, offset: number, limits: UploadLimits) {
    this.uploadId = uploadId;
    this.size = size;
    this.#fileBytes = limits.fileBytes;
    this.#windowBytes = limits.windowBytes;
    this.#received = offset;
    this.#written = offset;
  }

  get state(): UploadState {
    return this.#state;
  }

  /** 下一个应到的偏移: 已收下的字节数, 含尚未落盘的 */
  get received(): number {
    return this.#received;
  }

  /** 已落盘的字节数, 即 file_ack 的 offset */
  get written(): number {
    return this.#written;
  }

  /** 收下但尚未落盘的字节数 */
  get pending(): number {
    return this.#received - this.#written;
  }

  /** 允许的未落盘字节数 */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /**
   * 检查一个分片能否收下; 不改变状态。
   * 错误: offset_mismatch 与 window_exceeded (上传仍在), file_too_large 与 size_mismatch (应中止)
   */
  check(offset: number, length: number): void {
    if (this.#state !== 'receiving') throw new AppError('upload_unknown');
    // 偏移不符: 客户端丢了应答或乱了次序, 告诉它从哪里继续
    if (offset !== this.#received)
      throw new AppError('offset_mismatch', { facts: { offset: this.#received } });
    this.checkLength(length);
    if (this.pending + length > this.#windowBytes) {
      throw new AppError('window_exceeded', { facts: { offset: this.#received, limit: this.#windowBytes } });
    }
  }

  /** 上限逐字节生效: 越过上限或声明大小的那个字节不会被收下 */
  checkLength(length: number): void {
    const end = this.#received + length;
    if (end > this.#fileBytes) throw new AppError('file_too_large', { facts: { limit: this.#fileBytes } });
    if (this.size !== undefined && end > this.size) {
      throw new AppError('size_mismatch', { detail: '数据多于声明的大小', facts: { size: this.size } });
    }
  }

  accept(length: number): void {
    this.#received += length;
  }

  wrote(length: number): void {
    this.#written += length;
  }

  /** receiving -> verifying。错误: size_mismatch (还缺字节, 上传仍在), upload_unknown */
  beginVerifying(): void {
    if (this.#state !== 'receiving') throw new AppError('upload_unknown');
    if (this.size !== undefined && this.#received !== this.size) {
      throw new AppError('size_mismatch', {
        detail: `还缺 ${this.size - this.#received} 字节`,
        facts: { offset: this.#received, size: this.size },
      });
    }
    this.#state = 'verifying';
  }

  /** receiving -> adopting: 不等收满, 内容取自已有的文件。不在接收 (已在校验, 已取消) 时返回 false */
  beginAdopting(): boolean {
    if (this.#state !== 'receiving') return false;
    this.#state = 'adopting';
    return true;
  }

  /** verifying 或 adopting -> done: 唯一的提交点; 已被取消时返回 false */
  complete(): boolean {
    if (this.#state !== 'verifying' && this.#state !== 'adopting') return false;
    this.#state = 'done';
    return true;
  }

  /** 任何未完成的状态 -> aborted; 已完成或已中止时返回 false */
  abort(): boolean {
    if (this.#state === 'done' || this.#state === 'aborted') return false;
    this.#state = 'aborted';
    return true;
  }
}
