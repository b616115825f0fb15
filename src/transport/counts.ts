// 按键计数 (每个地址, 每个 Host 的连接); 归零即删, 表的大小不超过在数的东西
interface Count {
  readonly key: string;
  value: number;
}

export class Counts {
  readonly #counts = new Map<string, Count>();

  /** 有几个不同的键 */
  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key)?.value ?? 0;
  }

  /** 多一个; 返回与 key 相等而大家共用的那个字符串: 几万条连接不必各留一份 */
  add(key: string): string {
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { key, value: 0 };
      this.#counts.set(key, count);
    }
    count.value += 1;
    return count.key;
  }

  remove(key: string): void {
    const count = this.#counts.get(key);
    if (count === undefined) return;
    count.value -= 1;
    if (count.value === 0) this.#counts.delete(key);
  }
}
