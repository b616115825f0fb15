// 留在磁盘上的记录, 按地址分份: 一个地址满了, 走的是他自己最旧的; 总数满了, 走的是最贪的地址最旧的, 不论大小
import { Counts } from '../quota/counts.js';
import type { ShareName } from '../quota/limits.js';
import type { AddressQuota, Held, Visitor } from '../quota/ports.js';

export interface KeptRecordsOptions {
  /** 至多这么多 */
  readonly limit: number;
  readonly share: ShareName;
  readonly quota: AddressQuota;
}

/** 再来一个之前: 有没有地方, 没有的话谁让位; victim 为 undefined 是谁也让不了 */
export type Room =
  | { readonly isFull: false }
  | { readonly isFull: true; readonly victim: string | undefined };

interface Kept {
  readonly address: string;
  readonly held: Held | undefined;
}

export class KeptRecords {
  readonly #options: KeptRecordsOptions;
  readonly #records = new Map<string, Kept>();
  readonly #counts = new Counts();
  /** 可以让位的, 旧的在前 */
  readonly #idle = new Set<string>();

  constructor(options: KeptRecordsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#records.size;
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  /** visitor 不知道 (旧的记录, 受信任的地址) 的合起来算一个地址。先问过 room; 超出份额的 (设置调小过) 也收下, 不计 */
  add(id: string, visitor: Visitor | undefined): void {
    const { quota, share } = this.#options;
    const counted = visitor !== undefined && quota.fits(visitor, share) ? visitor : undefined;
    const held = counted === undefined ? undefined : quota.hold(counted, share);
    const address = this.#counts.add(addressOf(visitor));
    this.#records.set(id, { address, held });
  }

  /** 可重复调用 */
  remove(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#idle.delete(id);
    this.#counts.remove(record.address);
    record.held?.release();
  }

  /** 放下了: 从此可以让位, 排在别的之后 */
  rest(id: string): void {
    this.#idle.delete(id);
    if (this.#records.has(id)) this.#idle.add(id);
  }

  /** 正在用: 不可以让位 */
  use(id: string): void {
    this.#idle.delete(id);
  }

  room(visitor: Visitor): Room {
    const { limit, share, quota } = this.#options;
    if (!quota.fits(visitor, share)) return { isFull: true, victim: this.#oldestOf(visitor.address) };
    if (this.#records.size < limit) return { isFull: false };
    return { isFull: true, victim: this.#oldestOfGreediest() };
  }

  #oldestOf(address: string): string | undefined {
    for (const id of this.#idle) if (this.#records.get(id)?.address === address) return id;
    return undefined;
  }

  // 满了才走一遍; 同样多的取最旧的
  #oldestOfGreediest(): string | undefined {
    let victim: string | undefined;
    let most = 0;
    for (const id of this.#idle) {
      const count = this.#counts.of(this.#records.get(id)?.address ?? '');
      if (count <= most) continue;
      most = count;
      victim = id;
    }
    return victim;
  }
}

function addressOf(visitor: Visitor | undefined): string {
  return visitor === undefined || visitor.trusted ? '' : visitor.address;
}
