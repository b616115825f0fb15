// 旁人的一条 WebSocket 连接: 问一句, 等属于它的那句答话; 别人的话看一眼就放过, 洪水里也不拖慢自己的表
import { WebSocket } from 'ws';
import type { Message } from './client.js';

type Test = (message: Message) => boolean;

interface Waiter {
  readonly isAnswer: Test;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

export interface LineOptions {
  readonly port: number;
  readonly localAddress: string;
  readonly name: string;
  /** join 的其余字段, 例如 session */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** 含有它的文字才是自己的 */
  readonly marker: string;
}

/** 多久没有答话就算失败, 毫秒; 比每一个要测的都长得多 */
export const ANSWER_MS = 10_000;

export class Line {
  readonly #socket: WebSocket;
  readonly #marker: Buffer;
  readonly #waiters = new Set<Waiter>();
  #welcome: Message | undefined;

  private constructor(socket: WebSocket, marker: string) {
    this.#socket = socket;
    this.#marker = Buffer.from(marker);
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', (code, reason) => this.#fail(`断开 ${code} ${reason}`));
    socket.on('error', (error) => this.#fail(error.message));
  }

  /** 连接并加入, 等到 welcome。错误: 连不上, 被拒, ANSWER_MS 之内没有答话 */
  static async join({ port, localAddress, name, extra = {}, marker }: LineOptions): Promise<Line> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      localAddress,
      perMessageDeflate: false,
      handshakeTimeout: ANSWER_MS,
    });
    const line = new Line(socket, marker);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const join = { type: 'user_update', action: 'join', name, features: ['batch', 'offer'], ...extra };
    line.#welcome = await line
      .ask(join, ({ type }) => type === 'welcome' || type === 'error')
      .catch((error) => {
        line.close();
        throw error;
      });
    return line;
  }

  get session(): string {
    return String(this.#welcome?.['session']);
  }

  get closed(): boolean {
    return this.#socket.readyState !== WebSocket.OPEN;
  }

  close(): void {
    this.#socket.close();
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  sendBinary(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** 发出去, 等第一句 isAnswer 的。错误: 答的是 error (消息是它的错误码), 断开, 等不到 */
  async ask(message: object, isAnswer: Test): Promise<Message> {
    const answer = this.heard(isAnswer);
    this.send(message);
    return answer;
  }

  /** 下一句 isAnswer 的; 错误同上 */
  heard(isAnswer: Test): Promise<Message> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.reject(new Error('没有答话')), ANSWER_MS);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        isAnswer,
        resolve: (message) => {
          settle();
          if (message.type === 'error')
            reject(new Error(`${message['code']} ${message['setting'] ?? ''}`.trim()));
          else resolve(message);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      if (this.closed) waiter.reject(new Error('已断开'));
    });
  }

  // 不解析别人的话: 每秒几万条时那会占满自己的一个核
  #receive(data: Buffer): void {
    const head = data.toString('latin1', 0, 24);
    const isCommon = head.startsWith('{"type":"text"') || head.startsWith('{"type":"user_update"');
    if (isCommon && !data.includes(this.#marker)) return;
    const message = JSON.parse(data.toString()) as Message;
    for (const waiter of [...this.#waiters]) if (waiter.isAnswer(message)) waiter.resolve(message);
  }

  #fail(reason: string): void {
    for (const waiter of [...this.#waiters]) waiter.reject(new Error(reason));
  }
}
