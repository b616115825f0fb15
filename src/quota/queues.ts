// 总数满了该请谁走: 占得最多的地址里最早的一个。换着地址占的 (IPv6) 按它的各段合起来算
import { blocksOf } from './blocks.js';
import type { Visitor } from './ports.js';

interface Queue<T> {
  readonly shares: number;
  /** 先来的在前 */
  readonly items: Set<T>;
}

/** 受信任的地址背后是许多人: 每一个自成一队 */
export class Queues<T extends object> {
  readonly #queues = new Map<unknown, Queue<T>>();
  /** 先来的在前 */
  readonly #items = new Map<T, Visitor>();

  get size(): number {
    return this.#items.size;
  }

  add(item: T, visitor: Visitor): void {
    this.remove(item);
    this.#items.set(item, visitor);
    for (const { key, shares } of keysOf(item, visitor)) {
      let queue = this.#queues.get(key);
      if (queue === undefined) {
        queue = { shares, items: new Set() };
        this.#queues.set(key, queue);
      }
      queue.items.add(item);
    }
  }

  remove(item: T): void {
    const visitor = this.#items.get(item);
    if (visitor === undefined) return;
    this.#items.delete(item);
    for (const { key } of keysOf(item, visitor)) {
      const queue = this.#queues.get(key);
      queue?.items.delete(item);
      if (queue?.items.size === 0) this.#queues.delete(key);
    }
  }

  /** 这个地址再多一个就超过 limit 份 (0 = 不限): 该让位的是它自己的最早的一个; 没有超过则 undefined */
  surplus(visitor: Visitor, limit: number): T | undefined {
    if (visitor.trusted || limit === 0) return undefined;
    for (const { key, shares } of blocksOf(visitor.address)) {
      const queue = this.#queues.get(key);
      if (queue !== undefined && queue.items.size >= limit * shares) return first(queue.items);
    }
    return undefined;
  }

  /** 占得最多的地址里最早的一个, 同样多的取先来的; 空的则 undefined。要走一遍各个地址: 只在满了的时候问 */
  greediest(): T | undefined {
    let most: Queue<T> | undefined;
    for (const queue of this.#queues.values()) {
      if (most === undefined || queue.items.size / queue.shares > most.items.size / most.shares) most = queue;
    }
    return most === undefined ? undefined : first(most.items);
  }

  values(): IterableIterator<T> {
    return this.#items.keys();
  }
}

function keysOf<T>(item: T, visitor: Visitor): readonly { readonly key: unknown; readonly shares: number }[] {
  return visitor.trusted ? [{ key: item, shares: 1 }] : blocksOf(visitor.address);
}

function first<T>(items: Set<T>): T | undefined {
  return items.values().next().value;
}
