// 一份还在上传就可以下载的文件: 写到了哪里, 谁在等后面的字节
//   growing --发布并广播--> published
//      \--取消, 失败, 停放--> withdrawn
import { AppError } from '../protocol/errors.js';
import type { OfferedFile, UploaderState } from '../protocol/messages.js';
import type { Held } from '../quota/ports.js';
import { publishedPath } from './naming.js';
import { HEAD_BYTES } from './policy.js';
import type { IdentifiedType, Transfer } from './transfer.js';

export type OfferState = 'growing' | 'published' | 'withdrawn';

/** 在等 position 处字节的读者 */
export interface Waiter {
  readonly position: number;
  /** 等到了, 或结局已定: 再问一次 offer */
  wake(): void;
}

export class LiveOffer {
  readonly path: string;
  readonly size: number;
  /** 上传者的地址的一份; 由 Offers 归还 */
  readonly held: Held;
  /** 最近一次有字节落盘 (或续传) 的时刻, 单调毫秒 */
  progressedAtMs: number;
  /** 最近一次告诉外界的时刻与字节数 */
  announcedAtMs = Number.NEGATIVE_INFINITY;
  announcedBytes = -1;
  /** 上传者此刻怎样; 由 Offers 改, 一变就告诉外界 */
  uploader: UploaderState = 'sending';
  /** 上次变的时刻, 单调毫秒 */
  turnedAtMs = 0;
  readonly #transfer: Transfer;
  readonly #waiters = new Set<Waiter>();
  #state: OfferState = 'growing';
  #wokenBytes = 0;

  constructor(transfer: Transfer, size: number, nowMs: number, held: Held) {
    this.held = held;
    const { fileId, originalName } = transfer.description;
    this.#transfer = transfer;
    this.size = size;
    this.path = publishedPath(fileId, originalName);
    this.progressedAtMs = nowMs;
  }

  get state(): OfferState {
    return this.#state;
  }

  get fileId(): string {
    return this.#transfer.description.fileId;
  }

  get uploadId(): string {
    return this.#transfer.upload.uploadId;
  }

  get originalName(): string {
    return this.#transfer.description.originalName;
  }

  /** 已落盘的字节数 */
  get written(): number {
    return this.#transfer.upload.written;
  }

  /** 全部字节都经过部分文件; 秒传发布的不是: 送出过的开头未必属于这份内容 */
  get whole(): boolean {
    return this.written === this.size;
  }

  /** 有人在等 */
  get awaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** 上次唤醒之后新落盘的字节数 */
  get unseenBytes(): number {
    return this.written - this.#wokenBytes;
  }

  /** 此刻告诉客户端的样子 */
  describe(): OfferedFile {
    const { name, from, originalName } = this.#transfer.description;
    const sender = from === undefined ? { name } : { name, from };
    const { fileId: id, path, size, written: received, uploader: state } = this;
    return { id, ...sender, originalName, path, size, received, state };
  }

  /** 内容 > 扩展名 > 声明, 凭已收到的开头。错误: file_type_forbidden */
  type(): Promise<IdentifiedType> {
    return this.#transfer.identify();
  }

  /** 到这个位置可读时, 类型就认得出了; 比样本还小的文件等它发布 */
  get headPosition(): number {
    return Math.max(0, Math.min(HEAD_BYTES, this.size) - 1);
  }

  /** position 处的字节能否送出。最后一个字节等到发布: 拿满 Content-Length 的人手里一定是好的。错误: not_found (已作废) */
  has(position: number): boolean {
    if (this.#state === 'withdrawn') throw new AppError('not_found', { detail: '上传已中止' });
    return this.#state === 'published' || position < this.readableBytes;
  }

  get readableBytes(): number {
    return Math.min(this.written, this.size - 1);
  }

  /** 等到 has(waiter.position) 时唤醒一次; leave 之前一直算它在等 */
  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** 唤醒等到了的 */
  wake(): void {
    this.#wokenBytes = this.written;
    const settled = this.#state !== 'growing';
    for (const waiter of [...this.#waiters]) {
      if (settled || waiter.position < this.readableBytes) waiter.wake();
    }
  }

  /** growing -> 结局; 唤醒所有在等的 */
  settle(outcome: 'published' | 'withdrawn'): void {
    if (this.#state !== 'growing') return;
    this.#state = outcome;
    this.wake();
  }
}
