// 客户端一侧的 WebSocket 握手: 拼出请求, 在任意切开的字节里等 101
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { openSocket, type Target } from './target.js';

/** 握手应答的上限 (字节) */
const MAX_HANDSHAKE_BYTES = 16 * 1024;

/** 字节的去处; 101 之前的归握手, 之后的归它。bytes 只在本次回调内有效 */
export type OnBytes = (bytes: Buffer) => void;

/**
 * 握手完成后兑现; 此后收到的字节 (含与 101 同在一段里的) 都交给 onBytes。
 * 错误: 连不上, 握手期间断线, 或应答不是 101。
 */
export async function openWebSocket(target: Target, path: string, onBytes: OnBytes): Promise<Socket> {
  const handshake = new Handshake(onBytes);
  const socket = await openSocket(target, (bytes) => handshake.push(bytes));
  socket.on('error', (error) => handshake.fail(error));
  socket.on('close', () => handshake.fail(new Error('握手期间连接中断')));
  socket.resume();
  socket.write(upgradeRequest(target, path));
  await handshake.done;
  return socket;
}

class Handshake {
  readonly done: Promise<void>;
  readonly #onBytes: OnBytes;
  #head: Buffer | undefined = Buffer.alloc(0);
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(onBytes: OnBytes) {
    this.#onBytes = onBytes;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  push(bytes: Buffer): void {
    if (this.#head === undefined) {
      this.#onBytes(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0 && this.#head.length < MAX_HANDSHAKE_BYTES) return;
    const head = this.#head.subarray(0, Math.max(end, 0)).toString('latin1');
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#reject(new Error(`WebSocket 握手被拒: ${head.split('\r\n')[0]}`));
      return;
    }
    // 首帧可能与 101 同在一个 TCP 段里
    const rest = this.#head.subarray(end + 4);
    this.#head = undefined;
    this.#resolve();
    if (rest.length > 0) this.#onBytes(rest);
  }

  /** 已经完成的握手不受影响 */
  fail(error: Error): void {
    this.#reject(error);
  }
}

export function upgradeRequest(target: Target, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${target.host}:${target.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    '\r\n',
  ].join('\r\n');
}
