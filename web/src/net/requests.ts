// 聊天连接上的一问一答 (历史, 搜索, 传输票): 应答凭 ref 对上; 没有 ref 的是加入时服务器主动给的
import type { ErrorCode } from '../../../src/protocol/errors.js';
import type { HistoryReply, SearchReply, TransferTicketReply } from '../../../src/protocol/messages.js';
import type { SingleMessage } from './frame.js';
import { retryAfterMs } from './retry-after.js';

export interface Replies {
  readonly history: HistoryReply;
  readonly search: SearchReply;
  readonly transfer_ticket: TransferTicketReply;
}

/** 没有得到应答; offline: 没连上, 或等的时候断了, 由调用者在重连之后决定要不要再问 */
export class RequestError extends Error {
  readonly code: ErrorCode | 'offline' | 'timeout';
  /** 过一会儿原样再问可能成功 */
  readonly retryable: boolean;
  /** 服务器说过多久再问, 毫秒; 没有说为 0 */
  readonly retryAfterMs: number;

  constructor(code: RequestError['code'], retryable: boolean, message: string, toldMs = 0) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = toldMs;
  }
}

interface Waiting {
  readonly type: keyof Replies;
  readonly resolve: (reply: never) => void;
  readonly reject: (error: RequestError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

// 同时在问的上限: 补齐, 前后各一页, 文件面板, 探问, 搜索, 传输票; 快速改词时旧的搜索可能还没有答
const MAX_WAITING = 16;
const TIMEOUT_MS = 15_000;
const REPLY_TYPES: ReadonlySet<string> = new Set<keyof Replies>(['history', 'search', 'transfer_ticket']);

export class Requests {
  readonly #send: (message: object) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(send: (message: object) => boolean) {
    this.#send = send;
  }

  /** 错误: RequestError */
  ask<T extends keyof Replies>(type: T, query: object): Promise<Replies[T]> {
    this.#count += 1;
    const ref = `r${this.#count}`;
    return new Promise<Replies[T]>((resolve, reject) => {
      if (this.#waiting.size >= MAX_WAITING)
        return reject(new RequestError('server_busy', true, '同时问得太多'));
      if (!this.#send({ type, ...query, ref })) return reject(new RequestError('offline', false, '没有连上'));
      const expire = (): void =>
        this.#take(ref)?.reject(new RequestError('timeout', true, '没有按时得到应答'));
      this.#waiting.set(ref, { type, resolve, reject, timer: setTimeout(expire, TIMEOUT_MS) });
    });
  }

  /** 是某次请求的应答或错误就了结它, 返回 true */
  settle(message: SingleMessage): boolean {
    if (!REPLY_TYPES.has(message.type) && message.type !== 'error') return false;
    const waiting = this.#take(('ref' in message && message.ref) || '');
    if (waiting === undefined) return false;
    if (message.type === 'error') {
      waiting.reject(
        new RequestError(message.code, message.retryable, message.message, retryAfterMs(message)),
      );
    } else if (message.type === waiting.type) {
      // ref 与类型都对上了, 就是当初要的那一种
      waiting.resolve(message as never);
    }
    return true;
  }

  /** 断线: 全部作废 */
  rejectAll(): void {
    for (const ref of [...this.#waiting.keys()]) {
      this.#take(ref)?.reject(new RequestError('offline', false, '连接断开'));
    }
  }

  #take(ref: string): Waiting | undefined {
    const waiting = this.#waiting.get(ref);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(ref);
    clearTimeout(waiting.timer);
    return waiting;
  }
}
