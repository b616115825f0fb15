// 边传边下的登记处: 内存里大小已知的上传, 各有一份可以跟着读的文件; 管唤醒读者与告诉外界的节奏
import { LiveOffer } from './live-offer.js';
import type { OfferEvents } from './ports.js';
import type { Transfer } from './transfer.js';

export interface OffersOptions {
  readonly enabled: boolean;
  readonly events: OfferEvents;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

// 进展每秒至多说一次 (契约)
const ANNOUNCE_MS = 1000;
// 定时器可能早到一点: 差这么多也算满了一秒, 否则会隔一拍才说
const TICK_SLACK_MS = 20;
// 一拍至多说这么多份, 久没说的先说: 几百个上传乘以上万人的广播不能压垮服务器
const MAX_UPDATES_PER_TICK = 32;
// 攒够这么多才唤醒读者: 每次唤醒都与上传者争同一个事件循环
const WAKE_BYTES = 1024 * 1024;
// 攒不够时最多等这么久 (毫秒)
const WAKE_MS = 50;

export class Offers {
  readonly #options: OffersOptions;
  /** 份数不超过 uploads.maxActive; 次序是最近一次告诉外界的先后 */
  readonly #open = new Map<string, LiveOffer>();
  readonly #unseen = new Set<LiveOffer>();
  #ticker: NodeJS.Timeout | undefined;
  #waker: NodeJS.Timeout | undefined;

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  find(fileId: string): LiveOffer | undefined {
    return this.#open.get(fileId);
  }

  /** 上传进了内存, 或被续传接管: 大小已知的就告诉外界。可重复调用 */
  open(transfer: Transfer): void {
    const { size } = transfer.upload;
    const { fileId } = transfer.description;
    if (!this.#options.enabled || size === undefined) return;
    const nowMs = this.#options.now();
    const offer = this.#open.get(fileId) ?? new LiveOffer(transfer, size, nowMs);
    offer.progressedAtMs = nowMs;
    this.#announce(offer, nowMs);
    // 停机时卡住的上传不该因它留住进程
    this.#ticker ??= setInterval(() => this.#tick(), ANNOUNCE_MS).unref();
  }

  /** 又有字节落盘 */
  progress(fileId: string): void {
    const offer = this.#open.get(fileId);
    if (offer === undefined) return;
    offer.progressedAtMs = this.#options.now();
    if (!offer.awaited) return;
    if (offer.unseenBytes >= WAKE_BYTES) offer.wake();
    else this.#wakeSoon(offer);
  }

  /** 最后的 file 已广播: 读者得到最后一个字节 */
  publish(fileId: string): void {
    this.#close(fileId, 'published');
  }

  /** 上传离开了内存而没有发布: 读者被断开。已发布的不受影响 */
  withdraw(fileId: string): void {
    this.#close(fileId, 'withdrawn');
  }

  #close(fileId: string, outcome: 'published' | 'withdrawn'): void {
    const offer = this.#open.get(fileId);
    if (offer === undefined) return;
    this.#open.delete(fileId);
    this.#unseen.delete(offer);
    if (this.#open.size === 0) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    }
    offer.settle(outcome);
    this.#options.events.closed(fileId, outcome);
  }

  #tick(): void {
    const nowMs = this.#options.now();
    const due = [...this.#open.values()].filter(
      (offer) =>
        offer.written !== offer.announcedBytes && nowMs - offer.announcedAtMs >= ANNOUNCE_MS - TICK_SLACK_MS,
    );
    for (const offer of due.slice(0, MAX_UPDATES_PER_TICK)) this.#announce(offer, nowMs);
  }

  #announce(offer: LiveOffer, nowMs: number): void {
    // 移到末尾: 下一拍先轮到别人
    this.#open.delete(offer.fileId);
    this.#open.set(offer.fileId, offer);
    offer.announcedAtMs = nowMs;
    offer.announcedBytes = offer.written;
    this.#options.events.offered(offer.describe());
  }

  // 全部上传共用一个定时器
  #wakeSoon(offer: LiveOffer): void {
    this.#unseen.add(offer);
    this.#waker ??= setTimeout(() => {
      this.#waker = undefined;
      const offers = [...this.#unseen];
      this.#unseen.clear();
      for (const next of offers) next.wake();
    }, WAKE_MS);
  }
}
