// 聊天记录的行: 由模型的一段推出要画什么; 纯函数, 行没有变 (sameRow) 就不碰页面
import type { Offer } from '../../model/offers.js';
import type { Outgoing } from '../../model/outbox.js';
import type { MessageItem, NoticeItem, PresenceItem, TimelineItem } from '../../model/timeline.js';
import { Hands, LOOK_BACK } from './hands.js';

interface Keyed {
  readonly key: string;
  /** 一组 (同一个人, 同一分钟) 的第一条: 带头像, 名字与时间 */
  readonly first: boolean;
  readonly mine: boolean;
}
export type LogRow = Keyed &
  (
    | { readonly kind: 'day'; readonly source: number }
    | { readonly kind: 'unread'; readonly source: number }
    | { readonly kind: 'presence'; readonly source: PresenceItem }
    | { readonly kind: 'notice'; readonly source: NoticeItem }
    | { readonly kind: 'message'; readonly source: MessageItem; readonly tag: string | undefined }
    | { readonly kind: 'offer'; readonly source: Offer }
    | { readonly kind: 'outgoing'; readonly source: Outgoing }
  );
export type RowKind = LogRow['kind'];

/** 要画的全部: 已确认的, 别人正在上传的, 自己还没有确认的 */
export interface Entries {
  readonly items: readonly TimelineItem[];
  readonly offers: readonly Offer[];
  readonly pending: readonly Outgoing[];
  readonly ownName: string | undefined;
  /** 未读分隔线画在这一条之前 */
  readonly unreadKey: string | undefined;
}

const UNSIGNED = { tag: undefined, isChange: false };

type Entry = TimelineItem | Offer | Outgoing;

export function countOf({ items, offers, pending }: Entries): number {
  return items.length + offers.length + pending.length;
}

export function keyAt(entries: Entries, index: number): string | undefined {
  const entry = entryAt(entries, index);
  return entry === undefined ? undefined : keyOf(entry);
}

/** 没有时返回 -1 */
export function indexOfKey({ items, offers, pending }: Entries, wanted: string): number {
  const index = items.findIndex(({ key }) => key === wanted);
  if (index >= 0) return index;
  const later = [...offers, ...pending].findIndex((entry) => keyOf(entry) === wanted);
  return later < 0 ? -1 : items.length + later;
}

/** [start, end) 的行, 连同日期与未读的分隔; 分组看得到窗口之外的前一条 */
export function rowsOf(entries: Entries, start: number, end: number): LogRow[] {
  const rows: LogRow[] = [];
  const hands = handsBefore(entries, start);
  let previous = entryAt(entries, start - 1);
  for (let index = start; index < end; index += 1) {
    const entry = entryAt(entries, index);
    if (entry === undefined) break;
    const key = keyOf(entry);
    const newDay = previous === undefined || dayOf(previous.time) !== dayOf(entry.time);
    if (newDay) rows.push(divider('day', `day ${key}`, dayOf(entry.time)));
    const unread = key === entries.unreadKey;
    if (unread) rows.push(divider('unread', 'unread', 0));
    const { tag, isChange } = isMessage(entry) ? hands.see(entry.message) : UNSIGNED;
    const first = newDay || unread || isChange || !sameGroup(previous, entry, entries.ownName);
    rows.push(rowOf(entry, key, first, entries.ownName, tag));
    previous = entry;
  }
  return rows;
}

export function sameRow(a: LogRow, b: LogRow): boolean {
  return (
    a.kind === b.kind &&
    a.source === b.source &&
    a.first === b.first &&
    a.mine === b.mine &&
    tagOf(a) === tagOf(b)
  );
}

function handsBefore({ items }: Entries, start: number): Hands {
  const hands = new Hands();
  for (const item of items.slice(Math.max(0, start - LOOK_BACK), start)) {
    if (item.kind === 'message') hands.see(item.message);
  }
  return hands;
}

function isMessage(entry: Entry): entry is MessageItem {
  return 'kind' in entry && entry.kind === 'message';
}

function tagOf(row: LogRow): string | undefined {
  return row.kind === 'message' ? row.tag : undefined;
}

function entryAt({ items, offers, pending }: Entries, index: number): Entry | undefined {
  if (index < items.length) return items[index];
  const later = index - items.length;
  return later < offers.length ? offers[later] : pending[later - offers.length];
}

// 模型的 key 与 clientId 是同一个命名空间: 确认之后沿用 clientId, 页面上还是同一个元素
function keyOf(entry: Entry): string {
  if ('key' in entry) return entry.key;
  return 'clientId' in entry ? entry.clientId : `offer ${entry.id}`;
}

function divider(kind: 'day' | 'unread', key: string, source: number): LogRow {
  return { kind, key, source, first: true, mine: false };
}

function rowOf(
  entry: Entry,
  key: string,
  first: boolean,
  ownName: string | undefined,
  tag: string | undefined,
): LogRow {
  if ('clientId' in entry) return { kind: 'outgoing', key, source: entry, first, mine: true };
  if (!('kind' in entry)) return { kind: 'offer', key, source: entry, first, mine: entry.name === ownName };
  if (entry.kind === 'presence') return { kind: 'presence', key, source: entry, first, mine: false };
  if (entry.kind === 'notice') return { kind: 'notice', key, source: entry, first, mine: false };
  return { kind: 'message', key, source: entry, first, mine: entry.message.name === ownName, tag };
}

function sameGroup(previous: Entry | undefined, entry: Entry, ownName: string | undefined): boolean {
  if (previous === undefined) return false;
  const author = authorOf(entry, ownName);
  if (author === undefined || author !== authorOf(previous, ownName)) return false;
  return minuteOf(previous.time) === minuteOf(entry.time);
}

// 进出, 提示与正在上传的没有作者, 总是另起一组
function authorOf(entry: Entry, ownName: string | undefined): string | undefined {
  if ('clientId' in entry) return ownName;
  return 'kind' in entry && entry.kind === 'message' ? entry.message.name : undefined;
}

function minuteOf(time: number): number {
  return Math.floor(time / 60_000);
}

// 一屏的消息几乎都在同一天: 记住上一次的结果, 免得每行都造 Date
let cachedDay = 0;
let cachedDayEnd = 0;

function dayOf(time: number): number {
  if (time >= cachedDay && time < cachedDayEnd) return cachedDay;
  const date = new Date(time);
  cachedDay = date.setHours(0, 0, 0, 0);
  // 夏令时的一天可能是 23 或 25 小时, 所以用日历推后一天
  cachedDayEnd = date.setDate(date.getDate() + 1);
  return cachedDay;
}
