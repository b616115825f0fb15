// 假的传输连接: 在内存里按协议第 6 节收一个文件, 可以指定在哪里出岔子
import { decodeChunkFrame } from '../../../src/protocol/chunk-frame.js';
import type { ErrorMessage } from '../../../src/protocol/messages.js';
import type { ConnectTransfer, TransferEvents, TransferReply } from '../../src/net/upload/transfer-socket.js';

export const UPLOAD_ID = '3f0c8a52-8a7d-4e0b-b0a5-6a1d2c3e4f50';

export interface FakeOptions {
  readonly chunkBytes: number;
  readonly windowBytes: number;
  /** 已经收下的 */
  readonly held?: Uint8Array;
  /** 收到这条消息时的应答; undefined: 照常 */
  readonly answer?: (message: Record<string, unknown>, server: FakeServer) => TransferReply | undefined;
  /** 收到第几个分片 (从 1 起) 时; 返回 true 表示丢掉它 */
  readonly onChunk?: (count: number, server: FakeServer) => boolean;
}

export class FakeServer {
  readonly starts: Record<string, unknown>[] = [];
  ended: Record<string, unknown> | undefined;
  received: Uint8Array;
  /** 未确认的字节曾经达到的最大值 */
  maxPending = 0;
  chunks = 0;
  readonly #options: FakeOptions;
  #acked = 0;
  #events: TransferEvents | undefined;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.received = options.held ?? new Uint8Array(0);
    this.#acked = this.received.length;
  }

  readonly connect: ConnectTransfer = (_url, events) => {
    this.#events = events;
    queueMicrotask(() => events.opened());
    const send = (frame: string | Uint8Array): void => {
      if (typeof frame === 'string') this.#message(JSON.parse(frame) as Record<string, unknown>);
      else this.#chunk(frame);
    };
    const close = (): void => {
      this.#events = undefined;
    };
    return { bufferedAmount: 0, send, close };
  };

  reply(reply: TransferReply): void {
    setImmediate(() => this.#events?.received(reply));
  }

  /** 断线 */
  cut(): void {
    this.#events?.closed(1006);
    this.#events = undefined;
  }

  error(code: 'offset_mismatch' | 'upload_unknown' | 'server_busy', ref: string): TransferReply {
    // 索引签名 (附带的事实) 里没有 boolean, 字面量须断言
    return { type: 'error', code, message: '', ref, retryable: code !== 'upload_unknown' } as ErrorMessage;
  }

  #message(message: Record<string, unknown>): void {
    if (message['type'] === 'file_start') this.starts.push(message);
    const special = this.#options.answer?.(message, this);
    if (special !== undefined) this.reply(special);
    else if (message['type'] === 'file_start') this.#ready(String(message['clientId']));
    else if (message['type'] === 'file_end') this.#done(message);
  }

  #ready(clientId: string): void {
    const { chunkBytes, windowBytes } = this.#options;
    this.#acked = this.received.length;
    const offset = this.#acked;
    this.reply({
      type: 'file_ready',
      clientId,
      uploadId: UPLOAD_ID,
      resumeToken: 't',
      offset,
      chunkBytes,
      windowBytes,
    });
  }

  #done(message: Record<string, unknown>): void {
    this.ended = message;
    const file = {
      id: 'f',
      seq: 1,
      time: 1,
      name: '张三',
      originalName: 'a',
      url: 'u',
      mimeType: 'm',
      sha256: '',
    };
    this.reply({ type: 'file_done', uploadId: UPLOAD_ID, size: this.received.length, ...file });
  }

  #chunk(frame: Uint8Array): void {
    const { offset, data } = decodeChunkFrame(frame);
    this.chunks += 1;
    if (this.#options.onChunk?.(this.chunks, this) === true) return;
    if (offset !== this.received.length) {
      this.reply(this.error('offset_mismatch', UPLOAD_ID));
      return;
    }
    // 拷贝: 发送方会再用这块内存
    this.received = Buffer.concat([this.received, data]);
    this.maxPending = Math.max(this.maxPending, this.received.length - this.#acked);
    this.#acknowledgeSoon();
  }

  #acknowledgeSoon(): void {
    setImmediate(() => {
      this.#acked = this.received.length;
      this.reply({ type: 'file_ack', uploadId: UPLOAD_ID, offset: this.#acked });
    });
  }
}
