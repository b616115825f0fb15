// 校验线程池: 每个文件固定由一个线程负责, 与写入并行, 不占事件循环
import { Worker } from 'node:worker_threads';
import type { HashReply, HashRequest } from './hash-worker.js';

// 攒够这么多才通知一次: 跨线程消息约 10 微秒, 小写入不必条条通知
const NOTIFY_BYTES = 1024 * 1024;
// 线程堆上限 (MiB): 它只转手固定的缓冲区
const WORKER_HEAP_MB = 64;

type Send = (request: HashRequest) => void;

/** 一个文件的校验; digest 或 close 之后不再使用 */
export class RunningHash {
  readonly #jobId: number;
  readonly #send: Send;
  readonly #result: Promise<string>;
  #notified = 0;

  constructor(jobId: number, send: Send, result: Promise<string>) {
    this.#jobId = jobId;
    this.#send = send;
    this.#result = result;
    // 中途出错而没人再问结果 (取消, 停放): 错误到此为止
    result.catch(() => {});
  }

  /** 文件的前 bytes 字节已写好 */
  advance(bytes: number): void {
    if (bytes - this.#notified < NOTIFY_BYTES) return;
    this.#notified = bytes;
    this.#send({ kind: 'advance', jobId: this.#jobId, bytes });
  }

  /** 全长 bytes 的 SHA-256, 小写十六进制 */
  digest(bytes: number): Promise<string> {
    this.#send({ kind: 'digest', jobId: this.#jobId, bytes });
    return this.#result;
  }

  close(): void {
    this.#send({ kind: 'close', jobId: this.#jobId });
  }
}

interface Waiting {
  readonly resolve: (sha256: string) => void;
  readonly reject: (error: Error) => void;
}

class HashThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #dead = false;

  constructor() {
    this.#worker = new Worker(new URL('./hash-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    this.#worker.on('message', (reply: HashReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('hash worker exited')));
    // 线程自己不该拦住进程退出
    this.#worker.unref();
  }

  get load(): number {
    return this.#dead ? Number.POSITIVE_INFINITY : this.#waiting.size;
  }

  get dead(): boolean {
    return this.#dead;
  }

  start(jobId: number, path: string): RunningHash {
    const result = new Promise<string>((resolve, reject) => this.#waiting.set(jobId, { resolve, reject }));
    this.#post({ kind: 'open', jobId, path });
    return new RunningHash(jobId, (request) => this.#post(request), result);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(request: HashRequest): void {
    this.#worker.postMessage(request);
    if (request.kind === 'close') this.#settle({ jobId: request.jobId, error: 'closed' });
  }

  #settle({ jobId, sha256, error }: HashReply): void {
    const waiting = this.#waiting.get(jobId);
    this.#waiting.delete(jobId);
    if (sha256 !== undefined) waiting?.resolve(sha256);
    else waiting?.reject(new Error(error));
  }

  #die(error: Error): void {
    this.#dead = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

export class HashPool {
  #threads: HashThread[];
  #nextJobId = 1;

  constructor(threads: number) {
    this.#threads = Array.from({ length: threads }, () => new HashThread());
  }

  /** 开始跟踪一个文件; 线程死了就换一个新的 */
  start(path: string): RunningHash {
    this.#threads = this.#threads.map((thread) => (thread.dead ? new HashThread() : thread));
    const thread = this.#threads.reduce((least, next) => (next.load < least.load ? next : least));
    const jobId = this.#nextJobId;
    this.#nextJobId += 1;
    return thread.start(jobId, path);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }
}
