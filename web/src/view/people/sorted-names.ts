// 按读音排好的名字; 名单变了只补差别, 一千人进进出出也不重排

// 一次来了这么大的比例才整个重排 (登录时的快照)
const RESORT_FRACTION = 0.25;

export class SortedNames {
  readonly #compare: (a: string, b: string) => number;
  #sorted: string[] = [];
  #known = new Set<string>();

  /** locale: 中文按拼音, 英文按字母 */
  constructor(locale: string) {
    // Collator 比 localeCompare 快一个数量级
    this.#compare = new Intl.Collator(locale, { numeric: true }).compare;
  }

  update(names: ReadonlySet<string>): readonly string[] {
    const added = [...names].filter((name) => !this.#known.has(name));
    if (this.#known.size + added.length !== names.size) {
      this.#sorted = this.#sorted.filter((name) => names.has(name));
    }
    if (added.length > names.size * RESORT_FRACTION) {
      this.#sorted = [...this.#sorted, ...added].sort(this.#compare);
    } else {
      for (const name of added) this.#sorted.splice(this.#positionOf(name), 0, name);
    }
    this.#known = new Set(names);
    return this.#sorted;
  }

  #positionOf(name: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#sorted[middle] ?? '', name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
