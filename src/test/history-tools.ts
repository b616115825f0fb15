// 消息日志测试共用的工具: 直接打开磁盘上的日志, 或从旁边另开一个 SQLite 连接
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import type { SearchPage } from '../chat/ports.js';
import type { FileRecord, RoomEntry } from '../protocol/messages.js';
import { criteriaOf, type SearchScope } from '../protocol/search-query.js';
import { DATABASE_NAME } from '../store/history/database.js';
import { DiskLog, type DiskLogOptions } from '../store/history/disk-log.js';
import { atEnd, temporaryFolder } from './harness.js';

const MIB = 1024 * 1024;
// 等一个条件成立的上限; 远大于正常所需, 不是计时断言
const WAIT_MS = 20_000;

export interface OpenLog {
  readonly log: DiskLog;
  readonly folder: string;
  /** 日志记下的事, 每条是它的文字 */
  readonly said: string[];
}

/** 直接打开的消息日志; 测试结束时停止 */
export async function openLog(t: TestContext, overrides: Partial<DiskLogOptions> = {}): Promise<OpenLog> {
  const folder = overrides.folder ?? (await temporaryFolder(t));
  const said: string[] = [];
  const note = (_fields: object, message: string): void => void said.push(message);
  const log = await DiskLog.open({
    folder,
    tail: { maxMessages: 1000, maxBytes: 8 * MIB },
    pendingBytes: 64 * MIB,
    maxSearches: 64,
    // 断电不是这里要试的; 少等几次磁盘
    sync: false,
    retention: { maxMessages: 0, maxAgeDays: 0, maxBytes: 0, keepDays: 0 },
    removeFile: async () => {},
    logger: { info: note, warn: note, error: note },
    ...overrides,
  });
  atEnd(t, () => log.stop());
  log.beginRetention();
  return { log, folder, said };
}

/** 追加一行文字, 返回落盘的 Promise */
export function say(log: DiskLog, message: string, time = Date.now()): Promise<void> {
  return log.appendText({ kind: 'text', id: `id-${log.seq + 1}`, time, name: '张三', message }).durable;
}

export function fileRecord(id: string, fields: Partial<FileRecord> = {}): FileRecord {
  return {
    id,
    name: '张三',
    originalName: `${id}.txt`,
    path: `/files/${id}.txt`,
    size: 1,
    mimeType: 'text/plain',
    sha256: '0'.repeat(64),
    ...fields,
  };
}

export function seqs(entries: readonly RoomEntry[]): number[] {
  return entries.map(({ seq }) => seq);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** 搜一页; 用户写的 query 与 search 消息的那几个字段 */
export function find(
  log: DiskLog,
  query: string,
  { limit = 20, before, ...scope }: SearchScope & { readonly limit?: number; readonly before?: number } = {},
): Promise<SearchPage> {
  const criteria = criteriaOf(query, scope);
  const count = scope.kind !== undefined;
  return log.search({ criteria, limit, count, ...(before === undefined ? {} : { before }) });
}

/** 旁边另开的一个连接, 如同管理员用 SQLite 的工具打开; folder 是数据库所在 */
export function besides(t: TestContext, folder: string): Database.Database {
  const database = new Database(path.join(folder, DATABASE_NAME), { timeout: 5000 });
  atEnd(t, () => database.close());
  return database;
}

/** 直接读数据库里的一个值 */
export function cell(database: Database.Database, sql: string): unknown {
  const [row] = database.prepare(sql).raw().all() as [unknown][];
  return row?.[0];
}

/** 等到 probe 给出 true: 线程里的事没有别的通知 */
export async function until(probe: () => boolean): Promise<void> {
  for (const deadline = Date.now() + WAIT_MS; !probe(); ) {
    if (Date.now() > deadline) throw new Error('等不到条件成立');
    await sleep(10);
  }
}

/** 等到全文索引编到 seq */
export function untilIndexed(database: Database.Database, seq: number): Promise<void> {
  return until(() => Number(cell(database, "SELECT value FROM meta WHERE key = 'indexed_seq'")) >= seq);
}
