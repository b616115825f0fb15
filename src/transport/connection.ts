// 一条 uWebSockets.js 连接的外壳: 关闭之后的调用都是空操作 (直接用已关闭的套接字会抛错)
import type { WebSocket } from 'uWebSockets.js';
import type { Connection } from '../chat/ports.js';
import { CLOSES, type CloseName } from '../protocol/errors.js';

/** 升级时放进套接字的数据; 至多三个字段: uWS 把它们抄进自己的对象, V8 一次给三个位置 */
export interface SocketData {
  readonly connection: WsConnection;
  /** 计数用的客户端地址 */
  readonly address: string;
  /** 传输连接带来的会话令牌; 聊天连接为 undefined */
  readonly token: string | undefined;
}

export type Socket = WebSocket<SocketData>;

export class WsConnection implements Connection {
  readonly origin: string;
  /** 单调毫秒: 到这时还没加入就断开; undefined 表示已加入 */
  joinDeadlineMs: number | undefined;
  /** 有消息因积压超过硬上限而没有送出: uWS 随即断开它 */
  overflowed = false;
  readonly #pressed: (connection: WsConnection) => void;
  #socket: Socket | undefined;

  /** pressed: 有字节没能立刻交给内核, 该看一看积压了; 各连接共用一个函数 */
  constructor(origin: string, joinDeadlineMs: number, pressed: (connection: WsConnection) => void) {
    this.origin = origin;
    this.joinDeadlineMs = joinDeadlineMs;
    this.#pressed = pressed;
  }

  /** 升级完成 (由 open 回调调用); 在此之前发送都是空操作 */
  attach(socket: Socket): void {
    this.#socket = socket;
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
