// 令牌桶, 每个键一个: 记下桶何时又满, 就知道还剩几个 (GCRA, ATM Forum TM 4.0), 不用定时器
import type { Rate } from './limits.js';

// 记得住的键: 满着的桶不必记。一个键约 100 字节
const MAX_KEYS = 65_536;
// 满了一次忘到这么少: 每来一个新的都走一遍全部, 就成了攻击
const KEPT_KEYS = 49_152;
// 时刻是浮点数: 加了几十次间隔的误差不能吞掉最后一个令牌
const ROUNDING_MS = 0.001;

export class Buckets {
  readonly #rate: Rate;
  /** 桶再满的时刻 (单调毫秒) */
  readonly #fullAtMs = new Map<string, number>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  /** 还要等多久 (毫秒) 才取得到 amount 个, 0 = 现在就可以。一次要的比桶还大时, 满桶就给 */
  waitMs(key: string, amount: number, nowMs: number, shares = 1): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === 0) return 0;
    const tokenMs = 1000 / (perSecond * shares);
    const wanted = Math.min(amount, burst * shares);
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs);
    const lateMs = fullAtMs - nowMs + wanted * tokenMs - burst * shares * tokenMs;
    return lateMs <= ROUNDING_MS ? 0 : lateMs;
  }

  /** 取走 amount 个; 先问过 waitMs */
  take(key: string, amount: number, nowMs: number, shares = 1): void {
    const { perSecond } = this.#rate;
    if (perSecond === 0) return;
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs);
    // 重新插入: Map 的次序就是最近取过的次序
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs + (amount * 1000) / (perSecond * shares));
    if (this.#fullAtMs.size > MAX_KEYS) this.#forget(nowMs);
  }

  // 又满了的先忘; 没有可忘的就忘最久没来取的: 它的桶多半也快满了
  #forget(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    }
    for (const key of this.#fullAtMs.keys()) {
      if (this.#fullAtMs.size <= KEPT_KEYS) return;
      this.#fullAtMs.delete(key);
    }
  }
}
