// 分片上传的队列: 先来先传, 同时两个; 断线与服务器忙时等待, 自己会继续
import type { Identity } from '../../model/connection.js';
import { backoffMs } from '../backoff.js';
import type { Pace } from '../pace.js';
import type { ResumeKeeper } from './resume-keeper.js';
import { unlocated } from './run-rules.js';
import { transferError, type Upload } from './upload.js';
import { WorkerLink } from './worker-link.js';
import type { RunOutcome, RunReport } from './worker-messages.js';

export interface ChunkPorts {
  /** 聊天连接断开时为 undefined */
  readonly identity: () => Identity | undefined;
  readonly pace: Pace;
  /** 错误: RequestError */
  readonly transferUrl: () => Promise<string>;
  readonly createWorker: () => Worker;
  readonly keeper: ResumeKeeper;
  /** 传完了, 列表里留着, 但不再归队列管 */
  done(upload: Upload): void;
  /** 将从服务器当前的位置继续: 别的标签页若也列着它, 该去掉了 */
  started(upload: Upload): void;
}

type Refusal = Extract<RunOutcome, { kind: 'refused' }>;

const MAX_RUNNING = 2;
// 一次上传在传输连接上占几条: file_start 与 file_end; 秒传再有两条, 由留着不用的垫上
const MESSAGES_PER_RUN = 2;
// 开始之前另要一张票: 它在发的时候自己记
const MESSAGES_TO_START = MESSAGES_PER_RUN + 1;
// 服务器已删, 留着记录没有用
const ERASED: ReadonlySet<string> = new Set([
  'file_type_forbidden',
  'file_too_large',
  'size_mismatch',
  'checksum_mismatch',
  'storage_full',
]);

export class ChunkUploads {
  readonly #ports: ChunkPorts;
  readonly #link: WorkerLink;
  /** 三处之一: 排队, 运行 (键是 runId), 等待; 总数以列表的上限为限 */
  readonly #queue: Upload[] = [];
  readonly #running = new Map<string, Upload>();
  readonly #waiting = new Map<Upload, ReturnType<typeof setTimeout> | undefined>();
  #runs = 0;
  /** 等着轮到: 很多不大不小的文件, 开头与结尾的消息也有速率 */
  #turn: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: ChunkPorts) {
    this.#ports = ports;
    this.#link = new WorkerLink(() => ports.createWorker(), {
      report: (report) => this.#receive(report),
      crashed: (message) => this.#crashed(message),
    });
  }

  enqueue(upload: Upload): void {
    upload.become('queued');
    this.#queue.push(upload);
    this.#fill();
  }

  /** 暂停或取消: 不管它在哪里, 都拿出来 */
  withdraw(upload: Upload): void {
    const index = this.#queue.indexOf(upload);
    if (index >= 0) this.#queue.splice(index, 1);
    clearTimeout(this.#waiting.get(upload));
    this.#waiting.delete(upload);
    for (const [runId, running] of this.#running) {
      if (running === upload) this.#abandon(runId);
    }
    this.#fill();
  }

  /** 聊天连接回来了: 等着的都不必再等 */
  online(): void {
    const uploads = [...this.#waiting.keys()];
    for (const upload of uploads.reverse()) this.#again(upload);
    this.#fill();
  }

  stop(): void {
    clearTimeout(this.#turn);
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#queue.length = 0;
    this.#running.clear();
    this.#link.stop();
  }

  // ---- 队列 ----

  #fill(): void {
    clearTimeout(this.#turn);
    const identity = this.#ports.identity();
    while (identity !== undefined && this.#running.size < MAX_RUNNING && this.#queue.length > 0) {
      const waitMs = this.#ports.pace.waitMs('files', MESSAGES_TO_START);
      if (waitMs > 0) {
        this.#turn = setTimeout(() => this.#fill(), waitMs);
        return;
      }
      const upload = this.#queue.shift();
      if (upload !== undefined) this.#run(upload, identity);
    }
  }

  #run(upload: Upload, identity: Identity): void {
    const { file, credentials, checkpoint } = upload;
    if (file === undefined) {
      upload.become('needs_file');
      return;
    }
    this.#ports.pace.spent(MESSAGES_PER_RUN);
    this.#runs += 1;
    const runId = `${upload.id}.${this.#runs}`;
    this.#running.set(runId, upload);
    // 新的没有可核对的
    upload.become(credentials === undefined ? 'sending' : 'checking');
    const binary = identity.features.includes('binary_chunk');
    const instant = identity.features.includes('instant');
    this.#link.post({ type: 'run', runId, file, binary, instant, credentials, checkpoint });
  }

  #abandon(runId: string): void {
    this.#running.delete(runId);
    this.#link.post({ type: 'stop', runId });
  }

  /** 断线, 服务器忙: 在线就退避, 不在线就等 online。refusal: 服务器说了为什么, 过多久 */
  #later(upload: Upload, refusal?: Refusal): void {
    upload.become('waiting', refusal && transferError(refusal.code, refusal.message));
    const retry = (): void => {
      this.#again(upload);
      this.#fill();
    };
    const delayMs = Math.max(backoffMs(upload.attempts), refusal?.retryAfterMs ?? 0);
    upload.attempts += 1;
    this.#waiting.set(upload, setTimeout(retry, delayMs));
  }

  // 排在最前: 传了一半的先传完。仍不在线的话排着就是等着, 状态还是 waiting
  #again(upload: Upload): void {
    clearTimeout(this.#waiting.get(upload));
    if (this.#waiting.delete(upload)) this.#queue.unshift(upload);
  }

  // ---- 报告 ----

  #receive(report: RunReport): void {
    const upload = this.#running.get(report.runId);
    // 已暂停或取消的那次运行, 路上还有报告
    if (upload === undefined) return;
    if (report.type === 'connecting') void this.#locate(upload, report.runId);
    else if (report.type === 'checking') upload.checking('checking', report.ratio);
    else if (report.type === 'comparing') this.#comparing(upload, report);
    else if (report.type === 'ready') this.#ready(upload, report);
    else if (report.type === 'progress') this.#progress(upload, report);
    else if (report.type === 'verifying') upload.become('verifying');
    else this.#ended(upload, report.runId, report.outcome);
  }

  /** 要一个网址给它; 要不到就同断线一样, 过一会儿再来 */
  async #locate(upload: Upload, runId: string): Promise<void> {
    try {
      const url = await this.#ports.transferUrl();
      if (this.#running.has(runId)) this.#link.post({ type: 'open', runId, url });
    } catch (error) {
      if (!this.#running.has(runId)) return;
      this.#abandon(runId);
      this.#settle(upload, unlocated(error));
      this.#fill();
    }
  }

  #comparing(upload: Upload, { ratio, checkpoint }: Extract<RunReport, { type: 'comparing' }>): void {
    upload.checkpoint = checkpoint ?? upload.checkpoint;
    upload.checking('comparing', ratio);
    this.#ports.keeper.saveSometimes(upload);
  }

  #ready(
    upload: Upload,
    { credentials, offset, fileId, names }: Extract<RunReport, { type: 'ready' }>,
  ): void {
    upload.accepted(credentials, fileId);
    upload.named(names);
    upload.setSent(offset);
    upload.become('sending');
    this.#ports.keeper.save(upload);
    this.#ports.started(upload);
  }

  #progress(upload: Upload, { sent, checkpoint }: Extract<RunReport, { type: 'progress' }>): void {
    upload.checkpoint = checkpoint ?? upload.checkpoint;
    upload.progress(sent, performance.now());
    this.#ports.keeper.saveSometimes(upload);
  }

  #ended(upload: Upload, runId: string, outcome: RunOutcome): void {
    this.#running.delete(runId);
    this.#settle(upload, outcome);
    this.#fill();
  }

  #settle(upload: Upload, outcome: RunOutcome): void {
    // stopped 只来自 withdraw, 那时已不在运行表里
    if (outcome.kind === 'done') this.#complete(upload, outcome.instant);
    else if (outcome.kind === 'cut') this.#later(upload);
    else if (outcome.kind === 'lost') this.#restart(upload);
    else if (outcome.kind === 'refused') this.#refused(upload, outcome);
    else if (outcome.kind === 'different_file') this.#askAgain(upload);
    else if (outcome.kind === 'unreadable') upload.fail('unreadable', outcome.message);
    else if (outcome.kind === 'broken') upload.fail('worker_failed', outcome.message);
  }

  #askAgain(upload: Upload): void {
    upload.dropFile();
    upload.become('needs_file', transferError('different_file', '与上次传的不是同一个文件'));
  }

  #complete(upload: Upload, instant: boolean): void {
    this.#ports.keeper.forget(upload);
    upload.done(instant);
    this.#ports.done(upload);
  }

  /** 过期, 或服务器丢了它: 自动从头来一次, 再丢就由用户决定 */
  #restart(upload: Upload): void {
    this.#ports.keeper.forget(upload);
    upload.forgetServer();
    if (upload.restarted) {
      upload.fail('upload_unknown', '服务器上没有这个上传了');
      return;
    }
    upload.restarted = true;
    upload.become('queued');
    this.#queue.unshift(upload);
  }

  #refused(upload: Upload, refusal: Refusal): void {
    const { code, message, retryable } = refusal;
    if (retryable) {
      if (code === 'rate_limited') this.#ports.pace.refused('files');
      this.#later(upload, refusal);
      return;
    }
    if (ERASED.has(code)) {
      this.#ports.keeper.forget(upload);
      upload.forgetServer();
      // 校验不符: 算过的也不能信
      upload.checkpoint = undefined;
    }
    upload.fail(code, message);
  }

  #crashed(message: string): void {
    const uploads = [...this.#running.values()];
    this.#running.clear();
    for (const upload of uploads) upload.fail('worker_failed', message);
    this.#fill();
  }
}
