// 在线名单: 按集合处理进出; 超过 500 人时名单不全, 人数以服务器的为准
import { Emitter } from './signal.js';

// 名字的上限: 进出再多也不会无限增长
const MAX_NAMES = 20_000;

export interface PresenceChange {
  /** 之前不在名单上的 */
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

export class People {
  readonly changed = new Emitter<void>();
  #names = new Set<string>();
  #online = 0;

  /** 按上线先后 */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** 真实总数, 可能多于 names */
  get online(): number {
    return this.#online;
  }

  /** welcome 的快照 */
  reset(names: readonly string[], online: number): void {
    this.#names = new Set(names);
    this.#online = online;
    this.changed.emit();
  }

  /** online 不给时自己推算 (基础帧不带总数)。返回真正的变化 */
  apply(joined: readonly string[], left: readonly string[], online?: number): PresenceChange {
    const complete = this.#names.size >= this.#online;
    const arrived = joined.filter((name) => this.#add(name));
    // 名单不全时, 不认识的人也可能离开
    const departed = left.filter((name) => this.#names.delete(name) || !complete);
    this.#online = online ?? Math.max(this.#names.size, this.#online + arrived.length - departed.length);
    this.changed.emit();
    return { joined: arrived, left: departed };
  }

  #add(name: string): boolean {
    if (this.#names.has(name) || this.#names.size >= MAX_NAMES) return false;
    this.#names.add(name);
    return true;
  }
}
