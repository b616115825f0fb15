// 一条 uWebSockets.js 连接的外壳: 关闭之后的调用都是空操作 (直接用已关闭的套接字会抛错)
import type { WebSocket } from 'uWebSockets.js';
import type { Connection } from '../chat/ports.js';
import { CLOSES, type CloseName } from '../protocol/errors.js';
import type { Held, Visitor } from '../quota/ports.js';
import type { Admitted } from './admission.js';

// uWS 在回调里把要送的攒在 16 KiB 的公共缓冲里; 装不下时改用连接自己的缓冲, 而且留住它直到断开
// (实测: 欢迎之后接着一页历史, 每条连接从此多占 36 KB)。所以大的不在回调里送, 合写的也不超过这么多:
// UTF-16 单元, 汉字占 3 字节, 仍装得下
const SMALL_CHARS = 4096;

/** 升级时放进套接字的数据; 至多三个字段: uWS 把它们抄进自己的对象, V8 一次给三个位置 */
export interface SocketData {
  readonly connection: WsConnection;
  readonly visitor: Visitor;
  /** 传输连接带来的会话令牌; 聊天连接为 undefined */
  readonly token: string | undefined;
}

export type Socket = WebSocket<SocketData>;

export interface WsConnectionOptions {
  /** 应用的单帧上限, 字节 */
  readonly frameBytes: number;
  /** 单调毫秒 */
  readonly joinDeadlineMs: number;
  /** 有字节没能立刻交给内核, 该看一看积压了; 各连接共用一个函数 */
  readonly pressed: (connection: WsConnection) => void;
}

export class WsConnection implements Connection {
  readonly origin: string;
  readonly frameBytes: number;
  /** 按地址占着的名额 */
  readonly held: Held;
  /** 单调毫秒: 到这时还没加入就断开; undefined 表示已加入 */
  joinDeadlineMs: number | undefined;
  /** 有消息因积压超过硬上限而没有送出: uWS 随即断开它 */
  overflowed = false;
  readonly #pressed: (connection: WsConnection) => void;
  #socket: Socket | undefined;
  /** 等这一圈的回调过去再送的, 按次序; 没有时为 undefined */
  #deferred: string[] | undefined;

  constructor(admitted: Admitted, options: WsConnectionOptions) {
    this.origin = admitted.origin;
    this.held = admitted.held;
    this.frameBytes = options.frameBytes;
    this.joinDeadlineMs = options.joinDeadlineMs;
    this.#pressed = options.pressed;
  }

  /** 升级完成 (由 open 回调调用); 在此之前发送都是空操作 */
  attach(socket: Socket): void {
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  send(text: string): void {
    if (this.#deferred === undefined && text.length <= SMALL_CHARS) this.#write(text);
    else this.sendAll([text]);
  }

  sendAll(texts: readonly string[]): void {
    if (texts.length === 0) return;
    if (this.#deferred === undefined) {
      this.#deferred = [];
      setImmediate(() => this.#flush());
    }
    this.#deferred.push(...texts);
  }

  subscribe(topic: string): void {
    this.#flush();
    this.#socket?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#socket?.unsubscribe(topic);
  }

  close(name: CloseName): void {
    const { code, reason } = CLOSES[name];
    this.#flush();
    // end 会同步触发 close 回调, 之后套接字即失效
    this.#socket?.end(code, reason);
  }

  /** 套接字已经没有了 (由 close 回调调用) */
  release(): void {
    this.#socket = undefined;
  }

  // 小的合成一写, 大的单独写
  #flush(): void {
    const texts = this.#deferred;
    if (texts === undefined) return;
    this.#deferred = undefined;
    let group: string[] = [];
    let chars = 0;
    for (const text of texts) {
      if (chars + text.length > SMALL_CHARS) {
        this.#writeTogether(group);
        group = [];
        chars = 0;
      }
      group.push(text);
      chars += text.length;
    }
    this.#writeTogether(group);
  }

  #writeTogether(texts: readonly string[]): void {
    const [only] = texts;
    if (only === undefined) return;
    if (texts.length === 1) this.#write(only);
    else {
      this.#socket?.cork(() => {
        for (const text of texts) this.#write(text);
      });
    }
  }

  #write(text: string): void {
    // 1 = 已送出; 其余为积压 (0) 或超过硬上限 (2, uWS 随即断开)
    if (this.#socket !== undefined && this.#socket.send(text, false, false) !== 1) this.#pressed(this);
  }
}
