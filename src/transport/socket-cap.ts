// 打开的套接字有上限: 描述符用尽之后 accept 失败, 等着的连接让 libuv 一圈圈地空转 (实测一核全满)
import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { AppError } from '../protocol/errors.js';

export interface SocketCapOptions {
  readonly maxSockets: number;
  /** 刚接受的一条是否收下; 不收的抛 AppError */
  readonly admit: (res: HttpResponse) => void;
  /** 应答并断开; 须同步完成 */
  readonly turnAway: (res: HttpResponse, error: unknown) => void;
  /** 到了 maxSockets 时的错误 */
  readonly full: () => AppError;
}

export class SocketCap {
  /** 打开着的, 连同升级成 WebSocket 的 */
  #open = 0;

  /** 副作用: 挂上 uWS 的 filter, 每条连接打开 (1) 与断开 (-1) 时各一次 */
  constructor(app: TemplatedApp, options: SocketCapOptions) {
    const count = (res: HttpResponse, change: unknown): void => {
      this.#open += Number(change);
      if (Number(change) > 0) this.#examine(res, options);
    };
    app.filter(count);
  }

  /** 一条 WebSocket 断开了: 升级之后 uWS 不再为它调用 filter (实测), 不说就永远占着 */
  webSocketClosed(): void {
    this.#open -= 1;
  }

  #examine(res: HttpResponse, { maxSockets, admit, turnAway, full }: SocketCapOptions): void {
    try {
      if (this.#open > maxSockets) throw full();
      admit(res);
    } catch (error) {
      turnAway(res, error);
    }
  }
}
