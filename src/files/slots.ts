// 进行中的上传的名额: 总数, 每会话与每个地址各有上限
import { AppError } from '../protocol/errors.js';
import { Counts } from '../quota/counts.js';
import type { AddressQuota } from '../quota/ports.js';
import type { Party } from './ports.js';

export interface Slot {
  readonly party: Party;
  /** 归还名额; 可重复调用 */
  release(): void;
}

export interface SlotLimits {
  readonly maxActive: number;
  readonly perSession: number;
}

const RETRY_MS = 1000;

export class Slots {
  readonly #limits: SlotLimits;
  readonly #quota: AddressQuota;
  readonly #sessions = new Counts();
  #total = 0;

  constructor(limits: SlotLimits, quota: AddressQuota) {
    this.#limits = limits;
    this.#quota = quota;
  }

  get full(): boolean {
    return this.#total >= this.#limits.maxActive;
  }

  isSessionFull({ sessionKey }: Party): boolean {
    return this.#sessions.of(sessionKey) >= this.#limits.perSession;
  }

  isAddressFull({ visitor }: Party): boolean {
    return !this.#quota.fits(visitor, 'uploads');
  }

  /** 错误: server_busy */
  acquire(party: Party): Slot {
    this.#requireShare(party);
    const { maxActive } = this.#limits;
    if (this.full) {
      const facts = { setting: 'uploads.maxActive', limit: maxActive, retryAfterMs: RETRY_MS };
      throw new AppError('server_busy', { facts });
    }
    const held = this.#quota.hold(party.visitor, 'uploads');
    const { sessionKey } = party;
    this.#sessions.add(sessionKey);
    this.#total += 1;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      held.release();
      this.#sessions.remove(sessionKey);
      this.#total -= 1;
    };
    return { party, release };
  }

  /** 名额换给另一个人; 总数不变, 所以满员时也能换。错误: server_busy (原名额不动) */
  move(slot: Slot, party: Party): Slot {
    const isSameAddress = slot.party.visitor.address === party.visitor.address;
    if (slot.party.sessionKey !== party.sessionKey) this.#requireShare(party);
    else if (isSameAddress) return slot;
    // 占不下的在这里抛错
    if (!isSameAddress) this.#quota.hold(party.visitor, 'uploads').release();
    slot.release();
    return this.acquire(party);
  }

  #requireShare(party: Party): void {
    if (!this.isSessionFull(party)) return;
    const limit = this.#limits.perSession;
    const facts = { setting: 'uploads.perSession', limit, retryAfterMs: RETRY_MS };
    throw new AppError('server_busy', { detail: '同时进行的上传过多', facts });
  }
}
