// 攻击者的一条裸连接: 从指定的地址连出去, 只记最后收到的一小段, 写得再多也不占自己的内存
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

// 看得见最后一个应答的头就够了
const TAIL_BYTES = 4096;

export interface Aim {
  readonly port: number;
  /** 从哪个地址连出去, 例如 127.0.0.2 */
  readonly localAddress: string;
  /** 中止时断开 */
  readonly over?: AbortSignal;
  /** 一个字节也不读 */
  readonly deaf?: boolean;
}

export class AttackSocket {
  readonly socket: Socket;
  /** 一共收到的字节 */
  receivedBytes = 0;
  /** 最后收到的至多 4096 个字节, latin1 */
  tail = '';
  readonly #gone: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#gone = new Promise((resolve) => {
      for (const event of ['end', 'close'] as const) socket.once(event, () => resolve());
    });
    // 被拒绝与被重置都是意料之中的
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.receivedBytes += bytes.length;
      this.tail = (this.tail + bytes.subarray(-TAIL_BYTES).toString('latin1')).slice(-TAIL_BYTES);
    });
  }

  /** 连不上的返回已断开的 (closed) */
  static async open({ port, localAddress, over, deaf = false }: Aim): Promise<AttackSocket> {
    const opened = new AttackSocket(
      connect({ port, host: '127.0.0.1', localAddress, ...(over === undefined ? {} : { signal: over }) }),
    );
    const { socket } = opened;
    await Promise.race([once(socket, 'connect').catch(() => {}), opened.#gone]);
    if (deaf) socket.pause();
    return opened;
  }

  /** 连接并升级; 被拒绝的返回断开的, 应答在 tail 里 */
  static async upgrade(
    aim: Aim,
    path = '/',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AttackSocket> {
    const opened = await AttackSocket.open({ ...aim, deaf: false });
    const all = {
      Host: `127.0.0.1:${aim.port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    await opened.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await opened.heard('\r\n\r\n');
    if (opened.tail.startsWith('HTTP/1.1 101')) opened.tail = '';
    else opened.close();
    if (aim.deaf === true) opened.socket.pause();
    return opened;
  }

  get closed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  /** 内核的缓冲满了就等到有空 (或断开); 返回还连着没有 */
  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.closed) return false;
    if (!this.socket.write(data))
      await Promise.race([once(this.socket, 'drain').catch(() => {}), this.#gone]);
    return !this.closed;
  }

  /** 等到最近收到的里面有 text; 断开时返回 false */
  async heard(text: string): Promise<boolean> {
    while (!this.tail.includes(text)) {
      if (this.closed) return false;
      await Promise.race([once(this.socket, 'data').catch(() => {}), this.#gone]);
    }
    return true;
  }

  /** 等到断开 */
  async end(): Promise<void> {
    await this.#gone;
  }

  close(): void {
    this.socket.destroy();
  }
}
