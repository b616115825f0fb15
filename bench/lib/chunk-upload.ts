// 一次分片上传: 二进制或 Base64, 遵守 file_ready 给出的分片大小与窗口
//   starting --file_ready--> sending --写完--> finishing --file_done--> done
//       \            \--stop()--> file_cancel --file_cancelled--> stopped
//        \------ error / 断线 / 超时 ------------------------> refused (错误码)
import type { FileReadyMessage, ServerMessage } from '../../src/protocol/messages.js';
import { Base64Encoder, BinaryEncoder, type ChunkPlan, SLICE_BYTES } from './slice-encoders.js';
import { pump, type SliceEncoder } from './slice-pump.js';
import { nowMs, type UploadJob, type UploadResult } from './upload-job.js';
import type { WebSocketClient } from './websocket-client.js';

/** 这么久 (毫秒) 没有任何进展就报超时: 服务器无响应时压测不会挂住 */
const STALL_TIMEOUT_MS = 120_000;

type Ending = Pick<UploadResult, 'outcome'> & Partial<UploadResult>;

export class ChunkUpload {
  readonly #client: WebSocketClient;
  readonly #job: UploadJob;
  readonly #fd: number;
  #ackedBytes = 0;
  #uploadId = '';
  /** 等窗口的发送方; 至多一个 */
  #waiter: { upTo: number; resume(): void } | undefined;
  #ending: Ending | undefined;
  #stopping = false;
  #sendingSinceMs = 0;
  #stallTimer: NodeJS.Timeout | undefined;
  #onReady: (message: FileReadyMessage) => void = () => {};
  #onEnding: () => void = () => {};

  constructor(client: WebSocketClient, job: UploadJob, fd: number) {
    this.#client = client;
    this.#job = job;
    this.#fd = fd;
  }

  get ackedBytes(): number {
    return this.#ackedBytes;
  }

  /** 副作用: 占用连接直到返回; 被拒绝也正常返回, 错误码在 outcome 里 */
  async run(): Promise<UploadResult> {
    const startedMs = nowMs();
    const ready = new Promise<FileReadyMessage>((resolve) => {
      this.#onReady = resolve;
    });
    const ended = new Promise<undefined>((resolve) => {
      this.#onEnding = () => resolve(undefined);
    });
    this.#stallTimer = setTimeout(() => this.#end({ outcome: 'timeout' }), STALL_TIMEOUT_MS);
    this.#client.sendJson(startMessage(this.#job));
    const plan = await Promise.race([ready, ended]);
    const sentBytes = plan === undefined ? 0 : await this.#send(plan);
    const last = this.#stopping ? 'file_cancel' : 'file_end';
    if (this.#ending === undefined) this.#client.sendJson({ type: last, uploadId: this.#uploadId });
    await ended;
    clearTimeout(this.#stallTimer);
    return { ...this.#ending!, elapsedMs: nowMs() - startedMs, sentBytes };
  }

  /** 时间到: 放弃剩下的字节, 服务器删去半成品 */
  stop(): void {
    this.#stopping = true;
    this.#waiter?.resume();
  }

  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'file_ready':
        this.#uploadId = message.uploadId;
        this.#onReady(message);
        return;
      case 'file_ack':
        this.#acknowledge(message.uploadId, message.offset);
        return;
      case 'file_done':
        if (message.uploadId !== this.#uploadId) return;
        this.#end({ outcome: 'done', url: message.url, sha256: message.sha256 });
        return;
      case 'file_cancelled':
        this.#end({ outcome: 'stopped' });
        return;
      case 'error':
        this.#end({ outcome: message.code });
        return;
      default:
    }
  }

  disconnected(reason: string): void {
    this.#end({ outcome: `disconnected: ${reason}` });
  }

  #send(ready: FileReadyMessage): Promise<number> {
    const plan = chunkPlan({ ...ready, chunkBytes: this.#job.chunkBytes ?? ready.chunkBytes });
    this.#sendingSinceMs = nowMs();
    const make = (): SliceEncoder =>
      this.#job.door === 'binary' ? new BinaryEncoder(plan) : new Base64Encoder(plan);
    return pump({
      fd: this.#fd,
      fileBytes: this.#job.fileBytes,
      sendBytes: this.#job.sendBytes,
      encoders: [make(), make()],
      gate: (endOffset) => this.#gate(endOffset, ready.windowBytes),
      // 断线时写出失败: 结局已由 disconnected 记下, 这里不再抛
      write: (pieces) => this.#client.sendFrames(pieces).catch(() => {}),
      stopped: () => this.#stopping || this.#ending !== undefined,
    });
  }

  async #gate(endOffset: number, windowBytes: number): Promise<void> {
    const { bytesPerSecond } = this.#job;
    if (bytesPerSecond !== undefined && bytesPerSecond !== null) {
      // 按总进度算, 不按每片: 晚了的会补上, 平均速度才准
      const dueMs = this.#sendingSinceMs + (endOffset / bytesPerSecond) * 1000;
      if (dueMs > nowMs()) await new Promise((resolve) => setTimeout(resolve, dueMs - nowMs()));
    }
    await this.#room(endOffset - windowBytes);
  }

  /** 确认到 upTo 之前不许再发; 已经够了就不必等 */
  #room(upTo: number): Promise<void> | undefined {
    if (this.#ackedBytes >= upTo || this.#stopping || this.#ending !== undefined) return undefined;
    return new Promise((resume) => {
      this.#waiter = { upTo, resume };
    });
  }

  #acknowledge(uploadId: string, offset: number): void {
    // 上一个文件的迟到确认
    if (uploadId !== this.#uploadId) return;
    this.#ackedBytes = offset;
    this.#stallTimer?.refresh();
    if (this.#waiter === undefined || offset < this.#waiter.upTo) return;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter.resume();
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#waiter?.resume();
    this.#onEnding();
  }
}

function startMessage(job: UploadJob): object {
  const size = job.announcedBytes === null ? {} : { size: job.announcedBytes };
  return { type: 'file_start', clientId: 'bench', originalName: 'bench.bin', encoding: job.door, ...size };
}

/** 每个缓冲约 1 MiB, 但不超过窗口的四分之一: 否则两个缓冲就占满窗口, 发送方停等应答 */
function chunkPlan(ready: FileReadyMessage): ChunkPlan {
  const sliceBytes = Math.min(SLICE_BYTES, ready.windowBytes / 4);
  const chunksPerSlice = Math.max(1, Math.floor(sliceBytes / ready.chunkBytes));
  return { uploadId: ready.uploadId, chunkBytes: ready.chunkBytes, chunksPerSlice };
}
