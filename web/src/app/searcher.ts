// 搜索: 一次只认最后一问; 断线时失败的, 重连之后自己再问
import type { Model } from '../model/model.js';
import type { ChatConnection, SearchAsk } from '../net/chat-connection.js';
import { RequestError } from '../net/requests.js';

const PAGE = 20;

export class Searcher {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  // 第几问: 迟到的应答不算
  #turn = 0;

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
  }

  search(text: string): void {
    const { search } = this.#model;
    const query = text.trim();
    search.begin(query);
    this.#turn += 1;
    if (query !== '') void this.#ask({ query, limit: PAGE });
  }

  older(): void {
    const { search } = this.#model;
    const last = search.found.at(-1);
    const { phase } = search.state;
    if (phase === 'searching' || phase === 'paging') return;
    // 第一页就没有得到: 从头再来
    if (last === undefined) {
      this.search(search.query);
      return;
    }
    search.become({ phase: 'paging' });
    this.#turn += 1;
    void this.#ask({ query: search.query, before: last.seq, limit: PAGE });
  }

  /** 每次 welcome 之后 */
  online(): void {
    const { state } = this.#model.search;
    if (state.phase === 'failed' && state.code === 'offline') this.older();
  }

  async #ask(ask: SearchAsk): Promise<void> {
    const turn = this.#turn;
    const { search } = this.#model;
    try {
      const { messages, more } = await this.#connection.search(ask);
      if (turn === this.#turn) search.add(messages, more);
    } catch (error) {
      const known =
        error instanceof RequestError ? error : new RequestError('internal', false, String(error));
      if (turn === this.#turn) search.become({ phase: 'failed', code: known.code, message: known.message });
    }
  }
}
