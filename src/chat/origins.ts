// 来源登记: 每个仍有人使用的来源 (http://host:port) 对应一个广播主题
// 不同来源数的上限由传输层在升级时把守 (server.maxOrigins), 没人用的来源随即注销
interface OriginEntry {
  readonly topic: string;
  members: number;
}

export class Origins {
  readonly #prefix: string;
  readonly #entries = new Map<string, OriginEntry>();
  #nextId = 1;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** 多一个成员使用该来源; 返回应订阅的主题 */
  enter(origin: string): string {
    let entry = this.#entries.get(origin);
    if (entry === undefined) {
      entry = { topic: `${this.#prefix}.${this.#nextId++}`, members: 0 };
      this.#entries.set(origin, entry);
    }
    entry.members += 1;
    return entry.topic;
  }

  /** 少一个成员; 返回应退订的主题 */
  exit(origin: string): string {
    const entry = this.#entries.get(origin);
    if (entry === undefined) return '';
    entry.members -= 1;
    if (entry.members === 0) this.#entries.delete(origin);
    return entry.topic;
  }

  *topics(): Iterable<[origin: string, topic: string]> {
    for (const [origin, entry] of this.#entries) yield [origin, entry.topic];
  }
}
