// 跟着上传读: 有就读, 没有就等写入方唤醒; 发布之后换到最后的文件上
import { AppError } from '../protocol/errors.js';
import type { FollowTurns } from './follow-turns.js';
import type { LiveOffer, Waiter } from './live-offer.js';
import type { BlobReader, OpenBlob } from './ports.js';

// 上传者开始之后这么久还没有第一个字节, 跟读者就不再等 (毫秒)
const FIRST_BYTE_MS = 10_000;
// 停着的上传: 请跟读者过这么久再来 (毫秒)
const RETRY_MS = 10_000;

export interface FollowOptions {
  readonly blobs: BlobReader;
  readonly turns: FollowTurns;
  /** 上传停了这么久就不再等 (毫秒) */
  readonly timeoutMs: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class FollowedBlob implements OpenBlob, Waiter {
  readonly #offer: LiveOffer;
  readonly #options: FollowOptions;
  /** 部分文件的句柄 */
  #partial: OpenBlob | undefined;
  /** 最后的文件的句柄 */
  #final: OpenBlob | undefined;
  #position = 0;
  #delivered = false;
  #abandoned = false;
  #wake: (() => void) | undefined;

  constructor(offer: LiveOffer, options: FollowOptions) {
    this.#offer = offer;
    this.#options = options;
  }

  get position(): number {
    return this.#position;
  }

  /** position 处此刻就读得到 (或结局已定), 不必等 */
  isReady(position: number): boolean {
    return this.#offer.state !== 'growing' || position < this.#offer.readableBytes;
  }

  /** 没有的字节等它到。错误: not_found (上传中止), server_busy (停了太久) */
  async read(target: Uint8Array, position: number): Promise<number> {
    for (;;) {
      if (!(await this.reach(position))) return 0;
      if (this.#offer.state === 'published') return this.#readFinal(target, position);
      this.#partial ??= await this.#options.blobs.openUnpublished(this.#offer.uploadId);
      // 打开之前它已改名或删除: 结局马上就定
      if (this.#partial === undefined) {
        if (this.#offer.state === 'growing') await this.#settled();
        continue;
      }
      const count = await this.#readPartial(this.#partial, target, position);
      if (count > 0) return count;
    }
  }

  /** 等 position 处可读; 读者已离开时兑现 false。错误同 read */
  async reach(position: number): Promise<boolean> {
    this.#position = position;
    while (!this.#abandoned && !this.#offer.has(position)) await this.#wait();
    return !this.#abandoned;
  }

  abandon(): void {
    this.#abandoned = true;
    this.#wake?.();
  }

  wake(): void {
    this.#wake?.();
  }

  /** 可重复调用 */
  async close(): Promise<void> {
    this.abandon();
    const handles = [this.#partial, this.#final];
    this.#partial = undefined;
    this.#final = undefined;
    await Promise.all(handles.map((handle) => handle?.close()));
  }

  async #readPartial(partial: OpenBlob, target: Uint8Array, position: number): Promise<number> {
    const { turns } = this.#options;
    await turns.take();
    try {
      // 等轮到的时候又多了一些
      const want = Math.min(target.byteLength, this.#offer.readableBytes - position);
      const count = await partial.read(target.subarray(0, want), position);
      this.#delivered ||= count > 0;
      return count;
    } finally {
      turns.giveBack();
    }
  }

  // 改名之后原来的句柄也还读得到, 但内容可能并入了相同的另一份: 按 id 再打开最可靠
  async #readFinal(target: Uint8Array, position: number): Promise<number> {
    // 秒传发布的内容与上传过的开头没有核对过: 送出过开头的不能接着送
    if (this.#delivered && !this.#offer.whole) throw new AppError('not_found', { detail: '内容已更换' });
    this.#final ??= await this.#openFinal();
    return this.#final.read(target, position);
  }

  async #openFinal(): Promise<OpenBlob> {
    const final = await this.#options.blobs.open(this.#offer.fileId);
    if (final === undefined) throw new AppError('not_found');
    // 一个读者一个句柄
    await this.#partial?.close();
    this.#partial = undefined;
    return final;
  }

  // 末尾之后的位置永远读不到, 只有结局能唤醒
  async #settled(): Promise<void> {
    this.#position = this.#offer.size;
    while (!this.#abandoned && this.#offer.state === 'growing') await this.#wait();
  }

  // 一个字节也没有传过的, 多半不会传了
  get #patienceMs(): number {
    const { timeoutMs } = this.#options;
    return this.#offer.written === 0 ? Math.min(FIRST_BYTE_MS, timeoutMs) : timeoutMs;
  }

  /** 等一次唤醒; 上传停了太久则拒绝 */
  async #wait(): Promise<void> {
    const { now } = this.#options;
    const offer = this.#offer;
    let timer: NodeJS.Timeout | undefined;
    offer.join(this);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        const arm = (delayMs: number): void => {
          timer = setTimeout(check, delayMs);
        };
        // 进展不重设定时器: 到点时才看是不是真的停了
        const check = (): void => {
          const leftMs = this.#patienceMs - (now() - offer.progressedAtMs);
          if (leftMs > 0) arm(leftMs);
          else reject(stopped());
        };
        // 新来的也等满这么久: 上传者可能正要续传
        arm(this.#patienceMs);
      });
    } finally {
      clearTimeout(timer);
      offer.leave(this);
      this.#wake = undefined;
    }
  }
}

function stopped(): AppError {
  return new AppError('server_busy', { detail: '上传停了太久', facts: { retryAfterMs: RETRY_MS } });
}
