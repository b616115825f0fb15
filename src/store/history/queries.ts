// 读线程的快查询: 翻页, 认重发, 按内容找文件; 每一个都走索引, 不随历史的长度变慢
import type { HistoryFilter } from '../../chat/ports.js';
import type { FileEntry, HistoryKind, RoomEntry } from '../../protocol/messages.js';
import { PageFill } from '../../protocol/page-bytes.js';
import type { Statements } from './database.js';
import type { Queries, QuickKind } from './reader-messages.js';
import { blobOf, COLUMNS, type Row, textOf, toEntry } from './rows.js';
import { entryBytes, type TailLimits } from './tail.js';

/** 文件还没有过期删掉 (files.keepDays) */
export const FILE_KEPT = `seq > COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'files_gone'), 0)`;

type QuickTable = { readonly [K in QuickKind]: (value: Queries[K][0]) => Queries[K][1] };

const SELECT = `SELECT ${COLUMNS} FROM messages m`;
// 一次给出一个人的全部 clientId, 至多这么多: 再多就逐条问 (约 4 毫秒)
const MAX_SENT_IDS = 4096;
// 按字节截断的一页先取这么多行, 之后逐次加倍: 长文字的不多读, 短文字的两三次取完
const FIRST_ROWS = 16;
// 读尾部时一次取这么多行: 够了字节就停, 不必把百万行都读出来
const TAIL_ROWS = 1000;

/** 错误: SQLite 的错误原样抛出 */
export function quickQueries(statements: Statements): QuickTable {
  const entries = (sql: string, ...values: (string | number)[]): RoomEntry[] =>
    statements.rows<Row>(sql, ...values).map(toEntry);
  const ofKind = (kind: HistoryKind | undefined): string =>
    kind === undefined ? '' : `AND m.kind = '${kind}'`;
  const before = ({ below, kind, ...size }: Queries['before'][0]): RoomEntry[] => {
    const sql = `${SELECT} WHERE m.seq < ? ${ofKind(kind)} ORDER BY m.seq DESC LIMIT ?`;
    return filled(size, (last, count) => entries(sql, last?.seq ?? below, count)).reverse();
  };
  const first = (found: readonly RoomEntry[]): FileEntry | undefined =>
    found[0]?.kind === 'file' ? found[0] : undefined;
  return {
    before,
    after: ({ above, below, kind, ...size }) => {
      const sql = `${SELECT} WHERE m.seq > ? AND m.seq < ? ${ofKind(kind)} ORDER BY m.seq LIMIT ?`;
      return filled(size, (last, count) => entries(sql, last?.seq ?? above, below, count));
    },
    // 最早的一条才是当初应答过的
    sent: ({ sender, clientId }) =>
      entries(`${SELECT} WHERE m.sender = ? AND m.client_id = ? ORDER BY m.seq LIMIT 1`, sender, clientId)[0],
    sentIds: (sender) => {
      const rows = statements.rows<[Uint8Array]>(
        `SELECT ${blobOf('client_id')} FROM messages WHERE sender = ? AND client_id IS NOT NULL LIMIT ?`,
        sender,
        MAX_SENT_IDS + 1,
      );
      return rows.length > MAX_SENT_IDS ? undefined : rows.map(([clientId]) => textOf(clientId));
    },
    hasSize: (size) => statements.rows('SELECT 1 FROM messages WHERE size = ? LIMIT 1', size).length > 0,
    content: ({ sha256, size }) =>
      first(entries(`${SELECT} WHERE m.sha256 = ? AND m.size = ? ORDER BY m.seq DESC LIMIT 1`, sha256, size))
        ?.file,
    file: (fileId) =>
      first(entries(`${SELECT} WHERE m.kind = 'file' AND m.id = ? ORDER BY m.seq LIMIT 1`, fileId)),
    fileIds: () =>
      statements
        .rows<[Uint8Array]>(`SELECT ${blobOf('id')} FROM messages WHERE kind = 'file' AND ${FILE_KEPT}`)
        .map(([id]) => textOf(id)),
  };
}

// 一小批一小批地读 (read: 接着 last 的若干条), 条数或字节够了就停
function filled(
  { limit, maxBytes }: Pick<HistoryFilter, 'limit' | 'maxBytes'>,
  read: (last: RoomEntry | undefined, count: number) => readonly RoomEntry[],
): RoomEntry[] {
  if (maxBytes === undefined) return [...read(undefined, limit)];
  const fill = new PageFill(maxBytes);
  const found: RoomEntry[] = [];
  for (let rows = FIRST_ROWS; found.length < limit; rows *= 2) {
    const count = Math.min(rows, limit - found.length);
    const batch = read(found.at(-1), count);
    for (const entry of batch) {
      found.push(entry);
      fill.add(entry);
      if (fill.isFull) return found;
    }
    if (batch.length < count) return found;
  }
  return found;
}

/** 最近的一段, 条数与 (估计的) 字节都有上限, 旧的在前 */
export function readTail(statements: Statements, { maxMessages, maxBytes }: TailLimits): RoomEntry[] {
  const { before } = quickQueries(statements);
  const pages: RoomEntry[][] = [];
  let count = 0;
  let bytes = 0;
  for (let below = Number.MAX_SAFE_INTEGER; count < maxMessages && bytes < maxBytes; ) {
    const page = before({ below, limit: Math.min(TAIL_ROWS, maxMessages - count) });
    const oldest = page[0];
    if (oldest === undefined) break;
    pages.unshift(page);
    below = oldest.seq;
    count += page.length;
    bytes += page.reduce((sum, entry) => sum + entryBytes(entry), 0);
  }
  return pages.flat();
}

/** 末尾连续到 lastSeq 的一段: 尾部须连续, 缺口 (体检 --purge 删掉的) 之前的由数据库答 */
export function contiguous(entries: readonly RoomEntry[], lastSeq: number): RoomEntry[] {
  let start = entries.length;
  while (start > 0 && entries[start - 1]?.seq === lastSeq - (entries.length - start)) start -= 1;
  return entries.slice(start);
}
