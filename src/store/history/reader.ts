// 读者 (读线程里): 翻页之类的快查询先做, 搜索一小步一小步地轮着做
import path from 'node:path';
import { type Connection, DATABASE_NAME, isPassing, openReader } from './database.js';
import { quickQueries } from './queries.js';
import type { Queries, QuickKind, ReaderOptions, ReaderReply, ReaderRequest } from './reader-messages.js';
import { TextSearch } from './text-search.js';

interface RunningSearch {
  readonly id: number;
  readonly search: TextSearch;
}

export class Reader {
  readonly #post: (reply: ReaderReply) => void;
  readonly #database: Connection;
  readonly #quick;
  // 两个队列的长度由主线程限制
  readonly #waiting: ReaderRequest[] = [];
  readonly #searches: RunningSearch[] = [];
  #scheduled = false;

  /** 错误: 打不开 (一行中文) */
  constructor({ folder }: ReaderOptions, post: (reply: ReaderReply) => void) {
    this.#post = post;
    this.#database = openReader(path.join(folder, DATABASE_NAME));
    this.#quick = quickQueries(this.#database);
  }

  receive(request: ReaderRequest): void {
    if (request.kind === 'search') {
      const search = new TextSearch(this.#database, request.value as Queries['search'][0]);
      this.#searches.push({ id: request.id, search });
    } else this.#waiting.push(request);
    this.#schedule();
  }

  close(): void {
    this.#searches.length = 0;
    this.#waiting.length = 0;
    this.#database.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  // 每轮: 一个快查询, 没有快的才走一步搜索; 然后让新的请求进来
  #turn(): void {
    this.#scheduled = false;
    const quick = this.#waiting.shift();
    if (quick !== undefined) this.#answer(quick.id, () => this.#ask(quick.kind as QuickKind, quick.value));
    else this.#searchOnce();
    if (this.#waiting.length + this.#searches.length > 0) this.#schedule();
  }

  #searchOnce(): void {
    const next = this.#searches.shift();
    if (next === undefined) return;
    this.#answer(next.id, () => {
      if (next.search.step()) return next.search.page;
      this.#searches.push(next);
      return UNFINISHED;
    });
  }

  #ask(kind: QuickKind, value: unknown): unknown {
    // 表的键与参数的类型一一对应, 但编译器不能把两者关联起来, 故在此收窄一次
    const query = this.#quick[kind] as (value: unknown) => unknown;
    return query(value);
  }

  #answer(id: number, run: () => unknown): void {
    try {
      const result = run();
      if (result !== UNFINISHED) this.#post({ kind: 'found', id, result });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#post({ kind: 'failed', id, reason, passing: isPassing(error) });
    }
  }
}

// 搜索还没完: 下一轮接着
const UNFINISHED = Symbol('unfinished');
