// 主线程这边的写线程: 启动, 死了重开 (预写文件里的一条不少), 停机
//   opening --> running --线程死了--> restarting --> running
//                  \--stop()--> stopping --> stopped;  restarting --屡次不成--> failed
import { Worker } from 'node:worker_threads';
import { HistoryError } from './history-error.js';
import type { JournalPosition } from './journal.js';
import type { WriterOptions, WriterReply, WriterRequest } from './writer-messages.js';

export type Opened = Extract<WriterReply, { kind: 'opened' }>;
/** 运行中的各种消息 */
export type WriterEvent = Exclude<WriterReply, { kind: 'opened' | 'refused' | 'stopped' }>;

export interface WriterEvents {
  /** 此刻预写文件写到哪里: 重开时写线程从头补到这里 */
  position(): JournalPosition;
  /** 写线程死了, 稍后重开 */
  crashed(reason: string): void;
  reopened(opened: Opened): void;
  /** 屡次重开不成: 不会再有落盘的消息 */
  failed(reason: string): void;
  event(event: WriterEvent): void;
}

// 重开之前等多久 (毫秒), 逐次加倍; 连着这么多次不成就放弃
const FIRST_RESTART_MS = 50;
const MAX_RESTARTS = 6;
// 停机时等写线程收尾 (毫秒): 磁盘卡住也不能拖住停机, 余下的在预写文件里
const STOP_TIMEOUT_MS = 10_000;
// 线程堆上限 (MiB): 一批预写记录, 或一页结果, 远小于它; SQLite 的缓存不算在内
const WORKER_HEAP_MB = 256;

type State = 'opening' | 'running' | 'restarting' | 'failed' | 'stopping' | 'stopped';

export class WriterLink {
  readonly #options: WriterOptions;
  readonly #events: WriterEvents;
  #state: State = 'opening';
  #worker: Worker;
  #restarts = 0;
  #settleOpen: ((outcome: Opened | Error) => void) | undefined;
  #settleStop: ((clean: boolean) => void) | undefined;

  private constructor(options: WriterOptions, events: WriterEvents) {
    this.#options = options;
    this.#events = events;
    this.#worker = this.#spawn(options);
  }

  /** 兑现时预写文件都已补进数据库。错误: 打不开数据库 (一行中文); 那时线程已经结束, 数据库也放开了 */
  static async start(
    options: WriterOptions,
    events: WriterEvents,
  ): Promise<{ link: WriterLink; opened: Opened }> {
    const link = new WriterLink(options, events);
    const outcome = await new Promise<Opened | Error>((resolve) => {
      link.#settleOpen = resolve;
    });
    if (outcome instanceof Error) {
      // 语句还拿着连接: 线程没了 SQLite 才真的关上, 收回预写日志。不等的话, 归还目录之后这里还在写, 还会腾出地方
      await link.#worker.terminate();
      throw outcome;
    }
    return { link, opened: outcome };
  }

  /** 重开期间是空操作: 那时从 position() 补起 */
  send(request: WriterRequest): void {
    if (this.#state === 'running') this.#worker.postMessage(request);
  }

  /** 写完余下的再结束线程; 返回是否都写完了 */
  async stop(): Promise<boolean> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopping';
    if (!wasRunning) {
      await this.#worker.terminate();
      return false;
    }
    let timer: NodeJS.Timeout | undefined;
    const clean = await new Promise<boolean>((resolve) => {
      this.#settleStop = resolve;
      timer = setTimeout(() => resolve(false), STOP_TIMEOUT_MS);
      this.#worker.postMessage({ kind: 'stop' } satisfies WriterRequest);
    });
    clearTimeout(timer);
    await this.#worker.terminate();
    this.#state = 'stopped';
    return clean;
  }

  #spawn(options: WriterOptions): Worker {
    const worker = new Worker(new URL('./writer-worker.js', import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    let reason = '线程退出';
    worker.on('message', (reply: WriterReply) => this.#receive(reply));
    worker.on('error', (error) => {
      reason = error.message;
    });
    worker.on('exit', () => this.#exited(reason));
    return worker;
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'opened') this.#opened(reply);
    else if (reply.kind === 'refused') this.#settleOpen?.(refusalOf(reply));
    else if (reply.kind === 'stopped') this.#settleStop?.(reply.clean);
    else {
      // 写成功了: 先前的重开不算数
      if (reply.kind === 'durable') this.#restarts = 0;
      this.#events.event(reply);
    }
  }

  #opened(opened: Opened): void {
    const first = this.#state === 'opening';
    if (this.#state !== 'opening' && this.#state !== 'restarting') return;
    this.#state = 'running';
    if (first) this.#settleOpen?.(opened);
    else this.#events.reopened(opened);
  }

  #exited(reason: string): void {
    if (this.#state === 'opening') {
      this.#state = 'failed';
      this.#settleOpen?.(new Error(reason));
      return;
    }
    if (this.#state === 'stopping') this.#settleStop?.(false);
    if (this.#state !== 'running' && this.#state !== 'restarting') return;
    if (this.#restarts >= MAX_RESTARTS) {
      this.#state = 'failed';
      this.#events.failed(reason);
      return;
    }
    if (this.#state === 'running') this.#events.crashed(reason);
    this.#state = 'restarting';
    const delayMs = FIRST_RESTART_MS * 2 ** this.#restarts;
    this.#restarts += 1;
    setTimeout(() => this.#restart(), delayMs);
  }

  #restart(): void {
    if (this.#state !== 'restarting') return;
    // 打开过了: 从此空的数据库只能是被人删了, 不能悄悄从头开始
    const loss = this.#options.loss ?? '消息历史丢了: 运行中数据库没有了';
    this.#worker = this.#spawn({ ...this.#options, loss, resumeAt: this.#events.position() });
  }
}

function refusalOf({ reason, problem }: Extract<WriterReply, { kind: 'refused' }>): Error {
  return problem === undefined ? new Error(reason) : new HistoryError(problem, reason);
}
