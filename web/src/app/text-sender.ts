// 发文字: 发件箱里的逐条发出, ack 之前留着; 断线后凭同一个 clientId 重发, 服务器认得出
import type { AckMessage, ErrorMessage } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { ChatConnection } from '../net/chat-connection.js';
import { randomId } from '../net/random-id.js';

// 太频繁时等这么久再发 (毫秒)
const RATE_LIMITED_MS = 1000;

export class TextSender {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #adjoins: (seq: number) => boolean;
  // 一次一条, 应答了才发下一条: 几条同时在途时, 前面的因太频繁被拒而后面的被收下, 次序就乱了
  #inFlight: string | undefined;
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;

  /** adjoins: 这个 seq 与已有的记录接得上 (catch-up.ts) */
  constructor(model: Model, connection: ChatConnection, adjoins: (seq: number) => boolean) {
    this.#model = model;
    this.#connection = connection;
    this.#adjoins = adjoins;
  }

  /** 返回 false: 发件箱满了 */
  send(message: string): boolean {
    if (!this.#model.outbox.add(randomId(), message)) return false;
    this.#pump();
    return true;
  }

  retry(clientId: string): void {
    this.#model.outbox.retry(clientId);
    this.#pump();
  }

  discard(clientId: string): void {
    this.#settle(clientId);
    this.#model.outbox.remove(clientId);
    this.#pump();
  }

  /** 退出: 没有发出的不会以别人的名字发 */
  discardAll(): void {
    for (const { clientId } of this.#model.outbox.items) this.#model.outbox.remove(clientId);
    this.#inFlight = undefined;
  }

  /** 换了名字再进来: 以前写的不能用新名字悄悄发出, 由用户决定 */
  hold(): void {
    const { outbox } = this.#model;
    for (const { clientId } of outbox.items) outbox.fail(clientId, { code: 'name_taken', message: '' });
  }

  /** welcome 之后: 没有应答的全部重发 */
  online(): void {
    this.#inFlight = undefined;
    this.#pump();
  }

  /** 是文字的应答就了结它, 返回 true */
  acknowledge(ack: AckMessage): boolean {
    const { outbox, timeline, identity } = this.#model;
    const item = outbox.get(ack.clientId);
    if (item === undefined) return false;
    this.#settle(ack.clientId);
    const name = identity.get()?.name ?? '';
    // 先放进记录再从发件箱拿走: 界面上始终有这一行
    if (!timeline.has(ack.seq) && this.#adjoins(ack.seq)) {
      const { id, seq, time } = ack;
      timeline.add(
        { type: 'text', id, seq, time, name, message: item.message },
        item.shown ? undefined : item.clientId,
      );
    }
    outbox.remove(ack.clientId);
    this.#pump();
    return true;
  }

  /** 是文字的错误就处理它, 返回 true */
  reject(error: ErrorMessage): boolean {
    const item = this.#model.outbox.get(error.ref ?? '');
    if (item === undefined) return false;
    this.#settle(item.clientId);
    if (error.retryable) this.#pause();
    else this.#model.outbox.fail(item.clientId, { code: error.code, message: error.message });
    this.#pump();
    return true;
  }

  #pause(): void {
    this.#pauseTimer ??= setTimeout(() => {
      this.#pauseTimer = undefined;
      this.#pump();
    }, RATE_LIMITED_MS);
  }

  #settle(clientId: string): void {
    if (this.#inFlight === clientId) this.#inFlight = undefined;
  }

  #pump(): void {
    if (this.#pauseTimer !== undefined || this.#inFlight !== undefined) return;
    const next = this.#model.outbox.items.find(({ state }) => state === 'sending');
    if (next === undefined) return;
    const name = this.#model.identity.get()?.name ?? '';
    const { clientId, message } = next;
    if (this.#connection.send({ type: 'text', name, message, clientId })) this.#inFlight = clientId;
  }
}
