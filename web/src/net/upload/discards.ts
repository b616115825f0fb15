// 取消已经传了一部分的: 接管, 取消, 断开; 让服务器马上腾出空间。尽力而为, 失败了服务器 24 小时后自己清理
import type { ConnectTransfer, TransferReply, TransferSocket } from './transfer-socket.js';
import type { Credentials } from './worker-messages.js';

export interface DiscardPorts {
  readonly connect: ConnectTransfer;
  isOnline(): boolean;
  /** 一条传输连接的地址, 只能用一次。错误: 断线, 服务器忙 */
  url(): Promise<string>;
}

const MAX_PENDING = 32;
const TIMEOUT_MS = 10_000;

export class Discards {
  readonly #ports: DiscardPorts;
  readonly #pending: Credentials[] = [];
  /** 正在进行的那个的期限; 一次一个, 不与上传抢连接 */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #socket: TransferSocket | undefined;

  constructor(ports: DiscardPorts) {
    this.#ports = ports;
  }

  add(credentials: Credentials): void {
    // 满了就不管它: 服务器会清理
    if (this.#pending.length < MAX_PENDING) this.#pending.push(credentials);
    this.next();
  }

  /** 也在重新连上时调用 */
  next(): void {
    if (this.#timer !== undefined || !this.#ports.isOnline()) return;
    const credentials = this.#pending.shift();
    if (credentials === undefined) return;
    const timer = setTimeout(() => this.#finish(), TIMEOUT_MS);
    this.#timer = timer;
    // 等网址的时候过了期限, 就是下一个的事了
    const isCurrent = (): boolean => this.#timer === timer;
    this.#ports.url().then(
      (url) => isCurrent() && this.#connect(url, credentials),
      () => isCurrent() && this.#finish(),
    );
  }

  stop(): void {
    this.#pending.length = 0;
    this.#finish();
  }

  #connect(url: string, credentials: Credentials): void {
    this.#socket = this.#ports.connect(url, {
      opened: () => this.#send({ type: 'file_start', ...credentials }),
      received: (reply) => this.#receive(reply, credentials),
      closed: () => this.#finish(),
    });
  }

  // 只有接管之后才能取消
  #receive(reply: TransferReply, { uploadId }: Credentials): void {
    if (reply.type === 'file_ready') this.#send({ type: 'file_cancel', uploadId });
    else this.#finish();
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.next();
  }
}
