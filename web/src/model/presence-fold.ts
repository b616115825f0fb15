// 进出的折叠: 一段时间里的进出合成一行, 每个人只算最后的去向

// 两边一共至多记这么多名字 (每个至多 32 个码点); 再多的只计数
const MAX_KNOWN = 10_000;
// 一行最多列出的名字
const SHOWN_NAMES = 50;

export interface FoldedPresence {
  /** 至多 50 个名字, 真实人数见 count; 名字可以少于人数, 甚至没有 */
  readonly joined: readonly string[];
  readonly joinedCount: number;
  readonly left: readonly string[];
  readonly leftCount: number;
}

/** 一行的账: 名字全记着而不只是列出的那些, 来了又走的人才不会两边都算 */
export class PresenceFold {
  readonly #joined = new Set<string>();
  readonly #left = new Set<string>();
  // 记不下名字的人数
  #namelessJoined = 0;
  #namelessLeft = 0;

  add(joined: readonly string[], left: readonly string[]): FoldedPresence {
    for (const name of left) if (!this.#move(name, this.#joined, this.#left)) this.#namelessLeft += 1;
    // 同一批里又走又来: 人还在, 算加入
    for (const name of joined) if (!this.#move(name, this.#left, this.#joined)) this.#namelessJoined += 1;
    return {
      joined: firstOf(this.#joined),
      joinedCount: this.#joined.size + this.#namelessJoined,
      left: firstOf(this.#left),
      leftCount: this.#left.size + this.#namelessLeft,
    };
  }

  /** 返回 false: 记不下了 */
  #move(name: string, from: Set<string>, to: Set<string>): boolean {
    from.delete(name);
    // 先删后加: 刚刚又来的排到最后
    to.delete(name);
    if (this.#joined.size + this.#left.size >= MAX_KNOWN) return false;
    to.add(name);
    return true;
  }
}

// 只取开头, 不展开整个集合: 万人进出时每批都会调用
function firstOf(names: ReadonlySet<string>): string[] {
  const first: string[] = [];
  for (const name of names) {
    if (first.length === SHOWN_NAMES) break;
    first.push(name);
  }
  return first;
}
