// 一页历史: 从消息日志取一段, 按条数与字节截断, 说明沿同一方向还有没有
import type { HistoryMessage, RoomEntry } from '../protocol/messages.js';
import type { MessageLog } from './ports.js';

// 一页的上限 (字节): 远低于慢消费者预算, 否则补发本身就会把人踢下线
const REPLAY_BYTES = 256 * 1024;

export type HistoryRange = Pick<HistoryMessage, 'before' | 'after' | 'kind' | 'limit'>;

export interface HistoryPage {
  /** 旧的在前 */
  readonly entries: readonly RoomEntry[];
  /** 沿同一方向还有 (限定了 kind 时: 还有这一种) */
  readonly more: boolean;
}

/** after 优先于 before; 两个都没有就是最近的一页。range.limit 至少为 1 */
export function readPage(log: MessageLog, { before, after, kind, limit }: HistoryRange): HistoryPage {
  const forward = after !== undefined;
  // before 超过末尾就是要最新的一页
  const end = Math.min(before ?? Number.POSITIVE_INFINITY, log.seq + 1);
  // 多取一条只为知道后面还有没有
  const found = forward ? log.after(after, limit + 1, kind) : log.before(end, limit + 1, kind);
  const surplus = Math.max(0, found.length - limit);
  const entries = fit(forward ? found.slice(0, limit) : found.slice(surplus), forward);
  return { entries, more: entries.length < found.length };
}

// 按字节截断一页; forward 时保留旧的一端, 否则保留新的一端
function fit(entries: readonly RoomEntry[], forward: boolean): RoomEntry[] {
  const ordered = forward ? [...entries] : [...entries].reverse();
  const kept: RoomEntry[] = [];
  let bytes = 0;
  for (const entry of ordered) {
    bytes += entry.kind === 'text' ? entry.message.length * 3 : 1024;
    if (bytes > REPLAY_BYTES && kept.length > 0) break;
    kept.push(entry);
  }
  return forward ? kept : kept.reverse();
}
