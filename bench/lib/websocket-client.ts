// 裸 socket 上的 WebSocket 客户端: 只有压测要用的部分, 为的是发生器不成为瓶颈
//   connecting --101--> open <--pause()/resume()--> paused
//                         \---deafen()--> deaf
//   其中任何一个 -- close 帧 / 断线 / close() --> closed
import type { Socket } from 'node:net';
import type { ServerMessage } from '../../src/protocol/messages.js';
import { headBytesFor, writeHead } from './frame-head.js';
import { FrameParser, OPCODE } from './frame-parser.js';
import { openSocket, type Target, writeAll } from './target.js';
import { upgradeRequest } from './websocket-handshake.js';

/** 握手应答的上限 (字节) */
const MAX_HANDSHAKE_BYTES = 16 * 1024;

export interface WebSocketHandlers {
  onMessage?(message: ServerMessage): void;
  /** 给出时不解析, onMessage 不再调用; payload 是接收缓冲的视图, 只在回调内有效 */
  onPayload?(payload: Buffer): void;
  /** 只调用一次; reason 含关闭码与服务器给出的原因 */
  onClose(reason: string): void;
}

export class WebSocketClient {
  readonly #parser: FrameParser;
  readonly #handlers: WebSocketHandlers;
  #socket: Socket | undefined;
  #state: 'connecting' | 'open' | 'paused' | 'deaf' | 'closed' = 'connecting';
  #handshake: Buffer = Buffer.alloc(0);
  #closeReason = '连接中断, 没有 close 帧';
  #drainedBytes = 0;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  private constructor(handlers: WebSocketHandlers) {
    this.#handlers = handlers;
    this.#parser = new FrameParser((opcode, payload) => this.#receive(opcode, payload));
  }

  /** 错误: 连不上, 或应答不是 101 */
  static async connect(target: Target, path: string, handlers: WebSocketHandlers): Promise<WebSocketClient> {
    const client = new WebSocketClient(handlers);
    const socket = await openSocket(target, (bytes) => client.#onBytes(bytes));
    client.#socket = socket;
    const opened = new Promise<void>((resolve, reject) => {
      client.#settle = { resolve, reject };
    });
    socket.on('error', (error) => client.#closed(`socket 错误: ${error.message}`));
    socket.on('close', () => client.#closed(client.#closeReason));
    socket.resume();
    socket.write(upgradeRequest(target, path));
    await opened;
    return client;
  }

  sendJson(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(content: string): void {
    const text = Buffer.from(content);
    const frame = Buffer.allocUnsafe(headBytesFor(text.length) + text.length);
    text.copy(frame, writeHead(frame, 0, OPCODE.text, text.length));
    this.#socket!.write(frame);
  }

  /** 写出已经带好帧头的字节; 内核收下后兑现, 之后缓冲可以改写 */
  sendFrames(pieces: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#socket!, pieces);
  }

  get isOpen(): boolean {
    return this.#state !== 'connecting' && this.#state !== 'closed';
  }

  /** deafen 之后从内核取走的字节数 */
  get drainedBytes(): number {
    return this.#drainedBytes;
  }

  /**
   * 从此只发不听: 收到的字节留在内核里, drain() 时取走丢弃。
   * 陷阱: 不再应答 ping, 靠自己发的消息保活; 断线要到下一次 drain 才知道。
   */
  deafen(): void {
    this.#state = 'deaf';
    this.#socket!.pause();
  }

  /** 停住不读: 内核与服务器里越积越多。陷阱: 断线要到 resume 之后才知道 */
  pause(): void {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    this.#socket!.pause();
  }

  /** 接着读, 一个字节不少 */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#socket!.resume();
  }

  /** 停住的读一次, 照常解析, 再停住; 与 drain 一样须在定时器里调用 */
  sip(): void {
    if (this.#state !== 'paused') return;
    this.#socket!.resume();
    setImmediate(() => this.#socket!.pause());
  }

  /** 取走内核里的积压。须在定时器里调用: 紧接着的轮询阶段读完, 其后的 setImmediate 停读 */
  drain(): void {
    this.#socket!.resume();
    setImmediate(() => this.#socket!.pause());
  }

  /** 直接断开; 压测不需要等待对方的 close 帧 */
  close(): void {
    this.#closeReason = '由压测关闭';
    this.#socket?.destroy();
  }

  #onBytes(bytes: Buffer): void {
    // 停住之前已读出来的照样解析: 丢了就错位了
    if (this.#state === 'open' || this.#state === 'paused') this.#parser.push(bytes);
    else if (this.#state === 'connecting') this.#onHandshake(bytes);
    else if (this.#state === 'deaf') this.#drainedBytes += bytes.length;
  }

  #onHandshake(bytes: Buffer): void {
    this.#handshake = Buffer.concat([this.#handshake, bytes]);
    const end = this.#handshake.indexOf('\r\n\r\n');
    if (end < 0 && this.#handshake.length < MAX_HANDSHAKE_BYTES) return;
    const head = this.#handshake.subarray(0, Math.max(end, 0)).toString('latin1');
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#closed(`WebSocket 握手被拒: ${head.split('\r\n')[0]}`);
      return;
    }
    this.#state = 'open';
    this.#settle?.resolve();
    // 首帧可能与 101 同在一个 TCP 段里
    this.#parser.push(this.#handshake.subarray(end + 4));
  }

  #receive(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.text) {
      if (this.#handlers.onPayload !== undefined) this.#handlers.onPayload(payload);
      // 服务器的帧由本项目的类型描述; 这里是压测唯一的解码处
      else this.#handlers.onMessage?.(JSON.parse(payload.toString('utf8')) as ServerMessage);
    } else if (opcode === OPCODE.ping) this.#pong(payload);
    else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#closeReason = `服务器关闭连接: ${code} ${payload.subarray(2).toString('utf8')}`;
    }
  }

  #pong(payload: Buffer): void {
    const frame = Buffer.allocUnsafe(headBytesFor(payload.length) + payload.length);
    payload.copy(frame, writeHead(frame, 0, OPCODE.pong, payload.length));
    this.#socket!.write(frame);
  }

  #closed(reason: string): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.isOpen;
    this.#state = 'closed';
    this.#socket?.destroy();
    if (wasOpen) this.#handlers.onClose(reason);
    else this.#settle?.reject(new Error(reason));
  }
}
