// 文件面板的查找在服务器上做: 一次只认最后一问; 断线时失败的, 重连之后自己再问
import type { FileFilter } from '../model/file-finder.js';
import type { Model } from '../model/model.js';
import type { ChatConnection } from '../net/chat-connection.js';
import { LatestAsk } from './latest-ask.js';

const PAGE = 50;

export class FileSearcher {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #latest = new LatestAsk();

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
  }

  search(filter: FileFilter): void {
    const { finder } = this.#model;
    finder.begin(filter);
    if (finder.state.phase === 'asking') this.#ask(undefined);
    else this.#latest.forget();
  }

  older(): void {
    const { finder } = this.#model;
    const last = finder.found.at(-1);
    const { phase } = finder.state;
    if (phase === 'off' || phase === 'asking' || phase === 'paging') return;
    // 第一页就没有得到: 从头再来
    if (last === undefined) {
      this.search(finder.filter);
      return;
    }
    finder.become({ phase: 'paging' });
    this.#ask(last.seq);
  }

  /** 每次 welcome 之后: 断线期间来的也要算上 */
  online(): void {
    const { finder } = this.#model;
    if (finder.state.phase !== 'off') this.search(finder.filter);
  }

  #ask(before: number | undefined): void {
    const { finder, files } = this.#model;
    const range = { limit: PAGE, ...(before === undefined ? {} : { before }) };
    void this.#latest.ask(() => this.#connection.search({ kind: 'file', ...finder.filter, ...range }), {
      answered: ({ messages, total, more }) => {
        const found = messages.filter((message) => message.type === 'file');
        // 图片要能点开看大图: 它在 files 里找
        files.addApart(found);
        finder.add(found, { total: total ?? found.length, more });
      },
      failed: ({ code, message }) => finder.become({ phase: 'failed', code, message }),
    });
  }
}
