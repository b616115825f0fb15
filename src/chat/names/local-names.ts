// 一个进程自己的 Names: 谁在用哪个名字, 谁刚断开而名字还留给他
//   free --claim--> here --hold--> held --到期, 让位--> free;  here --release--> free;  held --claim (他自己)--> here
import { AppError } from '../../protocol/errors.js';
import type { Held } from '../../quota/ports.js';
import { Queues } from '../../quota/queues.js';
import type { NameHolder, Names } from '../ports.js';
import { nameKeys } from './skeleton.js';

export interface NamesOptions {
  /** 留着的名字一共至多这么多 */
  readonly maxHeld: number;
  /** 一个地址至多这么多; 0 = 不限 */
  readonly heldPerAddress: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

interface Hold {
  readonly keys: readonly string[];
  readonly holder: NameHolder;
  /** 单调毫秒; 上传期间占着的没有期限 */
  readonly untilMs: number;
}

export class LocalNames implements Names {
  readonly #options: NamesOptions;
  readonly #here = new Map<string, NameHolder>();
  readonly #held = new Map<string, Hold>();
  readonly #holds = new Queues<Hold>();

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  claim(name: string, holder: NameHolder): void {
    const keys = nameKeys(name);
    this.#require(name, keys, holder);
    for (const key of keys) {
      this.#drop(this.#held.get(key));
      this.#here.set(key, holder);
    }
  }

  release(name: string, holder: NameHolder): void {
    for (const key of nameKeys(name)) {
      if (this.#here.get(key) === holder) this.#here.delete(key);
      const hold = this.#held.get(key);
      if (hold?.holder === holder) this.#drop(hold);
    }
  }

  hold(name: string, holder: NameHolder, durationMs: number): void {
    this.release(name, holder);
    if (durationMs > 0) this.#keep(nameKeys(name), holder, this.#options.now() + durationMs);
  }

  borrow(name: string, holder: NameHolder): Held {
    const keys = nameKeys(name);
    this.#require(name, keys, holder);
    // 他自己在线, 或名字已经留给他: 不必再占
    if (keys.some((key) => this.#here.has(key) || this.#isHeld(key))) return { release() {} };
    const hold = this.#keep(keys, holder, Number.POSITIVE_INFINITY);
    return { release: () => this.#drop(hold) };
  }

  sweep(): void {
    const nowMs = this.#options.now();
    for (const hold of this.#holds.values()) if (hold.untilMs <= nowMs) this.#drop(hold);
  }

  // 占满了的让出最早的: 不能因为有人占着许多, 别人的就留不住
  #keep(keys: readonly string[], holder: NameHolder, untilMs: number): Hold {
    const { maxHeld, heldPerAddress } = this.#options;
    this.#drop(this.#holds.surplus(holder.visitor, heldPerAddress));
    if (this.#holds.size >= maxHeld) this.#drop(this.#holds.greediest());
    const hold = { keys, holder, untilMs };
    for (const key of keys) {
      this.#drop(this.#held.get(key));
      this.#held.set(key, hold);
    }
    this.#holds.add(hold, holder.visitor);
    return hold;
  }

  #drop(hold: Hold | undefined): void {
    if (hold === undefined) return;
    this.#holds.remove(hold);
    for (const key of hold.keys) if (this.#held.get(key) === hold) this.#held.delete(key);
  }

  #require(name: string, keys: readonly string[], claimant: NameHolder): void {
    for (const key of keys) {
      const other = this.#here.get(key);
      if (other !== undefined && !isSame(other, claimant))
        throw new AppError('name_taken', { facts: { name } });
      const hold = this.#held.get(key);
      if (hold !== undefined && this.#isHeld(key) && !admits(hold.holder, claimant))
        throw this.#heldFor(name, hold);
    }
  }

  #isHeld(key: string): boolean {
    const hold = this.#held.get(key);
    return hold !== undefined && hold.untilMs > this.#options.now();
  }

  #heldFor(name: string, { untilMs }: Hold): AppError {
    if (!Number.isFinite(untilMs)) return new AppError('name_taken', { facts: { name } });
    const retryAfterMs = Math.ceil(untilMs - this.#options.now());
    return new AppError('name_taken', {
      detail: '刚断开的人的名字留给他一会儿',
      facts: { name, retryAfterMs },
    });
  }
}

// 没有令牌的 (基础客户端, 以名字上传的) 只认地址
function admits(holder: NameHolder, claimant: NameHolder): boolean {
  if (isSame(holder, claimant)) return true;
  return holder.keptBy === 'address' && holder.visitor.address === claimant.visitor.address;
}

function isSame(one: NameHolder, other: NameHolder): boolean {
  return one === other || one.id === other.id;
}
