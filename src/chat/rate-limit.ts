// 令牌桶: 平均每秒 rate 条, 允许短时突发; 不用定时器, 也不存令牌数: 记下桶何时又满, 就知道还剩几个
// 突发取两秒的量 (毫秒): 粘贴几行或一次拖入多个文件不该被拒
const BURST_MS = 2000;
// 时刻是浮点数: 加了几十次间隔的误差不能吞掉最后一个令牌
const ROUNDING_MS = 0.001;

/** 桶里的令牌: 平均每秒 rate 条时一口气至多这么多条; 0 = 不限 */
export function burstOf(rate: number): number {
  return (rate * BURST_MS) / 1000;
}

export class RateLimit {
  /** 一个令牌补回来要多久 (毫秒); 0 = 不限 */
  readonly intervalMs: number;
  /** 桶再满的时刻; 已经过去的, 桶就是满的 */
  #fullAtMs = 0;

  /** rate 为每秒条数; 0 表示不限 (压测用) */
  constructor(rate: number) {
    this.intervalMs = rate === 0 ? 0 : 1000 / rate;
  }

  get perSecond(): number {
    return this.intervalMs === 0 ? 0 : Math.round(1000 / this.intervalMs);
  }

  /** 取一个令牌; 没有时返回 false。nowMs 须是单调时钟 (毫秒) */
  take(nowMs: number): boolean {
    const refilledAtMs = Math.max(this.#fullAtMs, nowMs) + this.intervalMs;
    if (refilledAtMs - nowMs > BURST_MS + ROUNDING_MS) return false;
    this.#fullAtMs = refilledAtMs;
    return true;
  }
}
