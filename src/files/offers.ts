// 边传边下的登记处: 内存里大小已知的上传, 各有一份可以跟着读的文件; 管唤醒读者与告诉外界的节奏
import type { UploaderState } from '../protocol/messages.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';
import { LiveOffer } from './live-offer.js';
import type { OfferEvents } from './ports.js';
import type { Transfer } from './transfer.js';

export interface OffersOptions {
  readonly enabled: boolean;
  readonly events: OfferEvents;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

// 进展每秒至多说一次 (契约)
const ANNOUNCE_MS = 1000;
// 定时器可能早到一点: 差这么多也算满了一秒, 否则会隔一拍才说
const TICK_SLACK_MS = 20;
// 连着却这么久没有字节落盘: 网络断了而还不知道, 或对方的电脑睡了
const SILENT_MS = 10_000;
// 说了暂停之后, 路上的分片至多晚这么久到; 再晚的就是真的又在传
const LATE_MS = 5000;
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

  /** 上传进了内存, 或被续传接管: 大小已知的就告诉外界; 他的地址已有太多份的不说, 照常传。可重复调用 */
  open(transfer: Transfer, visitor: Visitor): void {
    const { size } = transfer.upload;
    const { fileId } = transfer.description;
    if (!this.#options.enabled || size === undefined) return;
    const nowMs = this.#options.now();
    const offer = this.#open.get(fileId) ?? this.#create(transfer, size, visitor);
    if (offer === undefined) return;
    offer.progressedAtMs = nowMs;
    offer.uploader = 'sending';
    this.#announce(offer, nowMs);
    // 停机时卡住的上传不该因它留住进程
    this.#ticker ??= setInterval(() => this.#tick(), ANNOUNCE_MS).unref();
  }

  #create(transfer: Transfer, size: number, visitor: Visitor): LiveOffer | undefined {
    const { quota, now } = this.#options;
    if (!quota.fits(visitor, 'offers')) return undefined;
    return new LiveOffer(transfer, size, now(), quota.hold(visitor, 'offers'));
  }

  /** 上传者说他暂停了; 到续传 (open) 为止 */
  pause(fileId: string): void {
    this.#turn(this.#open.get(fileId), 'paused');
  }

  /** 上传者的连接没有了; 自己说过暂停的仍是暂停 */
  leave(fileId: string): void {
    const offer = this.#open.get(fileId);
    if (offer?.uploader === 'sending') this.#turn(offer, 'waiting');
  }

  /** 又收下一个分片: 没有动静的又动了; 暂停的, 过了路上的分片该到的时候才算 */
  receiving(fileId: string): void {
    const offer = this.#open.get(fileId);
    if (offer === undefined || offer.uploader === 'sending') return;
    const isLate = offer.uploader === 'paused' && this.#options.now() - offer.turnedAtMs < LATE_MS;
    if (!isLate) this.#turn(offer, 'sending');
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
    offer.held.release();
    this.#options.events.closed(fileId, outcome);
  }

  // 立即说, 不等下一拍; 次数由消息的配额与连接的建立限着
  #turn(offer: LiveOffer | undefined, state: UploaderState): void {
    if (offer === undefined || offer.uploader === state) return;
    offer.uploader = state;
    offer.turnedAtMs = this.#options.now();
    this.#announce(offer, offer.turnedAtMs);
  }

  #tick(): void {
    const nowMs = this.#options.now();
    const silent = [...this.#open.values()].filter((offer) => isSilent(offer, nowMs));
    for (const offer of silent.slice(0, MAX_UPDATES_PER_TICK)) this.#turn(offer, 'waiting');
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

// 全部到了的不算: 那是服务器自己在校验
function isSilent({ uploader, whole, progressedAtMs }: LiveOffer, nowMs: number): boolean {
  return uploader === 'sending' && !whole && nowMs - progressedAtMs >= SILENT_MS;
}
