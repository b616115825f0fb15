// 发文字: 发件箱里的逐条发出, ack 之前留着; 断线后凭同一个 clientId 重发, 服务器认得出
import type { ErrorCode } from '../../../src/protocol/errors.js';
import type { AckMessage, ErrorMessage } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import { backoffMs } from '../net/backoff.js';
import type { ChatConnection } from '../net/chat-connection.js';
import type { Pace } from '../net/pace.js';
import { randomId } from '../net/random-id.js';
import { retryAfterMs } from '../net/retry-after.js';

interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
}

// 等得比它久的要说一声, 毫秒
const NOTICEABLE_MS = 2000;

export class TextSender {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #pace: Pace;
  readonly #adjoins: (seq: number) => boolean;
  // 一次一条, 应答了才发下一条: 几条同时在途时, 前面的因太频繁被拒而后面的被收下, 次序就乱了
  #inFlight: string | undefined;
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;
  // 连续几次收不下: 越等越久
  #refusals = 0;

  /** adjoins: 这个 seq 与已有的记录接得上 (catch-up.ts) */
  constructor(model: Model, connection: ChatConnection, pace: Pace, adjoins: (seq: number) => boolean) {
    this.#model = model;
    this.#connection = connection;
    this.#pace = pace;
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
    // 重新连上的也许是另一个, 或重启过的服务器: 马上再试
    this.#resume();
  }

  /** 是文字的应答就了结它, 返回 true */
  acknowledge(ack: AckMessage): boolean {
    const { outbox, timeline, identity } = this.#model;
    const item = outbox.get(ack.clientId);
    if (item === undefined) return false;
    this.#settle(ack.clientId);
    this.#refusals = 0;
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
    const reason = { code: error.code, message: error.message };
    if (!error.retryable) this.#model.outbox.fail(item.clientId, reason);
    else if (error.code === 'rate_limited') this.#slowDown(item.clientId, reason, retryAfterMs(error));
    else this.#wait(item.clientId, reason, retryAfterMs(error));
    this.#pump();
    return true;
  }

  // 自己的步子多半一眨眼就轮到, 不打扰; 同一地址的人太多时要等得久, 说清楚为什么
  #slowDown(clientId: string, reason: Reason, toldMs: number): void {
    if (toldMs >= NOTICEABLE_MS) this.#model.outbox.wait(clientId, reason);
    this.#pause(Math.max(this.#pace.refused('talk'), toldMs));
  }

  // 磁盘满, 只读, 忙: 留着这一句, 说清楚为什么, 越等越久 (至多半分钟) 地再试
  #wait(clientId: string, reason: Reason, toldMs: number): void {
    this.#model.outbox.wait(clientId, reason);
    this.#pause(Math.max(backoffMs(this.#refusals), toldMs));
    this.#refusals += 1;
  }

  #pause(delayMs: number): void {
    this.#pauseTimer ??= setTimeout(() => this.#resume(), delayMs);
  }

  #resume(): void {
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = undefined;
    this.#pump();
  }

  #settle(clientId: string): void {
    if (this.#inFlight === clientId) this.#inFlight = undefined;
  }

  #pump(): void {
    if (this.#pauseTimer !== undefined || this.#inFlight !== undefined) return;
    const next = this.#model.outbox.items.find(({ state }) => state !== 'failed');
    if (next === undefined) return;
    const waitMs = this.#pace.waitMs('talk');
    if (waitMs > 0) {
      this.#pause(waitMs);
      return;
    }
    const name = this.#model.identity.get()?.name ?? '';
    const { clientId, message } = next;
    if (this.#connection.send({ type: 'text', name, message, clientId })) this.#inFlight = clientId;
  }
}
