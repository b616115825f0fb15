// 一次搜索 (读线程里): 分成小步, 步与步之间让位给翻页。从新往旧, 够了就停
//   还没编入索引的: 逐条看; 编入了的: 三个字起查词组, 一两个字展开成三字组; 太常见的逐条看, 很快就够
import type { SearchPage } from '../../chat/ports.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { type Connection, type Statements, transact } from './database.js';
import { contains, indexed } from './literal.js';
import type { Queries } from './reader-messages.js';
import { blobOf, COLUMNS, type Row, textOf, toEntry } from './rows.js';

// 逐条看: 常见的词几十条里就够了, 从小步起逐步加倍; 最大的一步 1 到 3 毫秒
const FIRST_SCAN_ROWS = 128;
const MAX_SCAN_ROWS = 1024;
const MAX_INSTR_ROWS = 8192;
// 一两个字的词先逐条看这么多: 常见的到此为止, 不必去数它的三字组 (几十毫秒)
const PEEK_ROWS = 1024;
// 索引给出的候选一步取这么多; 假的候选极少
const MATCH_ROWS = 200;
// 一两个字的词至多展开成这么多三字组 (查询约 10 毫秒); 更多的说明它常见
const MAX_TERMS = 512;
const TRIGRAM = 3;
const LAST_CODE_POINT = '\u{10ffff}';
// 没有大小写的文字: SQLite 自己就能比, 比取出来看快十几倍
const CASELESS = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+$/u;
const SCAN = `SELECT ${COLUMNS} FROM messages m WHERE m.seq > ? AND m.seq < ?`;
const NEWEST_FIRST = 'ORDER BY m.seq DESC';

/** 怎么用索引: MATCH 的表达式; scan = 太常见, 逐条看; none = 索引里没有 */
type Plan = { readonly match: string } | 'scan' | 'none';

export class TextSearch {
  readonly #database: Connection;
  readonly #statements: Statements;
  readonly #query: string;
  readonly #wanted: number;
  readonly #word: string;
  readonly #isShort: boolean;
  readonly #isCaseless: boolean;
  readonly #limit: number;
  readonly #found: RoomEntry[] = [];
  /** 还没看的在它之前 */
  #below: number;
  #plan: Plan | undefined;
  #scanRows = FIRST_SCAN_ROWS;
  #scanned = 0;

  constructor(database: Connection, statements: Statements, { query, limit, below }: Queries['search'][0]) {
    this.#database = database;
    this.#statements = statements;
    this.#query = query;
    this.#limit = limit;
    // 多找一条只为知道还有没有
    this.#wanted = limit + 1;
    this.#below = below;
    this.#word = indexed(query);
    this.#isShort = [...this.#word].length < TRIGRAM;
    this.#isCaseless = CASELESS.test(query);
  }

  get page(): SearchPage {
    return { entries: this.#found.slice(0, this.#limit), more: this.#found.length > this.#limit };
  }

  /** 走一步; 返回是否已经完成 */
  step(): boolean {
    // 同一个快照里看索引编到哪里与索引的内容
    return transact(this.#database, 'DEFERRED', () => this.#advance());
  }

  #advance(): boolean {
    const first = this.#number('SELECT MIN(seq) FROM messages') ?? Number.POSITIVE_INFINITY;
    if (this.#below <= first) return true;
    const indexedSeq = this.#number(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_seq'`) ?? 0;
    if (this.#below > indexedSeq + 1) return this.#scan(indexedSeq);
    if (this.#isShort && this.#scanned < PEEK_ROWS) return this.#scan(0);
    this.#plan ??= this.#choosePlan();
    if (this.#plan === 'none') return true;
    if (this.#plan === 'scan') return this.#scan(0);
    return this.#match(this.#plan.match);
  }

  // 逐条看 (above, below) 里最近的一段; seq 相连, 所以段长就是行数
  #scan(above: number): boolean {
    const from = Math.max(above, this.#below - 1 - this.#scanRows);
    const rows = this.#isCaseless
      ? this.#statements.rows<Row>(
          `${SCAN} AND instr(m.body, ?) > 0 ${NEWEST_FIRST}`,
          from,
          this.#below,
          this.#query,
        )
      : this.#statements.rows<Row>(`${SCAN} ${NEWEST_FIRST}`, from, this.#below);
    this.#scanned += this.#below - 1 - from;
    this.#below = from === 0 ? 0 : from + 1;
    this.#scanRows = Math.min(this.#isCaseless ? MAX_INSTR_ROWS : MAX_SCAN_ROWS, this.#scanRows * 2);
    return this.#take(rows.map(toEntry));
  }

  #match(expression: string): boolean {
    const rows = this.#statements.rows<Row>(
      `SELECT ${COLUMNS} FROM message_index i CROSS JOIN messages m ON m.seq = i.rowid
       WHERE i.message_index MATCH ? AND i.rowid < ? ORDER BY i.rowid DESC LIMIT ?`,
      expression,
      this.#below,
      MATCH_ROWS,
    );
    const entries = rows.map(toEntry);
    this.#below = rows.length < MATCH_ROWS ? 0 : (entries.at(-1)?.seq ?? 0);
    return this.#take(entries);
  }

  #take(entries: readonly RoomEntry[]): boolean {
    for (const entry of entries) {
      if (contains(entry, this.#query)) this.#found.push(entry);
      if (this.#found.length === this.#wanted) return true;
    }
    return this.#below === 0;
  }

  #choosePlan(): Plan {
    const word = this.#word;
    if (!this.#isShort) return { match: quote(word) };
    const terms = this.#statements.rows<[Uint8Array]>(
      `SELECT ${blobOf('term')} FROM message_terms WHERE term >= ? AND term < ? LIMIT ?`,
      word,
      word + LAST_CODE_POINT,
      MAX_TERMS + 1,
    );
    if (terms.length === 0) return 'none';
    if (terms.length > MAX_TERMS) return 'scan';
    return { match: terms.map(([term]) => quote(textOf(term))).join(' OR ') };
  }

  #number(sql: string): number | undefined {
    const [row] = this.#statements.rows<[number | null]>(sql);
    return row === undefined || row[0] === null ? undefined : row[0];
  }
}

// FTS5 的字面: 引号里面的引号写两遍
function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
