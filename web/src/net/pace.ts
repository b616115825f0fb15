// 发消息的步子: 把服务器的令牌桶 (limits 的 messagesPerSecond 与 messagesBurst) 在这边先数一遍, 用得满又不被拒

/** welcome.limits 里与速率有关的; 从前的服务器没有 */
export interface Rate {
  readonly messagesPerSecond?: number;
  readonly messagesBurst?: number;
}

/** talk: 文字, 可以用到桶快空; files: 给文字, 历史与别的窗口留一些 */
export type PaceUse = 'talk' | 'files';

// 各留下桶的几分之一不用: 路上的抖动会把隔开的几条挤到一起
const KEPT: Readonly<Record<PaceUse, number>> = { talk: 1 / 8, files: 1 / 4 };
// 没有说速率的服务器: 文件每秒至多 10 帧 (缺省每秒 20 条), 文字照发, 被拒了等一秒
const UNKNOWN_GAP_MS = 100;
const UNKNOWN_PAUSE_MS = 1000;
// 被拒说明同一会话的别的窗口也在发: 减半, 此后每发一条多要一点, 至少要八分之一
const LEAST_SHARE = 1 / 8;
const SHARE_STEP = 0.02;

/** 一个页面一个; now: 单调时钟, 毫秒。不用定时器, 由发的一方等 */
export class Pace {
  readonly #now: () => number;
  #isKnown = false;
  /** 每条占多少毫秒; 0 = 不限 */
  #intervalMs = UNKNOWN_GAP_MS;
  /** 满的桶装多少毫秒 */
  #capacityMs = UNKNOWN_GAP_MS;
  /** 桶再满的时刻 */
  #fullAtMs = 0;
  /** 服务器给这个会话的, 自己用几成 */
  #share = 1;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** 每次 welcome; 数到一半的接着数, 会话没有换, 服务器的桶也没有 */
  learn({ messagesPerSecond, messagesBurst }: Rate): void {
    this.#isKnown = messagesPerSecond !== undefined && messagesBurst !== undefined;
    this.#intervalMs = this.#isKnown ? perMessage(messagesPerSecond ?? 0) : UNKNOWN_GAP_MS;
    this.#capacityMs = this.#isKnown ? (messagesBurst ?? 0) * this.#intervalMs : UNKNOWN_GAP_MS;
  }

  /** 还要等多久, 毫秒; 0 = 现在就发 count 条 */
  waitMs(use: PaceUse, count = 1): number {
    if (!this.#isKnown && use === 'talk') return 0;
    const wantedMs = count * this.#intervalMs;
    // 桶再小, 满的时候总可以发
    const room = Math.max(wantedMs, this.#capacityMs * (this.#isKnown ? 1 - KEPT[use] : 1));
    return Math.max(0, this.#debtMs + wantedMs - room);
  }

  /** 发出了几条 */
  spent(count = 1): void {
    this.#fullAtMs = this.#now() + this.#debtMs + (count * this.#intervalMs) / this.#share;
    this.#share = Math.min(1, this.#share + count * SHARE_STEP);
  }

  /** 得到了 rate_limited: 服务器的桶是空的。返回再过多久可以试, 毫秒 */
  refused(use: PaceUse): number {
    this.#share = Math.max(LEAST_SHARE, this.#share / 2);
    this.#fullAtMs = Math.max(this.#fullAtMs, this.#now() + this.#capacityMs);
    return this.#isKnown ? this.waitMs(use) : UNKNOWN_PAUSE_MS;
  }

  get #debtMs(): number {
    return Math.max(0, this.#fullAtMs - this.#now());
  }
}

function perMessage(perSecond: number): number {
  return perSecond === 0 ? 0 : 1000 / perSecond;
}
