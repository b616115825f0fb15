// 翻历史与搜索的成员: 一问一答, 以 ref 对号; 也用来灌消息
import type { HistoryReply, SearchReply, ServerMessage } from '../../src/protocol/messages.js';
import { joinChat } from './chat-member.js';
import type { Target } from './target.js';
import type { WebSocketClient } from './websocket-client.js';

type Reply = HistoryReply | SearchReply;

interface Asked {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class HistoryClient {
  readonly #asked = new Map<string, Asked>();
  #client: WebSocketClient | undefined;
  #nextRef = 1;
  #acks = 0;
  #wantedAcks = 0;
  #onAcks: (() => void) | undefined;
  #failure: Error | undefined;

  static async join(target: Target, name: string): Promise<HistoryClient> {
    const member = new HistoryClient();
    const { client } = await joinChat(target, name, (message) => member.#receive(message));
    member.#client = client;
    return member;
  }

  /** 收到的应答, 从加入算起 */
  get acks(): number {
    return this.#acks;
  }

  send(message: object): void {
    this.#client!.sendJson(message);
  }

  /** 等到累计 count 个 ack。错误: 服务器报的错 */
  async untilAcks(count: number): Promise<void> {
    if (this.#acks < count) {
      this.#wantedAcks = count;
      await new Promise<void>((resolve) => {
        this.#onAcks = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** request: 没有 ref 的 history 或 search */
  ask(request: object): Promise<Reply> {
    const ref = `r${this.#nextRef}`;
    this.#nextRef += 1;
    return new Promise((resolve, reject) => {
      this.#asked.set(ref, { resolve, reject });
      this.send({ ...request, ref });
    });
  }

  close(): void {
    this.#client?.close();
  }

  #receive(message: ServerMessage): void {
    if (message.type === 'ack') {
      this.#acks += 1;
      if (this.#acks === this.#wantedAcks) this.#onAcks?.();
    } else if (message.type === 'history' || message.type === 'search') this.#answer(message);
    else if (message.type === 'error')
      this.#fail(new Error(`${message.code} ${message.message}`), message.ref);
  }

  #answer(reply: Reply): void {
    if (reply.ref === undefined) return;
    this.#asked.get(reply.ref)?.resolve(reply);
    this.#asked.delete(reply.ref);
  }

  #fail(error: Error, ref: string | undefined): void {
    const asked = ref === undefined ? undefined : this.#asked.get(ref);
    if (asked !== undefined) {
      asked.reject(error);
      return;
    }
    this.#failure = error;
    this.#onAcks?.();
  }
}
