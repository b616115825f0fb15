// 主线程这边的读线程: 请求与应答对号, 排队有上限, 死了下次用到时重开
import { Worker } from 'node:worker_threads';
import { AppError } from '../../protocol/errors.js';
import type {
  Queries,
  QueryKind,
  ReaderAnswer,
  ReaderBatch,
  ReaderOptions,
  ReaderReply,
  ReaderRequest,
} from './reader-messages.js';

interface Waiting {
  readonly search: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

// 认重发每个几十微秒; 服务器重启之后人人都来重发, 一拒绝就是丢。翻页由轮流的队限住, 占不满它
const MAX_QUICK = 16_384;
// 线程堆上限 (MiB): 一批预写记录, 或一页结果, 远小于它; SQLite 的缓存不算在内
const WORKER_HEAP_MB = 256;

export class ReaderLink {
  readonly #options: ReaderOptions;
  readonly #maxSearches: number;
  readonly #failed: (reason: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  /** 起过的线程都结束了: 打不开数据库的那些也算, 它们放手之后目录才真的空着 */
  #ended: Promise<unknown> = Promise.resolve();
  /** 这一轮事件循环里攒下的 */
  #outbox: ReaderRequest[] = [];
  #searches = 0;
  /** 等着轮到的此后才来问: 不再起线程 */
  #isStopped = false;
  #nextId = 1;

  /** failed: 查询出了错, 而不是一时的忙 (多半是数据库坏了) */
  constructor(options: ReaderOptions, maxSearches: number, failed: (reason: string) => void) {
    this.#options = options;
    this.#maxSearches = maxSearches;
    this.#failed = failed;
  }

  /** 错误: server_busy (排队太多, 数据库被别的进程锁着, 读线程刚死), 其余为读线程报的错 */
  ask<K extends QueryKind>(kind: K, value: Queries[K][0]): Promise<Queries[K][1]> {
    if (this.#isStopped) return Promise.reject(new AppError('server_stopping'));
    const search = kind === 'search';
    const quick = this.#waiting.size - this.#searches;
    const full = search ? this.#searches >= this.#maxSearches : quick >= MAX_QUICK;
    if (full) return Promise.reject(new AppError('server_busy'));
    this.#worker ??= this.#spawn();
    const id = this.#nextId;
    this.#nextId += 1;
    if (search) this.#searches += 1;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { search, resolve, reject });
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push({ id, kind, value });
    }) as Promise<Queries[K][1]>;
  }

  /** 还没应答的都以 server_stopping 拒绝 */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#rejectAll(new AppError('server_stopping'));
    worker?.postMessage('stop' satisfies ReaderBatch);
    await this.#ended;
  }

  #spawn(): Worker {
    const worker = new Worker(new URL('./reader-worker.js', import.meta.url), {
      workerData: this.#options,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    worker.on('message', (reply: ReaderReply) => this.#receive(reply));
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    this.#ended = Promise.all([this.#ended, gone]);
    // error 之后总有 exit
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#rejectAll(new AppError('server_busy'));
    });
    return worker;
  }

  #receive(reply: ReaderReply): void {
    if (reply.kind === 'opened') return;
    if (reply.kind === 'refused') {
      this.#worker = undefined;
      this.#failed(reply.reason);
      this.#rejectAll(new Error(reply.reason));
      return;
    }
    for (const answer of reply.answers) this.#settle(answer);
  }

  #settle(answer: ReaderAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (waiting.search) this.#searches -= 1;
    if ('result' in answer) {
      waiting.resolve(answer.result);
      return;
    }
    if (!answer.passing) this.#failed(answer.failure);
    waiting.reject(answer.passing ? new AppError('server_busy') : new Error(answer.failure));
  }

  // 线程这时可能刚死: 等着的已经被拒绝, 没有要送的
  #send(): void {
    const batch = this.#outbox;
    this.#outbox = [];
    if (batch.length > 0) this.#worker?.postMessage(batch satisfies ReaderBatch);
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#outbox = [];
    this.#searches = 0;
  }
}
