// 窗口: 画模型的哪一段; 模型变了就挪, 翻到边上就移
import {
  aroundRange,
  headRange,
  heldRange,
  MAX_ROWS,
  movedBy,
  type Range,
  shiftedDown,
  shiftedUp,
  TAIL_ROWS,
  TAIL_SLACK,
  tailRange,
} from './range.js';
import { countOf, type Entries, indexOfKey, keyAt } from './rows.js';

// 离边上还有这么多像素就移窗口, 快速滚动也不会露白
const EDGE_PX = 1200;

export class LogWindow {
  #range: Range = { start: 0, end: 0 };
  #startKey: string | undefined;
  #count = 0;
  #tail = TAIL_ROWS;

  get range(): Range {
    return this.#range;
  }

  get atStart(): boolean {
    return this.#range.start === 0;
  }

  get atEnd(): boolean {
    return this.#range.end >= this.#count;
  }

  /** 模型变化之后 */
  update(entries: Entries, following: boolean): void {
    const count = countOf(entries);
    const moved = movedBy(this.#range, this.#shiftOf(entries));
    const next = following
      ? tailRange(moved, count, this.#tail)
      : heldRange(moved, this.#countAfterShift(moved), count);
    this.#set(entries, next);
  }

  /** 返回是否移了: 移了就要再画一次 */
  shift(entries: Entries, edges: { readonly above: number; readonly below: number }): boolean {
    const { start, end } = this.#range;
    if (edges.above < EDGE_PX && start > 0) this.#set(entries, shiftedUp(this.#range));
    else if (edges.below < EDGE_PX && end < this.#count) {
      this.#set(entries, shiftedDown(this.#range, this.#count));
    }
    return start !== this.#range.start || end !== this.#range.end;
  }

  /** 停在底部而上面不够一屏: 以后多画一些。返回是否要再画一次 */
  widen(): boolean {
    const tail = Math.ceil(this.#tail * 1.5);
    // 连同多留的一截也不超过 MAX_ROWS
    if (this.atStart || tail * TAIL_SLACK > MAX_ROWS) return false;
    this.#tail = tail;
    return true;
  }

  toStart(entries: Entries): void {
    this.#set(entries, headRange(countOf(entries)));
  }

  /** 移到 key 这一条周围; 返回 false: 已经没有这一条, 窗口不动 */
  toKey(entries: Entries, key: string): boolean {
    const index = indexOfKey(entries, key);
    if (index >= 0) this.#set(entries, aroundRange(index, countOf(entries)));
    return index >= 0;
  }

  #set(entries: Entries, range: Range): void {
    this.#range = range;
    this.#count = countOf(entries);
    this.#startKey = keyAt(entries, range.start);
  }

  // 开头添了一页历史, 或删了一截: 按键找回原来的起点
  #shiftOf(entries: Entries): number {
    const { start } = this.#range;
    if (this.#startKey === undefined || keyAt(entries, start) === this.#startKey) return 0;
    const index = entries.items.findIndex(({ key }) => key === this.#startKey);
    // 起点已被删掉 (翻看旧消息时满了两万条): 从还在的最早一条看起
    return index < 0 ? -start : index - start;
  }

  #countAfterShift(moved: Range): number {
    return this.#count + moved.end - this.#range.end;
  }
}
