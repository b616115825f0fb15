// 还收不收得下新的 (主线程): 到了条数或大小的上限, 而最旧的还在 keepDays 之内, 就不收; 从不删新近的来腾地方
import { AppError } from '../../protocol/errors.js';
import type { Fullness, RetentionLimits } from './writer-messages.js';

export const DAY_MS = 86_400_000;

/** 不到这么多天的不为腾地方而删; 管理员写明的 maxAgeDays 更短时以它为准。0 = 不留底 */
export function floorDays({ keepDays, maxAgeDays }: RetentionLimits): number {
  return maxAgeDays === 0 ? keepDays : Math.min(keepDays, maxAgeDays);
}

export class Headroom {
  readonly #limits: RetentionLimits;
  readonly #now: () => number;
  #state: Fullness = { rows: 0, usedBytes: 0 };

  /** now: Unix 毫秒 */
  constructor(limits: RetentionLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** 写线程数过的 */
  reset(state: Fullness): void {
    this.#state = state;
  }

  /** 又收下一条 */
  appended(timeMs: number): void {
    const { rows, oldestMs = timeMs, usedBytes } = this.#state;
    this.#state = { rows: rows + 1, oldestMs, usedBytes };
  }

  committed(usedBytes: number): void {
    this.#state = { ...this.#state, usedBytes };
  }

  /** 到了上限: 旧的该删了 */
  get isCrowded(): boolean {
    return this.#reached !== undefined;
  }

  /** 错误: storage_full (可重试: 最旧的过了 keepDays, 或管理员调大了上限, 就又收得下) */
  require(): void {
    const reached = this.#reached;
    if (reached === undefined || !this.#isOldestKept) return;
    throw new AppError('storage_full', {
      detail: '历史满了, 而 history.keepDays 之内的不删',
      facts: reached,
      retryable: true,
    });
  }

  get #reached(): { readonly setting: string; readonly limit: number } | undefined {
    const { maxMessages, maxBytes } = this.#limits;
    const { rows, usedBytes } = this.#state;
    if (maxMessages > 0 && rows >= maxMessages) return { setting: 'history.maxMessages', limit: maxMessages };
    if (maxBytes > 0 && usedBytes >= maxBytes) return { setting: 'history.maxBytes', limit: maxBytes };
    return undefined;
  }

  get #isOldestKept(): boolean {
    const { oldestMs } = this.#state;
    return oldestMs !== undefined && oldestMs > this.#now() - floorDays(this.#limits) * DAY_MS;
  }
}
