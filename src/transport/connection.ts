// 一条 uWebSockets.js 连接的外壳: 关闭之后的调用都是空操作 (直接用已关闭的套接字会抛错)
import type { WebSocket } from 'uWebSockets.js';
import type { Connection } from '../chat/ports.js';
import { CLOSES, type CloseName } from '../protocol/errors.js';

/** 升级时放进套接字的数据 */
export interface SocketData {
  readonly address: string;
  readonly origin: string;
  /** 传输连接带来的会话令牌; 聊天连接为 undefined */
  readonly token: string | undefined;
  connection?: WsConnection;
}

export type Socket = WebSocket<SocketData>;

export class WsConnection implements Connection {
  readonly origin: string;
  /** 收到过的最大一帧 (字节): uWS 会为它留住同样大的缓冲, 直到断开 */
  largestFrame = 0;
  /** 单调毫秒: 到这时还没加入就断开; undefined 表示已加入 */
  joinDeadlineMs: number | undefined;
  /** 有消息因积压超过硬上限而没有送出: uWS 随即断开它 */
  overflowed = false;
  readonly #pressed: (connection: WsConnection) => void;
  #socket: Socket | undefined;

  /** pressed: 有字节没能立刻交给内核, 该看一看积压了 */
  constructor(socket: Socket, joinDeadlineMs: number, pressed: (connection: WsConnection) => void) {
    this.#socket = socket;
    this.#pressed = pressed;
    this.origin = socket.getUserData().origin;
    this.joinDeadlineMs = joinDeadlineMs;
  }

  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  send(text: string): void {
    // 1 = 已送出; 其余为积压 (0) 或超过硬上限 (2, uWS 随即断开)
    if (this.#socket !== undefined && this.#socket.send(text, false, false) !== 1) this.#pressed(this);
  }

  subscribe(topic: string): void {
    this.#socket?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#socket?.unsubscribe(topic);
  }

  close(name: CloseName): void {
    const { code, reason } = CLOSES[name];
    // end 会同步触发 close 回调, 之后套接字即失效
    this.#socket?.end(code, reason);
  }

  /** 套接字已经没有了 (由 close 回调调用) */
  release(): void {
    this.#socket = undefined;
  }
}
