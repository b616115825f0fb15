// 搜索的两半合成一页: 没落盘的在内存里找, 其余的由读线程找; 以 durableSeq 为界, 不重不漏
import type { SearchPage, SearchQuery } from '../../chat/ports.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { matches } from '../../protocol/search-query.js';
import type { SearchRequest } from './reader-messages.js';
import { searchedOf } from './searched.js';
import type { Tail } from './tail.js';

/** ask: 问读线程。错误: 同 ask (server_busy 等) */
export async function searchWhole(
  query: SearchQuery,
  parts: { readonly tail: Tail; readonly durableSeq: number },
  ask: (request: SearchRequest) => Promise<SearchPage>,
): Promise<SearchPage> {
  const { criteria, limit, before = Number.MAX_SAFE_INTEGER, count } = query;
  const { tail, durableSeq } = parts;
  const edge = durableSeq + 1;
  const isWanted = (entry: RoomEntry): boolean => matches(criteria, searchedOf(entry));
  const newest = (below: number, most: number): RoomEntry[] =>
    tail.search({ above: durableSeq, below, limit: most }, isWanted);
  const recent = newest(before, limit + 1);
  if (recent.length > limit && !count) return { entries: recent.slice(0, limit), more: true };
  const pending = count ? newest(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY).length : 0;
  const older = await ask({
    criteria,
    limit: Math.max(0, limit - recent.length),
    below: Math.min(before, edge),
    ...(count ? { countBelow: edge } : {}),
  });
  return {
    entries: [...recent.slice(0, limit), ...older.entries],
    more: older.more || recent.length > limit,
    ...(older.total === undefined ? {} : { total: pending + older.total }),
  };
}
