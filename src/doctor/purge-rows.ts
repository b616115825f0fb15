// 消息数据库里的清除: 找出来, 删掉连同索引与文件列表; seq 不重编, 中间缺的条数记在 meta 里
import type { FileRecord } from '../protocol/messages.js';
import { type Connection, transact } from '../store/history/database.js';
import { blobOf, COLUMNS, type Row, textOf, toEntry } from '../store/history/rows.js';
import type { PurgeTarget } from './purge-target.js';

export interface PurgeRows {
  readonly seqs: readonly number[];
  readonly files: readonly FileRecord[];
  /** 最早与最晚一条的时刻 (Unix 毫秒); 没有则 undefined */
  readonly firstMs?: number | undefined;
  readonly lastMs?: number | undefined;
  /** 用过的名字各几条 */
  readonly names: ReadonlyMap<string, number>;
}

type FoundRow = [...Row, address: Uint8Array | null];

// 一次读这么多行: 内存有界
const BATCH_ROWS = 5000;

/** database 须是第 3 版以上 */
export function findRows(database: Connection, target: PurgeTarget, sinceMs: number): PurgeRows {
  const select = database
    .prepare(
      `SELECT ${COLUMNS}, ${blobOf('m.address')} FROM messages m
       WHERE m.seq > ? AND m.time >= ? ORDER BY m.seq LIMIT ?`,
    )
    .raw();
  const seqs: number[] = [];
  const files: FileRecord[] = [];
  const names = new Map<string, number>();
  let firstMs: number | undefined;
  let lastMs: number | undefined;
  for (let above = -1; ; ) {
    const rows = select.all(above, sinceMs, BATCH_ROWS) as FoundRow[];
    for (const [row, address] of rows) {
      const entry = toEntry([row]);
      above = entry.seq;
      const name = entry.kind === 'file' ? entry.file.name : entry.name;
      if (!target.matches(name, address === null ? undefined : textOf(address))) continue;
      seqs.push(entry.seq);
      if (entry.kind === 'file') files.push(entry.file);
      names.set(name, (names.get(name) ?? 0) + 1);
      firstMs ??= entry.time;
      lastMs = entry.time;
    }
    if (rows.length < BATCH_ROWS) return { seqs, files, names, firstMs, lastMs };
  }
}

/** 一个事务删掉。最后的 seq 不回退, 编号 (epoch) 不换: 历史没有丢, 只是中间缺了 */
export function deleteRows(database: Connection, seqs: readonly number[]): void {
  transact(database, 'IMMEDIATE', () => {
    const lastSeq = Math.max(numberOf(database, 'last_seq'), bound(database, 'MAX'));
    const indexedSeq = numberOf(database, 'indexed_seq');
    database.exec('CREATE TEMP TABLE purged (seq INTEGER PRIMARY KEY)');
    const add = database.prepare('INSERT INTO purged (seq) VALUES (?)');
    for (const seq of seqs) add.run([seq]);
    database.exec(
      `DELETE FROM message_index WHERE rowid IN (SELECT seq FROM purged WHERE seq <= ${indexedSeq})`,
    );
    database.exec('DELETE FROM file_list WHERE seq IN (SELECT seq FROM purged)');
    database.exec('DELETE FROM messages WHERE seq IN (SELECT seq FROM purged)');
    database.exec('DROP TABLE purged');
    const [rows] = one(database, 'SELECT COUNT(*) FROM messages');
    // 一条也不剩就没有缺口可言
    const holes = rows === 0 ? 0 : lastSeq - bound(database, 'MIN') + 1 - rows;
    setMeta(database, 'last_seq', lastSeq);
    setMeta(database, 'holes', holes);
  });
}

/** 删掉的字也不留在索引的旧段与空着的页里: 索引并成一段, 整个重写, 预写日志缩成空的 */
export function scrubDeleted(database: Connection): void {
  database.exec(`INSERT INTO message_index (message_index) VALUES ('optimize')`);
  database.exec('VACUUM');
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
}

function bound(database: Connection, which: 'MIN' | 'MAX'): number {
  const [seq] = one(database, `SELECT COALESCE(${which}(seq), 0) FROM messages`);
  return seq;
}

function numberOf(database: Connection, key: string): number {
  const [row] = database.prepare('SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?').raw().all(key) as [
    number,
  ][];
  return row?.[0] ?? 0;
}

function setMeta(database: Connection, key: string, value: number): void {
  database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run([key, String(value)]);
}

function one(database: Connection, sql: string): [number] {
  return database.prepare(sql).raw().all()[0] as [number];
}
