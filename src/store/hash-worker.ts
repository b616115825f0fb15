// 校验线程: 跟在写入后面从文件读回 (多半还在页缓存里) 并计算 SHA-256
// 读回而不是传递内存: 主线程不必等它, 续传后补算与边写边算是同一条路
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { yieldToMainThread } from './background-thread.js';

export type HashRequest =
  | { readonly kind: 'open'; readonly jobId: number; readonly path: string }
  /** 文件的前 bytes 字节已经写好 */
  | { readonly kind: 'advance'; readonly jobId: number; readonly bytes: number }
  /** 全长为 bytes: 算完即回答并关闭 */
  | { readonly kind: 'digest'; readonly jobId: number; readonly bytes: number }
  | { readonly kind: 'close'; readonly jobId: number };

export interface HashReply {
  readonly jobId: number;
  readonly sha256?: string;
  readonly error?: string;
}

interface Job {
  readonly fd: number;
  readonly hash: Hash;
  position: number;
  target: number;
  final: boolean;
}

// 256 KiB 一读: 放得进二级缓存, 哈希紧接着用
const READ_BYTES = 256 * 1024;
// 每轮每个文件至多 1 MiB, 大文件不会饿着小文件
const READS_PER_TURN = 4;

const jobs = new Map<number, Job>();
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
let scheduled = false;

function receive(request: HashRequest): void {
  try {
    apply(request);
  } catch (error) {
    fail(request.jobId, error);
  }
}

function apply(request: HashRequest): void {
  if (request.kind === 'open') {
    const hash = createHash('sha256');
    jobs.set(request.jobId, { fd: openSync(request.path, 'r'), hash, position: 0, target: 0, final: false });
    return;
  }
  const job = jobs.get(request.jobId);
  if (job === undefined) return;
  if (request.kind === 'close') {
    remove(request.jobId, job);
    return;
  }
  job.target = request.bytes;
  job.final = request.kind === 'digest';
  schedule();
}

// 每轮之间让出一次, 新的请求才进得来
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(turn);
}

function turn(): void {
  scheduled = false;
  let busy = false;
  for (const [jobId, job] of jobs) {
    try {
      step(job);
      if (job.position < job.target) busy = true;
      else if (job.final) answer(jobId, job);
    } catch (error) {
      fail(jobId, error);
    }
  }
  if (busy) schedule();
}

function step(job: Job): void {
  for (let reads = 0; reads < READS_PER_TURN && job.position < job.target; reads += 1) {
    const length = Math.min(READ_BYTES, job.target - job.position);
    const count = readSync(job.fd, buffer, 0, length, job.position);
    // 声称写好的字节读不到: 文件被外力截断
    if (count === 0) throw new Error('unexpected end of file');
    job.hash.update(buffer.subarray(0, count));
    job.position += count;
  }
}

function answer(jobId: number, job: Job): void {
  remove(jobId, job);
  parentPort?.postMessage({ jobId, sha256: job.hash.digest('hex') } satisfies HashReply);
}

function fail(jobId: number, error: unknown): void {
  const job = jobs.get(jobId);
  if (job !== undefined) remove(jobId, job);
  parentPort?.postMessage({ jobId, error: String(error) } satisfies HashReply);
}

function remove(jobId: number, job: Job): void {
  jobs.delete(jobId);
  closeSync(job.fd);
}

yieldToMainThread();
parentPort?.on('message', receive);
