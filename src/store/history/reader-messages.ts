// 主线程与读线程之间的消息
import type { HistoryFilter, SearchPage, SentBy } from '../../chat/ports.js';
import type { FileEntry, FileRecord, RoomEntry } from '../../protocol/messages.js';
import type { SearchCriteria } from '../../protocol/search-query.js';

export interface ReaderOptions {
  readonly folder: string;
}

export interface SearchRequest {
  readonly criteria: SearchCriteria;
  readonly limit: number;
  /** 这一页在它之前 */
  readonly below: number;
  /** 给了就也数一数: 它之前合乎的一共有几个 (限于 criteria.isFile) */
  readonly countBelow?: number;
}

/** 各种查询: 参数 -> 结果; seq 的范围都是开区间 */
export interface Queries {
  /** seq 在 (above, below) 之间的最早若干条 */
  readonly after: [HistoryFilter & { readonly above: number; readonly below: number }, RoomEntry[]];
  /** seq 小于 below 的最近若干条, 旧的在前 */
  readonly before: [HistoryFilter & { readonly below: number }, RoomEntry[]];
  readonly sent: [SentBy, RoomEntry | undefined];
  /** 太多时为 undefined */
  readonly sentIds: [string, string[] | undefined];
  readonly hasSize: [number, boolean];
  readonly content: [{ readonly sha256: string; readonly size: number }, FileRecord | undefined];
  readonly file: [string, FileEntry | undefined];
  readonly fileIds: [undefined, string[]];
  readonly search: [SearchRequest, SearchPage];
}

export type QueryKind = keyof Queries;
export type QuickKind = Exclude<QueryKind, 'search'>;

export interface ReaderRequest<K extends QueryKind = QueryKind> {
  readonly id: number;
  readonly kind: K;
  readonly value: Queries[K][0];
}

/** 一轮事件循环里的请求一起送: 跨线程消息每条约 10 微秒 */
export type ReaderBatch = readonly ReaderRequest[] | 'stop';

export type ReaderReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answered'; readonly answers: readonly ReaderAnswer[] };

export type ReaderAnswer =
  | { readonly id: number; readonly result: unknown }
  /** passing: 锁被占着之类, 过会儿再试 */
  | { readonly id: number; readonly failure: string; readonly passing: boolean };
