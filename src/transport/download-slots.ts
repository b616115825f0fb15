// 下载的名额: 每个一块读缓冲 (512 KiB) 与一个句柄, 个数有界, 内存才有界; 每个地址至多占一份
// 跟着上传读的人只在有字节可读时占着, 没有空的就排队: 头已经发出, 不能再说忙
import { AppError } from '../protocol/errors.js';
import type { AddressQuota, Held, Visitor } from '../quota/ports.js';

/** 排着队的一个 */
interface Waiting {
  readonly visitor: Visitor;
  readonly admit: (slot: Held) => void;
}

const RETRY_MS = 1000;

export class DownloadSlots {
  readonly #maxActive: number;
  readonly #quota: AddressQuota;
  /** 先来的在前; 个数不超过跟读者 (downloads.maxFollowers) */
  readonly #queue = new Set<Waiting>();
  #active = 0;

  constructor(maxActive: number, quota: AddressQuota) {
    this.#maxActive = maxActive;
    this.#quota = quota;
  }

  get active(): number {
    return this.#active;
  }

  /** 错误: server_busy */
  take(visitor: Visitor): Held {
    if (this.#active >= this.#maxActive) {
      const facts = { setting: 'downloads.maxActive', limit: this.#maxActive, retryAfterMs: RETRY_MS };
      throw new AppError('server_busy', { facts });
    }
    const share = this.#quota.hold(visitor, 'downloads');
    this.#active += 1;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      share.release();
      this.#active -= 1;
      this.#admitWaiting();
    };
    return { release };
  }

  /** 排队等一个; signal 中止时不再等, 兑现 undefined */
  wait(visitor: Visitor, signal: AbortSignal): Promise<Held | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    // 有空的就不必排: 排着的都是自己的地址满了
    if (this.#fits(visitor)) return Promise.resolve(this.take(visitor));
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#queue.delete(waiting);
        resolve(undefined);
      };
      const admit = (slot: Held): void => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const waiting: Waiting = { visitor, admit };
      this.#queue.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #fits(visitor: Visitor): boolean {
    return this.#active < this.#maxActive && this.#quota.fits(visitor, 'downloads');
  }

  #admitWaiting(): void {
    for (const waiting of this.#queue) {
      if (this.#active >= this.#maxActive) return;
      if (!this.#fits(waiting.visitor)) continue;
      this.#queue.delete(waiting);
      waiting.admit(this.take(waiting.visitor));
    }
  }
}
