// 传输的巡查: 全体下载, 上传与没送完的应答共用一个时钟。
// uWS 的期限是固定的 10 秒 (platform.md 实测), 到期就切断; 各传输据此不停地重设它, 自己另数更长的期限

/** 被巡查的东西 */
export interface Patrolled {
  /** 每个 TICK_MS 一次, 从不在 uWS 的回调之中; nowMs 同 Patrol.now */
  patrol(nowMs: number): void;
}

export interface PatrolOptions {
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  /** 应答多久没有被收走一个字节就切断 (毫秒) */
  readonly stallTimeoutMs: number;
}

// 期限的精度 (毫秒)
const TICK_MS = 1000;
/** 隔多久重设一次 uWS 的期限 (毫秒): 它的钟每 4 秒走一格, 加上一拍的误差也赶得及 */
export const REARM_MS = 3000;

export class Patrol {
  readonly now: () => number;
  readonly stallTimeoutMs: number;
  /** 每条连接至多一项: 个数不超过打开的连接 */
  readonly #items = new Set<Patrolled>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ now, stallTimeoutMs }: PatrolOptions) {
    this.now = now;
    this.stallTimeoutMs = stallTimeoutMs;
  }

  /** 可重复调用 */
  watch(item: Patrolled): void {
    this.#items.add(item);
    // unref: 停机不等它
    this.#timer ??= setInterval(() => this.#once(), TICK_MS).unref();
  }

  /** 可重复调用 */
  forget(item: Patrolled): void {
    this.#items.delete(item);
  }

  // 巡查中会有项目离开 (被切断): Set 的遍历容得下。空了一拍才停: 快的下载一秒进出许多次
  #once(): void {
    const nowMs = this.now();
    for (const item of this.#items) item.patrol(nowMs);
    if (this.#items.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
