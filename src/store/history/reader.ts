// 读者 (读线程里): 认重发的走自己的一道, 先做; 其次几页历史; 搜索一小步一小步地轮着做
import path from 'node:path';
import { type Connection, DATABASE_NAME, isPassing, openReader, Statements } from './database.js';
import { FileSearch } from './file-search.js';
import { quickQueries } from './queries.js';
import type {
  Queries,
  QueryKind,
  QuickKind,
  ReaderAnswer,
  ReaderBatch,
  ReaderOptions,
  ReaderReply,
  ReaderRequest,
} from './reader-messages.js';
import { TextSearch } from './text-search.js';

// 一轮至多认这么多个重发 (各几十微秒, 全部的 clientId 几毫秒), 翻这么多页 (各约 0.3 毫秒, 长文字的 1 毫秒): 谁也不至于饿死
const QUICK_PER_TURN = 32;
const PAGES_PER_TURN = 4;
const PAGES: ReadonlySet<QueryKind> = new Set(['after', 'before']);

interface RunningSearch {
  readonly id: number;
  readonly search: TextSearch | FileSearch;
}

export class Reader {
  readonly #post: (reply: ReaderReply) => void;
  readonly #database: Connection;
  readonly #statements: Statements;
  readonly #quick;
  // 各队列的长度由主线程限制
  readonly #quickOnes: ReaderRequest[] = [];
  readonly #pages: ReaderRequest[] = [];
  readonly #searches: RunningSearch[] = [];
  #scheduled = false;

  /** 错误: 打不开 (一行中文) */
  constructor({ folder }: ReaderOptions, post: (reply: ReaderReply) => void) {
    this.#post = post;
    this.#database = openReader(path.join(folder, DATABASE_NAME));
    this.#statements = new Statements(this.#database);
    this.#quick = quickQueries(this.#statements);
  }

  receive(batch: Exclude<ReaderBatch, 'stop'>): void {
    for (const request of batch) {
      if (request.kind === 'search') this.#searches.push(this.#begin(request));
      else if (PAGES.has(request.kind)) this.#pages.push(request);
      else this.#quickOnes.push(request);
    }
    this.#schedule();
  }

  close(): void {
    this.#searches.length = 0;
    this.#quickOnes.length = 0;
    this.#pages.length = 0;
    this.#database.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #begin({ id, value }: ReaderRequest): RunningSearch {
    const request = value as Queries['search'][0];
    const Search = request.criteria.isFile ? FileSearch : TextSearch;
    return { id, search: new Search(this.#database, this.#statements, request) };
  }

  // 每轮: 认重发, 翻几页, 再走一步搜索; 然后让新的请求进来: 后来的重发等不过一轮
  #turn(): void {
    this.#scheduled = false;
    const quick = this.#quickOnes.splice(0, QUICK_PER_TURN);
    const pages = this.#pages.splice(0, PAGES_PER_TURN);
    const answers = [...quick, ...pages].map(({ id, kind, value }) =>
      this.#answer(id, () => this.#ask(kind as QuickKind, value)),
    );
    const found = this.#searchOnce();
    if (found !== undefined) answers.push(found);
    if (answers.length > 0) this.#post({ kind: 'answered', answers });
    if (this.#quickOnes.length + this.#pages.length + this.#searches.length > 0) this.#schedule();
  }

  // 轮着来: 没完的排到末尾
  #searchOnce(): ReaderAnswer | undefined {
    const next = this.#searches.shift();
    if (next === undefined) return undefined;
    let finished = true;
    const answer = this.#answer(next.id, () => {
      finished = next.search.step();
      return next.search.page;
    });
    if (!finished) this.#searches.push(next);
    return finished ? answer : undefined;
  }

  #ask(kind: QuickKind, value: unknown): unknown {
    // 表的键与参数的类型一一对应, 但编译器不能把两者关联起来, 故在此收窄一次
    const query = this.#quick[kind] as (value: unknown) => unknown;
    return query(value);
  }

  #answer(id: number, run: () => unknown): ReaderAnswer {
    try {
      return { id, result: run() };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { id, failure, passing: isPassing(error) };
    }
  }
}
