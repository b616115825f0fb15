// 历史的一问一答: 应答凭 ref 对上; 没有 ref 的是加入时服务器主动给的
import type { HistoryReply, ServerMessage } from '../../../src/protocol/messages.js';
import type { HistoryQuery } from './chat-connection.js';

interface Waiting {
  readonly resolve: (reply: HistoryReply) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

// 同时在问的上限: 正常至多三个 (补齐, 更早的, 文件面板)
const MAX_WAITING = 8;
const TIMEOUT_MS = 15_000;

export class HistoryRequests {
  readonly #send: (message: object) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(send: (message: object) => boolean) {
    this.#send = send;
  }

  request(query: HistoryQuery): Promise<HistoryReply> {
    this.#count += 1;
    const ref = `h${this.#count}`;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= MAX_WAITING) return reject(new Error('同时在问的历史太多'));
      if (!this.#send({ type: 'history', ...query, ref })) return reject(new Error('没有连上'));
      const timer = setTimeout(() => this.#take(ref)?.reject(new Error('历史没有按时到')), TIMEOUT_MS);
      this.#waiting.set(ref, { resolve, reject, timer });
    });
  }

  /** 是某次请求的应答或错误就了结它, 返回 true */
  settle(message: ServerMessage): boolean {
    if (message.type !== 'history' && message.type !== 'error') return false;
    const waiting = this.#take(message.ref ?? '');
    if (waiting === undefined) return false;
    if (message.type === 'history') waiting.resolve(message);
    else waiting.reject(new Error(message.code));
    return true;
  }

  /** 断线: 全部作废, 由调用者决定要不要再问 */
  rejectAll(): void {
    for (const ref of [...this.#waiting.keys()]) this.#take(ref)?.reject(new Error('连接断开'));
  }

  #take(ref: string): Waiting | undefined {
    const waiting = this.#waiting.get(ref);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(ref);
    clearTimeout(waiting.timer);
    return waiting;
  }
}
