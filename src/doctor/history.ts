// 消息日志的体检: 数据库的完整性, 搜索索引, 序号, 预写文件; 顺带列出它认得的文件
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import {
  type Connection,
  DATABASE_NAME,
  explain,
  isDamage,
  isPassing,
  requireOurs,
  transact,
  userVersion,
} from '../store/history/database.js';
import { fillFileList } from '../store/history/file-list.js';
import { readProof } from '../store/history/history-proof.js';
import type { JournalRecord } from '../store/history/journal.js';
import { hasJournal, isBlankDatabase, isDatabaseFile } from '../store/history/lost-history.js';
import { FILE_KEPT } from '../store/history/queries.js';
import { blobOf, COLUMNS, OLD_COLUMNS, type Row, textOf, toEntry } from '../store/history/rows.js';
import { FILE_LIST_VERSION, PROVENANCE_VERSION } from '../store/history/schema.js';
import { knownVersion } from '../store/history/upgrade.js';
import { HISTORY_PROOF } from '../store/storage-folder.js';
import type { StoredRecord } from '../store/stored-record.js';
import { checkText } from './check-text.js';
import type { Finding } from './findings.js';
import { examineJournal, keepSound } from './journal.js';
import { isFolder } from './misplaced.js';

export interface HistoryView {
  /** undefined: 没有消息日志, 或坏得读不出 */
  readonly files: ReadonlyMap<string, StoredRecord> | undefined;
  readonly messages: number;
  readonly findings: readonly Finding[];
}

type SentRow = [...Row, sender: Uint8Array | null, clientId: Uint8Array | null];

const SUBJECT = `history/${DATABASE_NAME}`;
// 完整性检查至多列出这么多条
const MAX_PROBLEMS = 20;
// 比现有的还多出这么多条: 不像是真的少了
const MAX_PLAUSIBLE_GAP = 10_000;
const INDEX_NAME = 'message_index';

/** folder 是存储目录的 history/。错误: 数据库由更新的版本建立 (一行中文) */
export function examineHistory(folder: string): HistoryView {
  const file = path.join(folder, DATABASE_NAME);
  // 位置不对的另外报
  if (!isFolder(folder)) return examineMissing(folder);
  if (readdirSync(folder).some((name) => isDatabaseFile(name) && isFolder(path.join(folder, name))))
    return { files: undefined, messages: 0, findings: [] };
  if (isBlankDatabase(folder)) return examineMissing(folder);
  try {
    return withDatabase(file, (database) => examine(database, folder));
  } catch (error) {
    const detail = String((error as Partial<Error>).message ?? error);
    // 锁着, 只读, 没有权限: 不是坏了, 说清楚为什么查不了
    if (!isDamage(error)) throw explain(error, file);
    // 坏得打不开: 文件那一半照常检查
    return {
      files: undefined,
      messages: 0,
      findings: [{ kind: 'database_damaged', subject: SUBJECT, detail }],
    };
  }
}

// 没有数据库, 或是零字节: 有过历史就是丢了; 还剩下的在预写文件里
function examineMissing(folder: string): HistoryView {
  // 凭据在存储目录里, 与 history/ 并列
  const proof = path.join(path.dirname(folder), HISTORY_PROOF);
  const proven = isFolder(proof) ? undefined : readProof(proof);
  if (proven === undefined && !(isFolder(folder) && hasJournal(folder)))
    return { files: undefined, messages: 0, findings: [{ kind: 'database_missing', subject: SUBJECT }] };
  const { records, findings } = isFolder(folder) ? examineJournal(folder, 0) : { records: [], findings: [] };
  const left = `预写文件里还有 ${records.length} 条`;
  const detail = proven === undefined ? left : `自 ${proven.since} 起至少有 ${proven.seq} 条; ${left}`;
  return {
    files: undefined,
    messages: records.length,
    findings: [{ kind: 'history_lost', subject: SUBJECT, detail }, ...findings],
  };
}

/** 预写文件 subject 只留下收得下的; 丢了尾巴就让服务器换历史的编号 */
export function mendJournal(folder: string, subject: string): void {
  // 数据库丢了: 打开它就是新建
  if (isBlankDatabase(folder)) {
    keepSound(folder, path.basename(subject), examineJournal(folder, 0));
    return;
  }
  withDatabase(path.join(folder, DATABASE_NAME), (database) => {
    const [last] = one<[number | null]>(database, 'SELECT MAX(seq) FROM messages');
    const journal = examineJournal(folder, Math.max(last ?? 0, numberOf(database, 'last_seq')));
    if (journal.isTailLost) database.exec(`DELETE FROM meta WHERE key = 'epoch'`);
    keepSound(folder, path.basename(subject), journal);
  });
}

/** 清空搜索索引, 重填文件列表; 索引由服务器启动后从头补建 */
export function resetIndex(folder: string): void {
  withDatabase(path.join(folder, DATABASE_NAME), (database) =>
    transact(database, 'IMMEDIATE', () => {
      database.exec(`INSERT INTO ${INDEX_NAME} (${INDEX_NAME}) VALUES ('delete-all')`);
      database.exec(`INSERT OR REPLACE INTO meta (key, value) VALUES ('indexed_seq', '0')`);
      // 旧版的数据库还没有这两张表, 升级时自会建好
      if (userVersion(database) < FILE_LIST_VERSION) return;
      database.exec('DELETE FROM message_blocks');
      fillFileList(database);
    }),
  );
}

function examine(database: Connection, folder: string): HistoryView {
  requireOurs(database, path.join(folder, DATABASE_NAME));
  // 里面还没有表: 建到一半, 或是被换成了空的
  if (knownVersion(database) === 0) return examineMissing(folder);
  const findings = checkIntegrity(database);
  const [first, last, count] = one<[number | null, number | null, number]>(
    database,
    'SELECT MIN(seq), MAX(seq), COUNT(*) FROM messages',
  );
  const lastSeq = Math.max(last ?? 0, numberOf(database, 'last_seq'));
  // 体检 --purge 删掉的不算缺: 记在 meta 里, 末尾的也在内
  const holes = Math.max(0, numberOf(database, 'holes') - (lastSeq - (last ?? lastSeq)));
  if (first !== null && last !== null && last - first + 1 - holes !== count) {
    findings.push({ kind: 'sequence_gap', subject: SUBJECT, detail: gapDetail(first, last, count) });
  }
  findings.push(...checkText(database, SUBJECT));
  const journal = examineJournal(folder, lastSeq);
  return {
    files: new Map([...loggedFiles(database), ...filesOf(journal.records)]),
    messages: count + journal.records.length,
    findings: [...findings, ...journal.findings],
  };
}

function gapDetail(first: number, last: number, count: number): string {
  const missing = last - first + 1 - count;
  if (missing < count + MAX_PLAUSIBLE_GAP) return `${first} 到 ${last} 之间少 ${missing} 条`;
  return `只有 ${count} 条, 序号却从 ${first} 到 ${last}: 多半是序号本身坏了`;
}

function checkIntegrity(database: Connection): Finding[] {
  const problems = (
    database
      .prepare(`SELECT ${blobOf('integrity_check')} FROM pragma_integrity_check(${MAX_PROBLEMS})`)
      .raw()
      .all() as [Uint8Array][]
  ).map(([text]) => textOf(text));
  const findings = problems
    .filter((text) => text !== 'ok')
    .map((detail): Finding => {
      // 全文索引坏了可以重建, 与别的分开
      const kind = detail.includes(INDEX_NAME) ? 'index_damaged' : 'database_damaged';
      return { kind, subject: SUBJECT, detail };
    });
  if (findings.some(({ kind }) => kind === 'index_damaged')) return findings;
  const detail = indexProblem(database);
  return detail === undefined ? findings : [...findings, { kind: 'index_damaged', subject: SUBJECT, detail }];
}

function indexProblem(database: Connection): string | undefined {
  try {
    database.exec(`INSERT INTO ${INDEX_NAME} (${INDEX_NAME}) VALUES ('integrity-check')`);
    const indexedSeq = numberOf(database, 'indexed_seq');
    const [missing] = one<[number]>(
      database,
      `SELECT COUNT(*) FROM messages m LEFT JOIN ${INDEX_NAME}_docsize d ON d.id = m.seq
       WHERE m.seq <= ${indexedSeq} AND d.id IS NULL`,
    );
    if (missing > 0) return `${missing} 条消息没有编入`;
    return userVersion(database) < FILE_LIST_VERSION ? undefined : fileListProblem(database);
  } catch (error) {
    if (isPassing(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

// 多出来的行 (它的消息没有了) 由 sequence_gap 说
function fileListProblem(database: Connection): string | undefined {
  const [missing] = one<[number]>(
    database,
    `SELECT COUNT(*) FROM messages m LEFT JOIN file_list f ON f.seq = m.seq
     WHERE m.kind = 'file' AND f.seq IS NULL`,
  );
  return missing === 0 ? undefined : `文件列表里少 ${missing} 个`;
}

function loggedFiles(database: Connection): Map<string, StoredRecord> {
  const columns = userVersion(database) < PROVENANCE_VERSION ? OLD_COLUMNS : COLUMNS;
  const rows = database
    .prepare(
      `SELECT ${columns}, ${blobOf('m.sender')}, ${blobOf('m.client_id')} FROM messages m WHERE m.kind = 'file' AND m.${FILE_KEPT}`,
    )
    .raw()
    .all() as SentRow[];
  return filesOf(
    rows.map(([row, sender, clientId]) => {
      const entry = toEntry([row]);
      if (sender === null || clientId === null) return { entry };
      return { entry, sentBy: { sender: textOf(sender), clientId: textOf(clientId) } };
    }),
  );
}

function filesOf(records: readonly JournalRecord[]): Map<string, StoredRecord> {
  return new Map(
    records.flatMap(({ entry, sentBy }): [string, StoredRecord][] => {
      if (entry.kind !== 'file') return [];
      return [[entry.file.id, { record: entry.file, ...(sentBy === undefined ? {} : { sentBy }) }]];
    }),
  );
}

function withDatabase<T>(file: string, task: (database: Connection) => T): T {
  const database = new Database(file);
  try {
    return task(database);
  } finally {
    database.close();
  }
}

function numberOf(database: Connection, key: string): number {
  const rows = database.prepare('SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?').raw().all(key) as [
    number,
  ][];
  return rows[0]?.[0] ?? 0;
}

function one<T>(database: Connection, sql: string): T {
  return database.prepare(sql).raw().all()[0] as T;
}
