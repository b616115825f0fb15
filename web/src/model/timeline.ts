// 聊天记录: 按 (epoch, seq) 排好序, 不重不漏; 界面只读它的快照
import type { FileBroadcast, TextBroadcast } from '../../../src/protocol/messages.js';
import { type FoldedPresence, PresenceFold } from './presence-fold.js';
import { Emitter } from './signal.js';

export type RoomMessage = TextBroadcast | FileBroadcast;

interface Placed {
  /** 界面的键: 一条记录从发送中到已确认保持不变 */
  readonly key: string;
  /** 排序的依据; 整个列表单调不减 */
  readonly order: number;
  /** Unix 毫秒 */
  readonly time: number;
}
export interface MessageItem extends Placed {
  readonly kind: 'message';
  readonly message: RoomMessage;
}
/** 进出的折叠: 一段时间里的进出合成一行 */
export interface PresenceItem extends Placed, FoldedPresence {
  readonly kind: 'presence';
}
/** 记录在这里断开: 服务器丢了历史, 或离开太久而补不齐 */
export interface NoticeItem extends Placed {
  readonly kind: 'notice';
  readonly notice: 'history_lost' | 'gap';
}
export type TimelineItem = MessageItem | PresenceItem | NoticeItem;

/** 内存里至多这么多条; 更早的丢掉, 向上翻时再向服务器要 */
export const MAX_ITEMS = 20_000;
// 停在底部时只留这么多, 每次多删一截, 免得逐条挪动数组
const KEEP_ITEMS = 10_000;
const TRIM_SLACK = 1000;
// 这么久以内的进出并成一行 (毫秒)
const PRESENCE_FOLD_MS = 120_000;
// 每个 epoch 占 2^33 个 order: 远大于 seq 的实际范围, 乘积仍是安全整数
const EPOCH_SPAN = 2 ** 33;

export class Timeline {
  /** 内容有变化; 界面按帧重画, 所以不带细节 */
  readonly changed = new Emitter<void>();
  /** 刚刚播出的消息 (不含历史), 用于未读与通知 */
  readonly arrived = new Emitter<MessageItem>();
  #items: TimelineItem[] = [];
  // 见过的 order: 重播与应答可能先后送来同一条
  readonly #seen = new Set<number>();
  #epoch: string | undefined;
  #epochIndex = 0;
  #keyCount = 0;
  #hasOlder = false;
  #pinned = true;
  // 最后一行进出的账; 只有最后一行还会再变
  #fold = new PresenceFold();

  get items(): readonly TimelineItem[] {
    return this.#items;
  }

  /** 服务器那里可能还有更早的 */
  get hasOlder(): boolean {
    return this.#hasOlder && this.#items.length < MAX_ITEMS;
  }

  /** 当前 epoch 里最早一条的 seq; 还没有时为 undefined */
  get firstSeq(): number | undefined {
    const base = this.#epochIndex * EPOCH_SPAN;
    const first = this.#items.find((item) => item.kind === 'message' && item.order >= base);
    return first === undefined ? undefined : first.order - base;
  }

  /** 界面停在底部时为 true: 那时才可以丢掉上面的 */
  set pinned(value: boolean) {
    this.#pinned = value;
  }

  /** 返回是否换了 epoch (第一次不算): 旧的 seq 作废, 已有的记录留在上面 */
  setEpoch(epoch: string): boolean {
    const changed = this.#epoch !== undefined && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (!changed) return false;
    this.#epochIndex += 1;
    this.addNotice('history_lost');
    return true;
  }

  /** 播出的一条; key 沿用发送中的那一行。见过的返回 false */
  add(message: RoomMessage, key?: string): boolean {
    const item = this.#insert(message, key);
    if (item === undefined) return false;
    this.#trim();
    this.changed.emit();
    this.arrived.emit(item);
    return true;
  }

  /** 历史里的一条: 不算刚到的; 见过的不再放 */
  addOld(message: RoomMessage, key?: string): void {
    if (this.#insert(message, key) !== undefined) this.changed.emit();
  }

  /** 历史的一页 */
  addHistory(messages: readonly RoomMessage[]): void {
    for (const message of messages) this.addOld(message);
  }

  setHasOlder(value: boolean): void {
    this.#hasOlder = value;
    this.changed.emit();
  }

  has(seq: number): boolean {
    return this.#seen.has(this.#orderOf(seq));
  }

  /** 这条消息的一项: 记录里有就是那一个; 没有则照样造一个, 不放进来。键因此处处相同 */
  itemOf(message: RoomMessage): MessageItem {
    const order = this.#orderOf(message.seq);
    const made: MessageItem = { kind: 'message', key: `m${order}`, order, time: message.time, message };
    return this.find(message.seq) ?? made;
  }

  /** 没有, 或属于以前的 epoch 时为 undefined */
  find(seq: number): MessageItem | undefined {
    const order = this.#orderOf(seq);
    return this.#seen.has(order) ? this.#messageAt(order) : undefined;
  }

  addPresence(joined: readonly string[], left: readonly string[]): void {
    if (joined.length + left.length === 0) return;
    const last = this.#items.at(-1);
    const time = Date.now();
    const folds = last?.kind === 'presence' && time - last.time < PRESENCE_FOLD_MS;
    if (!folds) this.#fold = new PresenceFold();
    const placed = folds ? last : { key: this.#newKey('p'), order: this.#lastOrder(), time };
    const item: PresenceItem = { ...placed, kind: 'presence', ...this.#fold.add(joined, left) };
    if (folds) this.#items[this.#items.length - 1] = item;
    else this.#items.push(item);
    this.#trim();
    this.changed.emit();
  }

  /** afterSeq: 紧接在这一条之后 (补来的一页到之前, 新的可能已在后面); 不给时在末尾 */
  addNotice(notice: NoticeItem['notice'], afterSeq?: number): void {
    const order = afterSeq === undefined ? this.#lastOrder() : this.#orderOf(afterSeq);
    const key = this.#newKey('n');
    this.#items.splice(this.#positionOf(order), 0, { kind: 'notice', key, order, time: Date.now(), notice });
    this.changed.emit();
  }

  /** 错过太多, 逐条补不值得: 丢开已有的, 从最近的一页重新开始, 更早的向上翻时再取 */
  restart(): void {
    this.#items = [];
    this.#seen.clear();
    this.changed.emit();
  }

  #newKey(prefix: string): string {
    this.#keyCount += 1;
    return `${prefix}${this.#keyCount}`;
  }

  #orderOf(seq: number): number {
    return this.#epochIndex * EPOCH_SPAN + seq;
  }

  #lastOrder(): number {
    return Math.max(this.#items.at(-1)?.order ?? 0, this.#epochIndex * EPOCH_SPAN);
  }

  #insert(message: RoomMessage, key: string | undefined): MessageItem | undefined {
    const order = this.#orderOf(message.seq);
    if (this.#seen.has(order)) return undefined;
    const made = this.itemOf(message);
    const item = key === undefined ? made : { ...made, key };
    this.#seen.add(order);
    const index = this.#positionOf(order);
    // 绝大多数落在末尾; 历史的一页落在开头
    if (index === this.#items.length) this.#items.push(item);
    else this.#items.splice(index, 0, item);
    return item;
  }

  /** 第一个 order 更大的位置 (二分) */
  #positionOf(order: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.order ?? 0) <= order) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // 同一个 order 上除了消息还可能有进出与提示, 它们排在消息之后
  #messageAt(order: number): MessageItem | undefined {
    for (let index = this.#positionOf(order) - 1; index >= 0; index -= 1) {
      const item = this.#items[index];
      if (item === undefined || item.order !== order) return undefined;
      if (item.kind === 'message') return item;
    }
    return undefined;
  }

  // 上限: 停在底部时一万条, 正在翻看旧消息时两万条
  #trim(): void {
    const limit = this.#pinned ? KEEP_ITEMS : MAX_ITEMS;
    if (this.#items.length <= limit + TRIM_SLACK) return;
    const dropped = this.#items.splice(0, this.#items.length - limit);
    for (const item of dropped) if (item.kind === 'message') this.#seen.delete(item.order);
    this.#hasOlder = true;
  }
}
