// 较真的成员: 断线后凭会话与 after 回来, 重发没有应答的, 逐条核对 seq 不缺不重
//   away --come()--> catching up --history 的 more 为假--> live --断开--> away
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { Message } from './client.js';

export interface Acknowledged {
  readonly seq: number;
  readonly id: string;
}

const PAGE = 200;

export class ExactMember {
  readonly name: string;
  /** 还没有应答的: clientId -> 正文; 按发出的次序 */
  readonly outbox = new Map<string, string>();
  readonly acknowledged = new Map<string, Acknowledged>();
  /** 看到的每一条: 下标加一就是 seq, 值是消息的 id */
  readonly seen: string[] = [];
  /** 被打断时正在路上的重发次数 */
  resent = 0;
  epoch: string | undefined;
  #session: string | undefined;
  #socket: WebSocket | undefined;
  /** 比该来的早到的 (补发要读盘时, 广播可能先到) */
  readonly #early = new Map<number, string>();
  #caughtUp: () => void = () => {};
  #serial = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** 连接, 加入, 补齐错过的, 重发没有应答的; 服务器中途没了也会兑现 */
  async come(url: string): Promise<void> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    const gone = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.once('error', () => resolve());
    });
    const caughtUp = new Promise<void>((resolve) => {
      this.#caughtUp = resolve;
    });
    socket.on('message', (data) => this.#hear(data.toString()));
    socket.once('open', () =>
      this.#send({
        type: 'user_update',
        action: 'join',
        name: this.name,
        features: ['batch'],
        after: this.seen.length,
        ...(this.#session === undefined ? {} : { session: this.#session }),
      }),
    );
    await Promise.race([caughtUp, gone]);
    for (const [clientId, message] of this.outbox) {
      this.resent += 1;
      this.#send({ type: 'text', message, clientId });
    }
  }

  /** 说一句; 正文里带着 clientId, 事后在日志里认得出 */
  say(): void {
    this.#serial += 1;
    const clientId = `${this.name}-${this.#serial}`;
    const message = `${clientId} 这一句要么没有应答, 要么永远都在`;
    this.outbox.set(clientId, message);
    this.#send({ type: 'text', message, clientId });
  }

  leave(): void {
    this.#socket?.terminate();
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #send(message: object): void {
    if (this.isConnected) this.#socket?.send(JSON.stringify(message));
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message.type === 'text') this.#see(Number(message['seq']), String(message['id']));
    else if (message.type === 'ack') this.#settle(message);
    else if (message.type === 'history') this.#page(message);
    else if (message.type === 'welcome') this.#welcomed(message);
    else assert.notEqual(message.type, 'error', text);
  }

  #welcomed(message: Message): void {
    // 令牌自带签名: 服务器重启之后还是同一个人, 重发才认得出来
    if (this.#session !== undefined) assert.equal(message['session'], this.#session);
    if (this.epoch !== undefined) assert.equal(message['epoch'], this.epoch);
    this.epoch = String(message['epoch']);
    this.#session = String(message['session']);
    assert.ok(Number(message['seq']) >= this.seen.length, 'seq 回退了');
  }

  #page(message: Message): void {
    for (const entry of message['messages'] as Message[])
      this.#see(Number(entry['seq']), String(entry['id']));
    if (message['more'] === true) this.#send({ type: 'history', after: this.seen.length, limit: PAGE });
    else this.#caughtUp();
  }

  #settle(message: Message): void {
    const clientId = String(message['clientId']);
    const known = this.acknowledged.get(clientId);
    const found = { seq: Number(message['seq']), id: String(message['id']) };
    // 重发得到同一个应答
    if (known !== undefined) assert.deepEqual(found, known);
    this.acknowledged.set(clientId, found);
    this.outbox.delete(clientId);
  }

  #see(seq: number, id: string): void {
    const earlier = this.seen[seq - 1];
    if (earlier !== undefined) {
      // 补发与广播可以重叠, 但不能自相矛盾
      assert.equal(id, earlier, `${this.name}: seq ${seq} 先后是两条不同的消息`);
      return;
    }
    this.#early.set(seq, id);
    for (let next = this.#early.get(this.seen.length + 1); next !== undefined; ) {
      this.#early.delete(this.seen.length + 1);
      this.seen.push(next);
      next = this.#early.get(this.seen.length + 1);
    }
  }
}
