// 全文索引的补建 (写线程): 攒够一批, 趁空闲编入; 没编入的尾巴由搜索逐条看
import { type Connection, transact } from './database.js';
import type { MessageTable } from './message-table.js';
import { blobOf, textOf } from './rows.js';
import { indexedColumns } from './searched.js';

// 一个事务编入的条数: 约 30 毫秒, 期间新的提交要等
const BATCH_ROWS = 2000;
// 空闲时攒到这么多才编: 一条一个事务太碎; 搜索多看这些条不到 1 毫秒
const IDLE_BACKLOG = 1000;
// 一直不空闲时的极限: 搜索逐条看这么多约几十毫秒
const BUSY_BACKLOG = 20_000;

type IndexRow = [seq: number, time: number, name: Uint8Array, body: Uint8Array];

export class IndexBuilder {
  readonly #database: Connection;
  readonly #table: MessageTable;
  readonly #select;
  readonly #insert;
  readonly #insertBlock;
  #indexedSeq: number;

  constructor(database: Connection, table: MessageTable) {
    this.#database = database;
    this.#table = table;
    this.#select = database
      .prepare(
        `SELECT seq, CAST(time AS INTEGER), ${blobOf('name')}, ${blobOf('body')}
         FROM messages WHERE seq > ? ORDER BY seq LIMIT ?`,
      )
      .raw();
    this.#insert = database.prepare('INSERT INTO message_index (rowid, body, facets) VALUES (?, ?, ?)');
    this.#insertBlock = database.prepare(
      'INSERT INTO message_blocks (first_seq, last_seq, min_time, max_time) VALUES (?, ?, ?, ?)',
    );
    this.#indexedSeq = Number(table.meta('indexed_seq') ?? 0);
  }

  /** 到此为止都已编入 */
  get indexedSeq(): number {
    return this.#indexedSeq;
  }

  /** 现在该不该编一批 */
  isDue(idle: boolean): boolean {
    return this.#table.seq - this.#indexedSeq >= (idle ? IDLE_BACKLOG : BUSY_BACKLOG);
  }

  /** 编入一批 */
  step(): void {
    const rows = this.#select.all(this.#indexedSeq, BATCH_ROWS) as IndexRow[];
    const last = rows.at(-1)?.[0] ?? this.#table.seq;
    transact(this.#database, 'IMMEDIATE', () => {
      for (const [seq, , name, body] of rows)
        this.#insert.run([seq, ...indexedColumns({ name: textOf(name), body: textOf(body) })]);
      this.#addBlock(rows);
      this.#table.setMeta('indexed_seq', String(last));
    });
    this.#indexedSeq = last;
  }

  #addBlock(rows: readonly IndexRow[]): void {
    const times = rows.map(([, time]) => time);
    const first = rows[0];
    const last = rows.at(-1);
    if (first === undefined || last === undefined) return;
    this.#insertBlock.run([first[0], last[0], Math.min(...times), Math.max(...times)]);
  }
}
