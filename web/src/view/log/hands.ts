// 同一个名字换了人 (from 不同): 从换的那一条起, 这个名字的每一组都标出是谁
import type { RoomMessage } from '../../model/timeline.js';

/** 从画的第一条往前看这么多条: 换人之前的那句多半在里面, 又不必每次走一遍全部 */
export const LOOK_BACK = 500;

export class Hands {
  /** 名字 -> 上一条的 from */
  readonly #last = new Map<string, string>();
  /** 换过人的名字 */
  readonly #changed = new Set<string>();

  /** 依次问每一条: 与这个名字的上一条不是同一个人 (change), 换过人之后的 (tag)。旧的记录没有 from, 不算 */
  see({ name, from }: RoomMessage): { readonly tag: string | undefined; readonly isChange: boolean } {
    if (from === undefined) return { tag: undefined, isChange: false };
    const last = this.#last.get(name);
    this.#last.set(name, from);
    const isChange = last !== undefined && last !== from;
    if (isChange) this.#changed.add(name);
    return { tag: this.#changed.has(name) ? from : undefined, isChange };
  }
}
