// 一页历史: 从消息日志取一段, 按条数与字节截断, 说明沿同一方向还有没有
import type { HistoryMessage, RoomEntry } from '../protocol/messages.js';
import { PAGE_BYTES, pageBytes } from '../protocol/page-bytes.js';
import type { HistoryFilter, MessageLog } from './ports.js';

export type HistoryRange = Pick<HistoryMessage, 'before' | 'after' | 'kind' | 'limit'>;

export interface HistoryPage {
  /** 旧的在前 */
  readonly entries: readonly RoomEntry[];
  /** 沿同一方向还有 (限定了 kind 时: 还有这一种) */
  readonly more: boolean;
}

/** 内存里的尾部答得出的一页; 要读盘时为 undefined。参数同 readPage */
export function recentPage(log: MessageLog, range: HistoryRange): HistoryPage | undefined {
  const { after, limit } = range;
  const filter = filterOf(range);
  const found =
    after === undefined ? log.recentBefore(endOf(log, range), filter) : log.recentAfter(after, filter);
  return found && cutPage(found, limit, after !== undefined);
}

/** after 优先于 before; 两个都没有就是最近的一页。range.limit 至少为 1 */
export async function readPage(log: MessageLog, range: HistoryRange): Promise<HistoryPage> {
  const { after, limit } = range;
  const filter = filterOf(range);
  const found = after === undefined ? log.before(endOf(log, range), filter) : log.after(after, filter);
  return cutPage(await found, limit, after !== undefined);
}

// 多取一条只为知道后面还有没有
function filterOf({ kind, limit }: HistoryRange): HistoryFilter {
  return { limit: limit + 1, maxBytes: PAGE_BYTES, ...(kind === undefined ? {} : { kind }) };
}

// before 超过末尾就是要最新的一页
function endOf(log: MessageLog, { before }: HistoryRange): number {
  return Math.min(before ?? Number.POSITIVE_INFINITY, log.seq + 1);
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
    bytes += pageBytes(entry);
    if (bytes > PAGE_BYTES && kept.length > 0) break;
    kept.push(entry);
  }
  return kept;
}
