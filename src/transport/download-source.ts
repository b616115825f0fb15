// 一次下载的来源: 读字节, 也管着它的名额
//   已发布的: 名额从头占到尾;  跟着上传的: 有可读的才占, 等的时候还回去
import type { FollowedBlob } from '../files/followed-blob.js';
import type { OpenBlob } from '../files/ports.js';
import type { Held, Visitor } from '../quota/ports.js';
import type { DownloadSlots } from './download-slots.js';

export interface DownloadSource extends OpenBlob {
  /** 名额在手, position 处也读得到 */
  isReady(position: number): boolean;
  /** 等到 isReady; 等的时候不占名额, 调用方也不该占着缓冲。对方走了 (abandon) 则 false。错误同 read */
  prepare(position: number): Promise<boolean>;
}

/** slot 随 close 归还 */
export class StoredSource implements DownloadSource {
  readonly #blob: OpenBlob;
  readonly #slot: Held;

  constructor(blob: OpenBlob, slot: Held) {
    this.#blob = blob;
    this.#slot = slot;
  }

  isReady(): boolean {
    return true;
  }

  prepare(): Promise<boolean> {
    return Promise.resolve(true);
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#blob.read(target, position);
  }

  abandon(): void {
    this.#blob.abandon();
  }

  async close(): Promise<void> {
    this.#slot.release();
    await this.#blob.close();
  }
}

export class FollowedSource implements DownloadSource {
  readonly #follower: FollowedBlob;
  readonly #slots: DownloadSlots;
  readonly #visitor: Visitor;
  readonly #gone = new AbortController();
  #slot: Held | undefined;

  constructor(follower: FollowedBlob, slots: DownloadSlots, visitor: Visitor) {
    this.#follower = follower;
    this.#slots = slots;
    this.#visitor = visitor;
  }

  isReady(position: number): boolean {
    return this.#slot !== undefined && this.#follower.isReady(position);
  }

  async prepare(position: number): Promise<boolean> {
    if (!this.#follower.isReady(position)) {
      this.#leave();
      if (!(await this.#follower.reach(position))) return false;
    }
    this.#slot ??= await this.#slots.wait(this.#visitor, this.#gone.signal);
    return this.#slot !== undefined;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#follower.read(target, position);
  }

  abandon(): void {
    this.#gone.abort();
    this.#follower.abandon();
  }

  async close(): Promise<void> {
    this.abandon();
    this.#leave();
    await this.#follower.close();
  }

  #leave(): void {
    this.#slot?.release();
    this.#slot = undefined;
  }
}
