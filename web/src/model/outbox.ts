// 待确认的文字: 收到 ack 之前一直留着, 断线与刷新之后凭同一个 clientId 重发
import type { ErrorCode } from '../../../src/protocol/errors.js';
import { Emitter } from './signal.js';

/**
 * sending: 已发或等着发; waiting: 服务器此刻收不下 (磁盘满, 忙), 过会儿自动再发; failed: 服务器拒绝, 由用户决定重试或丢弃
 *   sending <--> waiting;  sending, waiting --> failed --重试--> sending
 */
export type OutgoingState = 'sending' | 'waiting' | 'failed';

export interface Outgoing {
  readonly clientId: string;
  readonly message: string;
  /** 写下的时刻, Unix 毫秒 */
  readonly time: number;
  readonly state: OutgoingState;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  /** 已在广播里看到 (还没有 ack): 界面不再单独显示, 但仍要重发到 ack 为止 */
  readonly shown: boolean;
}

/** 超过就不再接受新的: 断线时不能无限地攒 */
export const MAX_OUTGOING = 200;

export class Outbox {
  readonly changed = new Emitter<void>();
  // 插入次序就是发送次序
  readonly #items = new Map<string, Outgoing>();

  get items(): readonly Outgoing[] {
    return [...this.#items.values()];
  }

  get size(): number {
    return this.#items.size;
  }

  get(clientId: string): Outgoing | undefined {
    return this.#items.get(clientId);
  }

  /** 满了返回 false, 文字留在输入框里 */
  add(clientId: string, message: string, time = Date.now()): boolean {
    if (this.#items.size >= MAX_OUTGOING) return false;
    this.#put({ clientId, message, time, state: 'sending', shown: false });
    return true;
  }

  retry(clientId: string): void {
    const item = this.#items.get(clientId);
    if (item === undefined) return;
    const { error: _, ...rest } = item;
    this.#put({ ...rest, state: 'sending' });
  }

  fail(clientId: string, error: { code: ErrorCode; message: string }): void {
    const item = this.#items.get(clientId);
    if (item !== undefined) this.#put({ ...item, state: 'failed', error });
  }

  /** 服务器此刻收不下; error 是为什么 */
  wait(clientId: string, error: { code: ErrorCode; message: string }): void {
    const item = this.#items.get(clientId);
    if (item !== undefined) this.#put({ ...item, state: 'waiting', error });
  }

  remove(clientId: string): void {
    if (this.#items.delete(clientId)) this.changed.emit();
  }

  /**
   * 广播不带 clientId: 自己的名字, 同样的文字, 最早的一条就是它; ack 随后按 seq 核对。
   * 返回它的 clientId, 供聊天记录沿用同一行。
   */
  matchBroadcast(message: string): string | undefined {
    for (const item of this.#items.values()) {
      if (item.shown || item.state === 'failed' || item.message !== message) continue;
      this.#put({ ...item, shown: true });
      return item.clientId;
    }
    return undefined;
  }

  #put(item: Outgoing): void {
    this.#items.set(item.clientId, item);
    this.changed.emit();
  }
}
