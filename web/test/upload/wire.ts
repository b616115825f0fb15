// 会出岔子的网线: 真的 WebSocket 连着真服务器, 只在路上丢掉或按住发出的帧; 顺便记下发了什么
import { WebSocket } from 'ws';
import { decodeChunkFrame } from '../../../src/protocol/chunk-frame.js';
import type { FileReadyMessage } from '../../../src/protocol/messages.js';
import {
  type ConnectTransfer,
  connectTransfer,
  type TransferReply,
  type TransferSocket,
} from '../../src/net/upload/transfer-socket.js';

type Frame = Parameters<TransferSocket['send']>[0];

/** 运行发出的一个分片 */
export interface SentChunk {
  /** 第几个, 从 1 起; 重发的另算 */
  readonly count: number;
  readonly offset: number;
  /** 最近一次 file_ready */
  readonly ready: FileReadyMessage;
}

/** 一个分片的命运。Promise: 它与后面的都按住, 完成之后照原来的次序送出 */
export type Fate = 'pass' | 'drop' | Promise<unknown>;

/** 发出的一条消息, 可以就地改; 返回 false: 它没有送到, 随即断线 */
export type Tamper = (message: Record<string, unknown>) => boolean;

export class Wire {
  connections = 0;
  chunks = 0;
  /** 发出的 file_start, 按次序 */
  readonly starts: Record<string, unknown>[] = [];
  /** 最后的 file_end */
  ended: Record<string, unknown> | undefined;
  /** 已发出而未确认的字节曾经达到的最大值 */
  maxUnacknowledged = 0;
  /** 按住期间要做的事失败了: 随即断线, 由测试抛出 */
  fault: unknown;
  readonly #fateOf: (chunk: SentChunk) => Fate;
  readonly #tamper: Tamper;
  #ready: FileReadyMessage | undefined;
  #acked = 0;
  /** 按住的; undefined: 通畅。至多一个窗口 */
  #held: Frame[] | undefined;

  constructor(fateOf: (chunk: SentChunk) => Fate = () => 'pass', tamper: Tamper = () => true) {
    this.#fateOf = fateOf;
    this.#tamper = tamper;
  }

  readonly connect: ConnectTransfer = (url, events) => {
    this.connections += 1;
    // Node 20 没有全局的 WebSocket。ws 不认 signal: 自己 close 之后还报一次 closed, 那时运行已经结束, 不理
    Object.assign(globalThis, { WebSocket });
    const socket = connectTransfer(url, {
      opened: () => events.opened(),
      closed: (code) => events.closed(code),
      received: (reply) => {
        this.#hear(reply);
        events.received(reply);
      },
    });
    const fail = (error: unknown): void => {
      this.fault = error;
      events.closed(1006);
    };
    return {
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      send: (frame) => {
        const sent = this.#tampered(frame);
        if (sent === undefined) events.closed(1006);
        else this.#send(socket, sent, fail);
      },
      close: () => socket.close(),
    };
  };

  #hear(reply: TransferReply): void {
    if (reply.type === 'file_ready') this.#ready = reply;
    if (reply.type === 'file_ready' || reply.type === 'file_ack') this.#acked = reply.offset;
  }

  #tampered(frame: Frame): Frame | undefined {
    if (typeof frame !== 'string') return frame;
    const message = JSON.parse(frame) as Record<string, unknown>;
    return this.#tamper(message) ? JSON.stringify(message) : undefined;
  }

  #send(socket: TransferSocket, frame: Frame, fail: (error: unknown) => void): void {
    const fate = typeof frame === 'string' ? this.#noteMessage(frame) : this.#noteChunk(frame);
    if (fate === 'drop') return;
    if (fate !== 'pass') this.#hold(socket, fate, fail);
    if (this.#held === undefined) socket.send(frame);
    // 拷贝: 发送方会再用这块内存
    else this.#held.push(typeof frame === 'string' ? frame : frame.slice());
  }

  #hold(socket: TransferSocket, until: Promise<unknown>, fail: (error: unknown) => void): void {
    const held: Frame[] = [];
    this.#held = held;
    until.then(() => {
      this.#held = undefined;
      for (const frame of held) socket.send(frame);
    }, fail);
  }

  #noteMessage(frame: string): Fate {
    const message = JSON.parse(frame) as Record<string, unknown>;
    if (message['type'] === 'file_start') this.starts.push(message);
    if (message['type'] === 'file_end') this.ended = message;
    return 'pass';
  }

  #noteChunk(frame: Uint8Array): Fate {
    const { offset, data } = decodeChunkFrame(frame);
    if (this.#ready === undefined) throw new Error('还没有 file_ready 就发了分片');
    this.chunks += 1;
    this.maxUnacknowledged = Math.max(this.maxUnacknowledged, offset + data.length - this.#acked);
    return this.#fateOf({ count: this.chunks, offset, ready: this.#ready });
  }
}
