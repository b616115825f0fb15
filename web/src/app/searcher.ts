// 搜索: 一次只认最后一问; 断线时失败的, 重连之后自己再问
import type { Model } from '../model/model.js';
import type { ChatConnection, SearchAsk } from '../net/chat-connection.js';
import { LatestAsk } from './latest-ask.js';

const PAGE = 20;

export class Searcher {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #latest = new LatestAsk();

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
  }

  search(text: string): void {
    const { search } = this.#model;
    const query = text.trim();
    search.begin(query);
    if (query === '') this.#latest.forget();
    else this.#ask({ query, limit: PAGE });
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
    this.#ask({ query: search.query, before: last.seq, limit: PAGE });
  }

  /** 每次 welcome 之后 */
  online(): void {
    const { state } = this.#model.search;
    if (state.phase === 'failed' && state.code === 'offline') this.older();
  }

  #ask(ask: SearchAsk): void {
    const { search } = this.#model;
    void this.#latest.ask(() => this.#connection.search(ask), {
      answered: ({ messages, more }) => search.add(messages, more),
      failed: ({ code, message }) => search.become({ phase: 'failed', code, message }),
    });
  }
}
