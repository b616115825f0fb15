// 不同的 Host 值: 每个值各编码一份文件链接, 所以个数有界; 一个地址只占得到其中几个

import { Counts } from '../quota/counts.js';
import type { AddressQuota, Held, Visitor } from '../quota/ports.js';

interface Use {
  readonly held: Held;
  connections: number;
}

export class HostShares {
  readonly #quota: AddressQuota;
  readonly #origins = new Counts();
  /** 地址与来源 -> 有几条连接; 只记按地址计数的 */
  readonly #uses = new Map<string, Use>();

  constructor(quota: AddressQuota) {
    this.#quota = quota;
  }

  /** 在用的不同来源有几个 */
  get size(): number {
    return this.#origins.size;
  }

  /** 有几条连接用着这个来源 */
  of(origin: string): number {
    return this.#origins.of(origin);
  }

  /** 多一条; 返回大家共用的那个字符串。错误: server_busy (这个地址用了太多不同的 Host) */
  enter(visitor: Visitor, origin: string): string {
    if (!visitor.trusted) this.#use(visitor, origin);
    return this.#origins.add(origin);
  }

  exit(visitor: Visitor, origin: string): void {
    this.#origins.remove(origin);
    const key = keyOf(visitor, origin);
    const use = visitor.trusted ? undefined : this.#uses.get(key);
    if (use === undefined) return;
    use.connections -= 1;
    if (use.connections > 0) return;
    use.held.release();
    this.#uses.delete(key);
  }

  #use(visitor: Visitor, origin: string): void {
    const key = keyOf(visitor, origin);
    const use = this.#uses.get(key);
    if (use !== undefined) use.connections += 1;
    else this.#uses.set(key, { held: this.#quota.hold(visitor, 'hosts'), connections: 1 });
  }
}

const keyOf = ({ address }: Visitor, origin: string): string => `${address} ${origin}`;
