// 跳到很早的一条时看着的一段: 与最新的一头不相连, 所以不混进聊天记录; 两头各自再取, 连上了就并回去
import { Emitter } from './signal.js';
import type { MessageItem } from './timeline.js';

/** 至多这么多条; 再取时从另一头丢, 往回翻时再取 */
export const MAX_EXCERPT = 2000;

export interface Ends {
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

const CLOSED: Ends = { hasOlder: false, hasNewer: false };

/** 没有打开时一条也没有 */
export class Excerpt {
  readonly changed = new Emitter<void>();
  // 旧的在前, seq 相连
  #items: readonly MessageItem[] = [];
  #ends = CLOSED;

  get isOpen(): boolean {
    return this.#items.length > 0;
  }

  get items(): readonly MessageItem[] {
    return this.#items;
  }

  get hasOlder(): boolean {
    return this.#ends.hasOlder;
  }

  get hasNewer(): boolean {
    return this.#ends.hasNewer;
  }

  get firstSeq(): number | undefined {
    return this.#items[0]?.message.seq;
  }

  get lastSeq(): number | undefined {
    return this.#items.at(-1)?.message.seq;
  }

  find(seq: number): MessageItem | undefined {
    return this.#items.find(({ message }) => message.seq === seq);
  }

  open(items: readonly MessageItem[], ends: Ends): void {
    this.#items = items;
    this.#ends = ends;
    this.changed.emit();
  }

  close(): void {
    if (this.isOpen) this.open([], CLOSED);
  }

  addOlder(items: readonly MessageItem[], hasOlder: boolean): void {
    const all = [...items, ...this.#items];
    const hasNewer = this.hasNewer || all.length > MAX_EXCERPT;
    this.open(all.slice(0, MAX_EXCERPT), { hasOlder, hasNewer });
  }

  addNewer(items: readonly MessageItem[], hasNewer: boolean): void {
    const all = [...this.#items, ...items];
    const hasOlder = this.hasOlder || all.length > MAX_EXCERPT;
    this.open(all.slice(-MAX_EXCERPT), { hasOlder, hasNewer });
  }
}
