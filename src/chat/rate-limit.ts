// 令牌桶: 平均每秒 rate 条, 允许短时突发; 不用定时器, 取用时按经过的时间补充
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #lastMs: number;

  /** rate 为每秒条数; 0 表示不限 (压测用) */
  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    // 突发取两秒的量: 粘贴几行或一次拖入多个文件不该被拒
    this.#burst = rate * 2;
    this.#tokens = this.#burst;
    this.#lastMs = nowMs;
  }

  /** 取一个令牌; 没有时返回 false。nowMs 须是单调时钟 (毫秒) */
  take(nowMs: number): boolean {
    if (this.#rate === 0) return true;
    const refill = ((nowMs - this.#lastMs) / 1000) * this.#rate;
    this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    this.#lastMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
