// 一次搜索 (读线程里): 分成小步, 步与步之间让位给翻页。从新往旧, 够了就停
//   还没编入索引的: 逐条看; 编入了的: 由 SearchPlanner 定怎么查, 候选逐条核对; 太常见的逐条看, 很快就够
import type { SearchPage } from '../../chat/ports.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { PAGE_BYTES, PageFill } from '../../protocol/page-bytes.js';
import { matches, type SearchCriteria } from '../../protocol/search-query.js';
import { type Connection, type Statements, transact } from './database.js';
import type { Queries } from './reader-messages.js';
import { COLUMNS, type Row, toEntry } from './rows.js';
import { type Plan, SearchPlanner } from './search-plan.js';
import { searchedOf } from './searched.js';

// 逐条看: 常见的词几十条里就够了, 从小步起逐步加倍; 最大的一步 1 到 3 毫秒
const FIRST_SCAN_ROWS = 128;
const MAX_SCAN_ROWS = 1024;
const MAX_INSTR_ROWS = 8192;
// 只有短词的先逐条看这么多: 常见的到此为止
const PEEK_ROWS = 1024;
// 索引给出的候选一步取这么多
const MATCH_ROWS = 200;
// 索引一步看这么长的一段 seq: 几个常见的词很少同在一条里时, 求交也不会占住读线程; 快就逐步加倍
const FIRST_MATCH_SPAN = 131_072;
const QUICK_MATCH_MS = 10;
// 只有一种写法的字: SQLite 自己就能比, 比取出来看快十几倍
const ONLY_HAN = /^\p{Script=Han}+$/u;
// 折叠之后才是汉字的那些 (部首, 带圈的, 兼容汉字): 含有它们的行取出来看
const HAN_LOOKALIKES = '*[\u2e80-\u2fdf\u3200-\u33ff\uf900-\ufaff]*';
const SCAN = `SELECT ${COLUMNS} FROM messages m WHERE m.seq > ? AND m.seq < ?`;
const NEWEST_FIRST = 'ORDER BY m.seq DESC';

export class TextSearch {
  readonly #database: Connection;
  readonly #statements: Statements;
  readonly #criteria: SearchCriteria;
  readonly #planner: SearchPlanner;
  readonly #wanted: number;
  readonly #limit: number;
  /** 汉字的词由 SQLite 先筛一遍; 没有这样的词则是空的 */
  readonly #hanFilter: { readonly sql: string; readonly values: readonly string[] };
  readonly #found: RoomEntry[] = [];
  readonly #fill = new PageFill(PAGE_BYTES);
  /** 还没看的在它之前 */
  #below: number;
  /** 编入了的这一段里, 到它为止 (含) 的日期都不合 */
  #floor = 0;
  #isNarrowed = false;
  #plan: Plan | undefined;
  #scanRows = FIRST_SCAN_ROWS;
  #scanned = 0;
  #matchSpan = FIRST_MATCH_SPAN;

  constructor(
    database: Connection,
    statements: Statements,
    { criteria, limit, below }: Queries['search'][0],
  ) {
    this.#database = database;
    this.#statements = statements;
    this.#criteria = criteria;
    this.#planner = new SearchPlanner(statements, criteria);
    this.#limit = limit;
    // 多找一条只为知道还有没有
    this.#wanted = limit + 1;
    this.#below = below;
    this.#hanFilter = hanFilterOf(criteria.words);
  }

  get page(): SearchPage {
    // 按字节放满的, 后面没有看过: 当作还有
    const more = this.#found.length > this.#limit || this.#fill.isFull;
    return { entries: this.#found.slice(0, this.#limit), more };
  }

  /** 走一步; 返回是否已经完成 */
  step(): boolean {
    // 同一个快照里看索引编到哪里与索引的内容
    return transact(this.#database, 'DEFERRED', () => this.#advance());
  }

  #advance(): boolean {
    const first = this.#number('SELECT MIN(seq) FROM messages') ?? Number.POSITIVE_INFINITY;
    if (this.#below <= Math.max(first, this.#floor + 1)) return true;
    const indexedSeq = this.#number(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_seq'`) ?? 0;
    if (this.#below > indexedSeq + 1) return this.#scan(indexedSeq);
    if (!this.#isNarrowed) return this.#narrow();
    if (this.#planner.isVague && this.#scanned < PEEK_ROWS) return this.#scan(this.#floor);
    this.#plan ??= this.#planner.step();
    if (this.#plan === undefined) return false;
    if (this.#plan === 'none') return true;
    if (this.#plan === 'scan') return this.#scan(this.#floor);
    return this.#match(this.#plan.match);
  }

  // 由各批的最早与最晚的 time 定出可能合日期的一段: 之外的不必看
  #narrow(): boolean {
    this.#isNarrowed = true;
    const { sinceMs, untilMs } = this.#criteria;
    if (untilMs !== undefined) {
      const last = this.#number('SELECT MAX(last_seq) FROM message_blocks WHERE min_time < ?', untilMs) ?? 0;
      this.#below = Math.min(this.#below, last + 1);
    }
    if (sinceMs !== undefined) {
      const first = this.#number('SELECT MIN(first_seq) FROM message_blocks WHERE max_time >= ?', sinceMs);
      this.#floor = (first ?? this.#below) - 1;
    }
    return false;
  }

  // 逐条看 (above, below) 里最近的一段; seq 相连, 所以段长就是行数
  #scan(above: number): boolean {
    const from = Math.max(above, this.#below - 1 - this.#scanRows);
    const { sql, values } = this.#hanFilter;
    const rows = this.#statements.rows<Row>(
      `${SCAN} ${sql} ${NEWEST_FIRST}`,
      ...[from, this.#below, ...values],
    );
    this.#scanned += this.#below - 1 - from;
    this.#below = from === 0 ? 0 : from + 1;
    this.#scanRows = Math.min(sql === '' ? MAX_SCAN_ROWS : MAX_INSTR_ROWS, this.#scanRows * 2);
    return this.#take(rows.map(toEntry));
  }

  #match(expression: string): boolean {
    const above = Math.max(this.#floor, this.#below - 1 - this.#matchSpan);
    const { sql, values } = this.#hanFilter;
    const startedMs = performance.now();
    const rows = this.#statements.rows<Row>(
      `SELECT ${COLUMNS} FROM message_index i CROSS JOIN messages m ON m.seq = i.rowid
       WHERE i.message_index MATCH ? AND i.rowid < ? AND i.rowid > ? ${sql} ORDER BY i.rowid DESC LIMIT ?`,
      ...[expression, this.#below, above, ...values, MATCH_ROWS],
    );
    const entries = rows.map(toEntry);
    if (performance.now() - startedMs < QUICK_MATCH_MS) this.#matchSpan *= 2;
    const isWhole = rows.length < MATCH_ROWS;
    this.#below = isWhole ? above + 1 : (entries.at(-1)?.seq ?? 0);
    return this.#take(entries) || this.#below <= this.#floor + 1;
  }

  #take(entries: readonly RoomEntry[]): boolean {
    for (const entry of entries) {
      if (!matches(this.#criteria, searchedOf(entry))) continue;
      this.#found.push(entry);
      this.#fill.add(entry);
      // 一页放不下的那一条由 Archive 截掉
      if (this.#found.length === this.#wanted || this.#fill.isFull) return true;
    }
    return this.#below === 0;
  }

  #number(sql: string, ...values: number[]): number | undefined {
    const [row] = this.#statements.rows<[number | null]>(sql, ...values);
    return row === undefined || row[0] === null ? undefined : row[0];
  }
}

// 词至多 MAX_QUERY_WORDS 个, 所以句子的写法有限
function hanFilterOf(words: readonly string[]): { sql: string; values: string[] } {
  const values = words.filter((word) => ONLY_HAN.test(word));
  if (values.length === 0) return { sql: '', values };
  const each = values.map(() => 'instr(m.body, ?) > 0').join(' AND ');
  return { sql: `AND ((${each}) OR m.body GLOB ?)`, values: [...values, HAN_LOOKALIKES] };
}
