// 按键计数 (每个地址, 每个 Host, 每个人占着多少); 归零即删, 表的大小不超过在数的东西
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

  /** 占得最多的键, 同样多的取先来的; 一个也没有时为 undefined。要走一遍全部: 只在满了的时候问 */
  most(): string | undefined {
    let most: Count | undefined;
    for (const count of this.#counts.values()) {
      if (most === undefined || count.value > most.value) most = count;
    }
    return most?.key;
  }

  /** 多 amount 个; 返回与 key 相等而大家共用的那个字符串: 几万条连接不必各留一份 */
  add(key: string, amount = 1): string {
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { key, value: 0 };
      this.#counts.set(key, count);
    }
    count.value += amount;
    return count.key;
  }

  remove(key: string, amount = 1): void {
    const count = this.#counts.get(key);
    if (count === undefined) return;
    count.value -= amount;
    if (count.value <= 0) this.#counts.delete(key);
  }
}
