// 消息表的写入一侧 (写线程): 提交一批, 删掉过期的, 记住 epoch 与最后的 seq
import { randomUUID } from 'node:crypto';
import type { FileRecord } from '../../protocol/messages.js';
import { AddressBook } from './address-book.js';
import { isSameBoot } from './boot.js';
import { type Connection, transact } from './database.js';
import { FileList } from './file-list.js';
import type { JournalRecord } from './journal.js';
import { blobOf, COLUMNS, INSERT, insertValues, type Row, textOf, toEntry } from './rows.js';
import type { Fullness } from './writer-messages.js';

// meta 里的键
const FILES_GONE = 'files_gone';

export class MessageTable {
  readonly #database: Connection;
  readonly #insert;
  readonly #setMeta;
  readonly #files: FileList;
  readonly #pageCounts;
  readonly addresses: AddressBook;
  #seq: number;
  /** 中间缺的条数: 体检的 --purge 删掉的 */
  #holes: number;

  constructor(database: Connection) {
    this.#database = database;
    this.#insert = database.prepare(INSERT);
    this.#files = new FileList(database);
    this.addresses = new AddressBook(database);
    this.#pageCounts = database
      .prepare(
        `SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count),
                (SELECT page_size FROM pragma_page_size)`,
      )
      .raw();
    this.#setMeta = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
    this.#seq = Math.max(Number(this.meta('last_seq') ?? 0), this.#bound('MAX'));
    this.#holes = Number(this.meta('holes') ?? 0);
  }

  /** 最近提交的一条 */
  get seq(): number {
    return this.#seq;
  }

  /** 还没有开始过; begin 之前问 */
  get isNew(): boolean {
    return this.meta('epoch') === undefined && this.#seq === 0;
  }

  /** 同一个历史, 却没有它那么多: 由较旧的备份恢复的。begin 之前问 */
  isBehind({ epoch, seq }: { readonly epoch: string; readonly seq: number }): boolean {
    return this.meta('epoch') === epoch && this.#seq < seq;
  }

  /** 还留着的最旧一条; 一条也没有时是下一条的 */
  get firstSeq(): number {
    return this.#bound('MIN') || this.#seq + 1;
  }

  /** 还留着几条: seq 逐条加一, 减去中间缺的 */
  get rows(): number {
    return this.#seq - this.firstSeq + 1 - this.#holes;
  }

  /** 最旧的第 count 条的 seq; 没有那么多则 undefined */
  nthSeq(count: number): number | undefined {
    const [row] = this.#database
      .prepare('SELECT seq FROM messages ORDER BY seq LIMIT 1 OFFSET ?')
      .raw()
      .all(count - 1) as [number][];
    return row?.[0];
  }

  /** 数据库用着的字节, 空着的页不算 */
  usedBytes(): number {
    const [[pages, free, size] = [0, 0, 0]] = this.#pageCounts.all() as [number, number, number][];
    return (pages - free) * size;
  }

  fullness(): Fullness {
    const [row] = this.#database
      .prepare('SELECT CAST(time AS INTEGER) FROM messages ORDER BY seq LIMIT 1')
      .raw()
      .all() as [number][];
    return { rows: this.rows, oldestMs: row?.[0], usedBytes: this.usedBytes() };
  }

  /** 文件有多少个; 要数一遍, 只在启动时问 */
  countFiles(): number {
    return this.#files.count();
  }

  meta(key: string): string | undefined {
    const [row] = this.#database
      .prepare(`SELECT ${blobOf('value')} FROM meta WHERE key = ?`)
      .raw()
      .all(key) as [Uint8Array][];
    return row && textOf(row[0]);
  }

  setMeta(key: string, value: string): void {
    this.#setMeta.run(key, value);
  }

  /**
   * 历史的编号。丢了尾巴 (预写文件坏了, 换回了旧的一份), 或上次没有好好停下而机器又重启过 (播出去而没落盘的可能已丢): 换一个编号, 客户端据此重新取。
   * 副作用: 记下正在运行
   */
  begin(boot: string, isTailLost: boolean): string {
    return transact(this.#database, 'IMMEDIATE', () => {
      const before = this.meta('running');
      const known = this.meta('epoch');
      const lost = isTailLost || (before !== undefined && !isSameBoot(before, boot));
      const epoch = known === undefined || lost ? randomUUID() : known;
      this.setMeta('epoch', epoch);
      this.setMeta('running', boot);
      return epoch;
    });
  }

  /** 好好停下了; 副作用: 预写日志并进数据库, 缩成空的 */
  end(): void {
    this.addresses.flush();
    this.#database.prepare('DELETE FROM meta WHERE key = ?').run('running');
    this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  }

  /** 一个事务写入一批; 已有的 (重开之后再读到的) 跳过 */
  commit(records: readonly JournalRecord[]): void {
    const fresh = records.filter(({ entry }) => entry.seq > this.#seq);
    const last = fresh.at(-1);
    if (last === undefined) return;
    transact(this.#database, 'IMMEDIATE', () => {
      for (const { entry, ...provenance } of fresh) {
        this.#insert.run(insertValues(entry, provenance));
        if (entry.kind === 'file') this.#files.add(entry);
      }
    });
    this.#seq = last.entry.seq;
    this.addresses.count(fresh);
  }

  /** 到此为止的文件过期删掉了, 消息还在 */
  get filesGoneSeq(): number {
    return Number(this.meta(FILES_GONE) ?? 0);
  }

  filesGone(seq: number): void {
    this.setMeta(FILES_GONE, String(seq));
  }

  /** seq 不大于它而还没有过期删掉的文件 */
  filesUpTo(seq: number): FileRecord[] {
    const rows = this.#database
      .prepare(`SELECT ${COLUMNS} FROM messages m WHERE kind = 'file' AND seq > ? AND seq <= ?`)
      .raw()
      .all(this.filesGoneSeq, seq) as Row[];
    return rows.map(toEntry).flatMap((entry) => (entry.kind === 'file' ? [entry.file] : []));
  }

  /** 删掉 seq 不大于它的行, 连同它们的索引; 返回删掉的条数, 其中几个文件 */
  deleteUpTo(seq: number, indexedSeq: number): { readonly count: number; readonly files: number } {
    return transact(this.#database, 'IMMEDIATE', () => {
      // 最后一条也可能被删: 序号另外记住, 不会回退
      this.setMeta('last_seq', String(this.#seq));
      this.#database
        .prepare(
          'DELETE FROM message_index WHERE rowid IN (SELECT seq FROM messages WHERE seq <= ? AND seq <= ?)',
        )
        .run([seq, indexedSeq]);
      this.#database.prepare('DELETE FROM message_blocks WHERE last_seq <= ?').run([seq]);
      const files = this.#files.deleteUpTo(seq);
      const { rows } = this;
      const count = this.#database.prepare('DELETE FROM messages WHERE seq <= ?').run([seq]).changes;
      this.#closeHoles(rows - count);
      return { count, files };
    });
  }

  // 缺口连同它前面的都删掉了, 就不再是缺口
  #closeHoles(rows: number): void {
    if (this.#holes === 0) return;
    this.#holes = this.#seq - this.firstSeq + 1 - rows;
    this.setMeta('holes', String(this.#holes));
  }

  #bound(which: 'MIN' | 'MAX'): number {
    const [row] = this.#database.prepare(`SELECT ${which}(seq) AS seq FROM messages`).all() as {
      seq: number | null;
    }[];
    return row?.seq ?? 0;
  }
}
