// 发文字: 发件箱里的逐条发出, ack 之前留着; 断线后凭同一个 clientId 重发, 服务器认得出
import type { AckMessage, ErrorMessage } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { ChatConnection } from '../net/chat-connection.js';
import { randomId } from '../net/random-id.js';

// 同时在途的上限: 小于服务器每个会话记住的 clientId 数 (64), 重发才认得出来
const MAX_IN_FLIGHT = 16;
// 太频繁时等这么久再发 (毫秒)
const RATE_LIMITED_MS = 1000;

export class TextSender {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #inFlight = new Set<string>();
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
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
    this.#inFlight.delete(clientId);
    this.#model.outbox.remove(clientId);
  }

  /** 退出: 没有发出的不会以别人的名字发 */
  discardAll(): void {
    for (const { clientId } of this.#model.outbox.items) this.discard(clientId);
  }

  /** welcome 之后: 没有应答的全部重发 */
  online(): void {
    this.#inFlight.clear();
    this.#pump();
  }

  /** 是文字的应答就了结它, 返回 true */
  acknowledge(ack: AckMessage): boolean {
    const { outbox, timeline, identity } = this.#model;
    const item = outbox.get(ack.clientId);
    if (item === undefined) return false;
    this.#inFlight.delete(ack.clientId);
    const name = identity.get()?.name ?? '';
    // 先放进记录再从发件箱拿走: 界面上始终有这一行
    if (!timeline.has(ack.seq)) {
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
    this.#inFlight.delete(item.clientId);
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

  // 按写下的次序发; 前面的没发, 后面的不抢先
  #pump(): void {
    if (this.#pauseTimer !== undefined) return;
    for (const item of this.#model.outbox.items) {
      if (this.#inFlight.size >= MAX_IN_FLIGHT) return;
      if (item.state !== 'sending' || this.#inFlight.has(item.clientId)) continue;
      const name = this.#model.identity.get()?.name ?? '';
      const { clientId, message } = item;
      if (!this.#connection.send({ type: 'text', name, message, clientId })) return;
      this.#inFlight.add(clientId);
    }
  }
}
