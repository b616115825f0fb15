// 完成的行过一会儿自己消失; 只有一个定时器, 总是对准最早的一项
import type { Transfer } from '../../model/transfers.js';

export const DONE_SHOWN_MS = 30_000;

export class DoneExpiry {
  // 完成的时刻; 每次 visible 都去掉已不在列表里的, 所以不比列表更长
  #doneAt = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #expired: () => void;
  readonly #now: () => number;

  /** expired: 有行该消失了, 请重画 */
  constructor(expired: () => void, life: AbortSignal, now: () => number = Date.now) {
    this.#expired = expired;
    this.#now = now;
    life.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** 去掉完成已满 30 秒的; 副作用: 记下新完成的, 对准下一次 */
  visible(transfers: readonly Transfer[]): readonly Transfer[] {
    const now = this.#now();
    const done = transfers.filter(({ state }) => state === 'done');
    this.#doneAt = new Map(done.map(({ id }) => [id, this.#doneAt.get(id) ?? now]));
    const pending = [...this.#doneAt.values()].filter((time) => now - time < DONE_SHOWN_MS);
    this.#schedule(pending.length === 0 ? undefined : Math.min(...pending) + DONE_SHOWN_MS - now);
    return transfers.filter(({ id }) => now - (this.#doneAt.get(id) ?? now) < DONE_SHOWN_MS);
  }

  #schedule(delayMs: number | undefined): void {
    clearTimeout(this.#timer);
    if (delayMs !== undefined) this.#timer = setTimeout(this.#expired, delayMs);
  }
}
