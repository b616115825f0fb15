// 一页历史: 从消息日志取一段, 按条数与字节截断, 说明沿同一方向还有没有
import type { HistoryMessage, RoomEntry } from '../protocol/messages.js';
import type { Answer, MessageLog } from './ports.js';

// 一页的上限 (字节): 远低于慢消费者预算, 否则补发本身就会把人踢下线
const REPLAY_BYTES = 256 * 1024;
// 文字消息除正文之外的字段, 与一条文件消息 (估计, 字节); 名字至多 32 码点
const ENVELOPE_BYTES = 160;
const FILE_BYTES = 1024;

export type HistoryRange = Pick<HistoryMessage, 'before' | 'after' | 'kind' | 'limit'>;

export interface HistoryPage {
  /** 旧的在前 */
  readonly entries: readonly RoomEntry[];
  /** 沿同一方向还有 (限定了 kind 时: 还有这一种) */
  readonly more: boolean;
}

/** after 优先于 before; 两个都没有就是最近的一页。range.limit 至少为 1。日志同步答得出就同步返回 */
export function readPage(log: MessageLog, range: HistoryRange): Answer<HistoryPage> {
  const { before, after, kind, limit } = range;
  const forward = after !== undefined;
  // 多取一条只为知道后面还有没有
  const filter = { limit: limit + 1, ...(kind === undefined ? {} : { kind }) };
  // before 超过末尾就是要最新的一页
  const end = Math.min(before ?? Number.POSITIVE_INFINITY, log.seq + 1);
  const found = forward ? log.after(after, filter) : log.before(end, filter);
  const cut = (entries: readonly RoomEntry[]): HistoryPage => cutPage(entries, limit, forward);
  return found instanceof Promise ? found.then(cut) : cut(found);
}

function cutPage(found: readonly RoomEntry[], limit: number, forward: boolean): HistoryPage {
  const surplus = Math.max(0, found.length - limit);
  const entries = fit(forward ? found.slice(0, limit) : found.slice(surplus), forward);
  return { entries, more: entries.length < found.length };
}

// 按字节截断一页; forward 时保留旧的一端, 否则保留新的一端
function fit(entries: readonly RoomEntry[], forward: boolean): readonly RoomEntry[] {
  return forward ? fitBytes(entries) : fitBytes([...entries].reverse()).reverse();
}

/** 从头留下一页放得下的, 至少一条 */
export function fitBytes(entries: readonly RoomEntry[]): RoomEntry[] {
  const kept: RoomEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += entryBytes(entry);
    if (bytes > REPLAY_BYTES && kept.length > 0) break;
    kept.push(entry);
  }
  return kept;
}

function entryBytes(entry: RoomEntry): number {
  return entry.kind === 'text' ? ENVELOPE_BYTES + Buffer.byteLength(entry.message) : FILE_BYTES;
}
