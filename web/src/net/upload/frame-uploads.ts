// 小文件: 聊天连接上的一帧 (协议第 4 节), 一次一个; 收到 ack 之前断线就用同一个 clientId 重发
import type { AckMessage, ErrorMessage } from '../../../../src/protocol/messages.js';
import type { Identity } from '../../model/connection.js';
import { backoffMs } from '../backoff.js';
import type { Pace } from '../pace.js';
import { retryAfterMs } from '../retry-after.js';
import { toBase64 } from './base64.js';
import { transferError, type Upload } from './upload.js';

export interface FramePorts {
  readonly identity: () => Identity | undefined;
  /** 聊天连接; 没有送出返回 false */
  readonly sendFrame: (message: object) => boolean;
  readonly pace: Pace;
  done(upload: Upload): void;
}

// 连接好好的却没有应答: 用同一个 clientId 再问, 服务器认得出是重发
const ACK_TIMEOUT_MS = 30_000;

/** 队首是正在传的那个; idle: 队列空或不在线; pausing: 等着轮到 (步子, 退避); sending: 等 ack */
type FrameState = 'idle' | 'pausing' | 'sending';

export class FrameUploads {
  readonly #ports: FramePorts;
  /** 至多与列表一样长 */
  readonly #queue: Upload[] = [];
  #state: FrameState = 'idle';
  /** 同时只有一个: 步子, 退避, 或等 ack 的期限 */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: FramePorts) {
    this.#ports = ports;
  }

  enqueue(upload: Upload): void {
    upload.become('queued');
    this.#queue.push(upload);
    if (this.#state === 'idle') this.#next();
  }

  /** 已经发出而还没有 ack 的不能撤回 */
  isSending(upload: Upload): boolean {
    return this.#state === 'sending' && this.#queue[0] === upload;
  }

  withdraw(upload: Upload): void {
    const index = this.#queue.indexOf(upload);
    if (index < 0) return;
    const wasSending = this.isSending(upload);
    this.#queue.splice(index, 1);
    if (wasSending) this.#next();
  }

  online(): void {
    this.#next();
  }

  offline(): void {
    const head = this.#queue[0];
    if (this.#state === 'sending' && head !== undefined) head.become('waiting');
    this.#become('idle');
  }

  /** 是我们的才返回 true */
  handleAck(ack: AckMessage): boolean {
    const head = this.#headOf(ack.clientId);
    if (head === undefined) return false;
    this.#queue.shift();
    head.named(ack);
    head.setSent(head.size);
    head.become('done');
    this.#ports.done(head);
    this.#next();
    return true;
  }

  handleError(error: ErrorMessage): boolean {
    const { ref, code, message, retryable } = error;
    const head = this.#headOf(ref);
    if (head === undefined) return false;
    if (retryable) {
      head.become('waiting', transferError(code, message));
      this.#pause(Math.max(this.#delayAfter(head, code), retryAfterMs(error)));
      return true;
    }
    this.#queue.shift();
    head.fail(code, message);
    this.#next();
    return true;
  }

  stop(): void {
    this.#become('idle');
    this.#queue.length = 0;
  }

  // 队首总是正在处理的那个, 所以应答只可能是它的
  #headOf(clientId: string | undefined): Upload | undefined {
    const head = this.#queue[0];
    return head !== undefined && head.id === clientId ? head : undefined;
  }

  #next(): void {
    this.#become('idle');
    const head = this.#queue[0];
    const identity = this.#ports.identity();
    if (head === undefined || identity === undefined) return;
    const waitMs = this.#ports.pace.waitMs('files');
    if (waitMs > 0) {
      this.#pause(waitMs);
      return;
    }
    this.#become('sending');
    this.#timer = setTimeout(() => this.#next(), ACK_TIMEOUT_MS);
    head.become('sending');
    this.#send(head, identity.name).catch((error: unknown) => this.#unreadable(head, error));
  }

  async #send(head: Upload, name: string): Promise<void> {
    if (head.file === undefined) throw new Error('没有文件');
    const filedata = await toBase64(head.file);
    // 读文件期间可能取消了, 断线了
    if (!this.isSending(head)) return;
    const { type } = head.file;
    const mimeType = type === '' ? {} : { mimeType: type };
    const frame = { type: 'file', name, originalName: head.name, ...mimeType, clientId: head.id, filedata };
    // 送不出去就是断线了: offline 会收拾, 这里只改显示
    if (!this.#ports.sendFrame(frame)) head.become('waiting');
  }

  #unreadable(head: Upload, error: unknown): void {
    if (!this.isSending(head)) return;
    this.#queue.shift();
    head.fail('unreadable', error instanceof Error ? error.message : String(error));
    this.#next();
  }

  // 太快了只是等下一个令牌, 不算失败过; 别的 (忙, 磁盘) 越等越久
  #delayAfter(head: Upload, code: string): number {
    if (code === 'rate_limited') return this.#ports.pace.refused('files');
    const delayMs = backoffMs(head.attempts);
    head.attempts += 1;
    return delayMs;
  }

  #pause(delayMs: number): void {
    this.#become('pausing');
    this.#timer = setTimeout(() => this.#next(), delayMs);
  }

  #become(state: FrameState): void {
    clearTimeout(this.#timer);
    this.#state = state;
  }
}
