// 进行中的上传的名额: 总数与每会话各有上限
import { AppError } from '../protocol/errors.js';

export interface Slot {
  readonly sessionKey: string;
  /** 归还名额; 可重复调用 */
  release(): void;
}

export class Slots {
  readonly #maxTotal: number;
  readonly #perSession: number;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(maxTotal: number, perSession: number) {
    this.#maxTotal = maxTotal;
    this.#perSession = perSession;
  }

  get full(): boolean {
    return this.#total >= this.#maxTotal;
  }

  isSessionFull(sessionKey: string): boolean {
    return (this.#counts.get(sessionKey) ?? 0) >= this.#perSession;
  }

  /** 错误: server_busy */
  acquire(sessionKey: string): Slot {
    this.#requireShare(sessionKey);
    if (this.full) throw new AppError('server_busy', { facts: { limit: this.#maxTotal } });
    this.#counts.set(sessionKey, (this.#counts.get(sessionKey) ?? 0) + 1);
    this.#total += 1;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#giveBack(sessionKey);
    };
    return { sessionKey, release };
  }

  /** 名额换给另一个会话; 总数不变, 所以满员时也能换。错误: server_busy (原名额不动) */
  move(slot: Slot, sessionKey: string): Slot {
    if (slot.sessionKey === sessionKey) return slot;
    this.#requireShare(sessionKey);
    slot.release();
    return this.acquire(sessionKey);
  }

  #requireShare(sessionKey: string): void {
    if (!this.isSessionFull(sessionKey)) return;
    throw new AppError('server_busy', { detail: '同时进行的上传过多', facts: { limit: this.#perSession } });
  }

  #giveBack(sessionKey: string): void {
    this.#total -= 1;
    const left = (this.#counts.get(sessionKey) ?? 1) - 1;
    // 归零即删键: 会话来来去去, 表不能只增不减
    if (left === 0) this.#counts.delete(sessionKey);
    else this.#counts.set(sessionKey, left);
  }
}
