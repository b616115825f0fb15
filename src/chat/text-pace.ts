// 文字的字节: 每条都要发给所有人, 所以一个人与一个地址每秒说得了多少有限, 等着广播的也各算各的
import { AppError } from '../protocol/errors.js';
import { Buckets } from '../quota/buckets.js';
import { Counts } from '../quota/counts.js';
import type { Rate } from '../quota/limits.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';

/** 说话的一方 */
export interface Speaker {
  /** 会话令牌 */
  readonly person: string;
  readonly visitor: Visitor;
}

export interface TextPaceOptions {
  readonly quota: AddressQuota;
  /** 每个人的 */
  readonly perPerson: Rate;
  /** 等着广播的文字的总上限, 字节 */
  readonly pendingBytes: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class TextPace {
  readonly #options: TextPaceOptions;
  readonly #people: Buckets;
  /** 谁有多少字节等着广播 */
  readonly #pending = new Counts();
  #pendingBytes = 0;

  constructor(options: TextPaceOptions) {
    this.#options = options;
    this.#people = new Buckets(options.perPerson);
  }

  /**
   * 收下一条文字之前。错误: rate_limited (这个人或这个地址说得太多);
   * server_busy (等着广播的快满了, 而其中他的最多: 剩下的空位不比他已占的多, 就先拒绝他, 别人照常)
   */
  admit(speaker: Speaker, bytes: number): void {
    const ownBytes = this.#pending.of(ownerOf(speaker));
    const { pendingBytes: limit } = this.#options;
    if (ownBytes > 0 && ownBytes + bytes > limit - this.#pendingBytes) {
      const facts = { setting: 'fanout.pendingBytes', limit };
      throw new AppError('server_busy', { detail: '你的消息还有许多没有送出', facts });
    }
    this.#spend(speaker, bytes);
  }

  /** 收下了, 等着广播; 送出之后调用返回的函数一次 */
  waiting(speaker: Speaker, bytes: number): () => void {
    const owner = ownerOf(speaker);
    this.#pending.add(owner, bytes);
    this.#pendingBytes += bytes;
    return () => {
      this.#pending.remove(owner, bytes);
      this.#pendingBytes -= bytes;
    };
  }

  #spend({ person, visitor }: Speaker, bytes: number): void {
    const { quota, perPerson, now } = this.#options;
    const nowMs = now();
    const waitMs = this.#people.waitMs(person, bytes, nowMs);
    if (waitMs > 0) {
      const { setting, perSecond } = perPerson;
      const facts = { setting, limit: perSecond, retryAfterMs: Math.ceil(waitMs) };
      throw new AppError('rate_limited', { detail: '说得太多', facts });
    }
    quota.spend(visitor, 'textBytes', bytes);
    this.#people.take(person, bytes, nowMs);
  }
}

// 受信任的地址背后是许多人: 各算各的
function ownerOf({ person, visitor }: Speaker): string {
  return visitor.trusted ? person : visitor.address;
}
