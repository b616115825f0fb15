// 一次文件搜索 (读线程里): 只看 file_list, 一步一段, 步与步之间让位; 要总数时看完全部 (十万个文件约 20 毫秒)
import type { SearchPage } from '../../chat/ports.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { matches, type SearchCriteria } from '../../protocol/search-query.js';
import { type Connection, type Statements, transact } from './database.js';
import type { Queries } from './reader-messages.js';
import { COLUMNS, type Row, toEntry } from './rows.js';
import { indexedWord, searchedOf } from './searched.js';

// 一步看这么多个文件: 约 2 毫秒
const WINDOW = 8192;
const NEWEST = 'SELECT * FROM file_list WHERE seq < ? ORDER BY seq DESC LIMIT ?';

export class FileSearch {
  readonly #database: Connection;
  readonly #statements: Statements;
  readonly #criteria: SearchCriteria;
  readonly #limit: number;
  /** 这一页在它之前; 总数不管它 */
  readonly #pageBelow: number;
  readonly #counts: boolean;
  readonly #condition: { readonly sql: string; readonly values: readonly (string | number)[] };
  readonly #found: RoomEntry[] = [];
  #below: number;
  #total = 0;

  constructor(database: Connection, statements: Statements, query: Queries['search'][0]) {
    this.#database = database;
    this.#statements = statements;
    this.#criteria = query.criteria;
    this.#limit = query.limit;
    this.#pageBelow = query.below;
    this.#counts = query.countBelow !== undefined;
    this.#below = query.countBelow ?? query.below;
    this.#condition = conditionOf(query.criteria);
  }

  get page(): SearchPage {
    const entries = this.#found.slice(0, this.#limit);
    return {
      entries,
      more: this.#found.length > this.#limit,
      ...(this.#counts ? { total: this.#total } : {}),
    };
  }

  /** 走一步; 返回是否已经完成 */
  step(): boolean {
    return transact(this.#database, 'DEFERRED', () => this.#advance());
  }

  #advance(): boolean {
    const [edge] = this.#statements.rows<[number | null, number]>(
      `SELECT MIN(seq), count(*) FROM (${NEWEST})`,
      ...[this.#below, WINDOW],
    );
    const [lowest, count] = edge ?? [null, 0];
    if (lowest === null) return true;
    const { sql, values } = this.#condition;
    const bound = [this.#below, WINDOW, ...values];
    this.#below = lowest;
    // 这一页够了: 只数, 不必把几万个 seq 取出来
    if (this.#isFull) {
      const [counted] = this.#statements.rows<[number]>(
        `SELECT count(*) FROM (${NEWEST}) f WHERE ${sql}`,
        ...bound,
      );
      this.#total += counted?.[0] ?? 0;
    } else {
      const found = this.#statements.rows<[number]>(`SELECT f.seq FROM (${NEWEST}) f WHERE ${sql}`, ...bound);
      this.#total += found.length;
      this.#collect(found.map(([seq]) => seq));
    }
    return count < WINDOW || (this.#isFull && !this.#counts);
  }

  get #isFull(): boolean {
    return this.#found.length > this.#limit;
  }

  #collect(seqs: readonly number[]): void {
    for (const seq of seqs) {
      if (this.#isFull) return;
      if (seq >= this.#pageBelow) continue;
      const [row] = this.#statements.rows<Row>(`SELECT ${COLUMNS} FROM messages m WHERE m.seq = ?`, seq);
      const entry = row && toEntry(row);
      if (entry !== undefined && matches(this.#criteria, searchedOf(entry))) this.#found.push(entry);
    }
  }
}

// 词至多 MAX_QUERY_WORDS 个, 种类有限, 所以句子的写法也有限
function conditionOf(criteria: SearchCriteria): { sql: string; values: (string | number)[] } {
  const { words, from, kinds, alsoInSender, sinceMs, untilMs } = criteria;
  const where: string[] = words.map(() =>
    alsoInSender ? '(instr(f.name, ?) > 0 OR instr(f.sender, ?) > 0)' : 'instr(f.name, ?) > 0',
  );
  const values: (string | number)[] = words
    .map(indexedWord)
    .flatMap((word) => (alsoInSender ? [word, word] : [word]));
  const oneOf = (column: string, list: readonly string[]): void => {
    where.push(`f.${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(list));
  };
  if (from.length > 0) oneOf('sender', from);
  if (kinds !== undefined) oneOf('kind', kinds);
  if (sinceMs !== undefined) {
    where.push('f.time >= ?');
    values.push(sinceMs);
  }
  if (untilMs !== undefined) {
    where.push('f.time < ?');
    values.push(untilMs);
  }
  // 文件名里不会有网址的斜线, 所以 has:link 的文件总是没有
  if (criteria.hasLink) where.push('0');
  return { sql: where.length === 0 ? '1' : where.join(' AND '), values };
}
