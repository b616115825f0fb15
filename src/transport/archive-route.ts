// GET 与 HEAD /api/messages, /api/search: 不用 WebSocket 也能读历史; 参数与同名的消息字段相同
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Archive } from '../chat/archive.js';
import type { Sessions } from '../chat/sessions.js';
import { decodeHistory, decodeSearch } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import { requireBearer } from './bearer.js';
import { Counts } from './counts.js';
import { Exchange, type ReportInternal } from './http.js';
import type { OriginRules } from './origin.js';
import type { Peers } from './peer.js';

const INTEGER = /^\d+$/;
// 不加入也能搜: 合计至多占全部搜索的四分之一, 余下的留给加入的人
const SEARCH_SHARE = 4;
// 一个地址同时至多这么多个
const SEARCHES_PER_ADDRESS = 4;

export interface ArchiveRouteOptions {
  /** 同时的搜索的上限, 含 WebSocket 的 */
  readonly maxSearches: number;
}

export interface ArchiveRouteParts {
  readonly archive: Archive;
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly peers: Peers;
  readonly reportInternal: ReportInternal;
}

/** 请求在第一个 await 之前读出的 */
interface Question {
  readonly fields: Readonly<Record<string, unknown>>;
  /** 收件人的来源: 文件链接以它为前缀 */
  readonly origin: string;
  /** 占名额用的键 */
  readonly address: string;
}

export class ArchiveRoute {
  readonly #options: ArchiveRouteOptions;
  readonly #parts: ArchiveRouteParts;
  readonly #searching = new Counts();
  #searches = 0;

  constructor(options: ArchiveRouteOptions, parts: ArchiveRouteParts) {
    this.#options = options;
    this.#parts = parts;
  }

  messages(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    this.#answer(res, req, headOnly, ({ fields, origin }) =>
      this.#parts.archive.page(decodeHistory(fields), origin),
    );
  }

  search(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    this.#answer(res, req, headOnly, (question) => this.#search(question));
  }

  // 名额到搜完才还: 提前离开的人, 他的搜索还在做
  async #search({ fields, origin, address }: Question): Promise<object> {
    const message = decodeSearch(fields);
    const share = Math.max(1, Math.floor(this.#options.maxSearches / SEARCH_SHARE));
    if (this.#searches >= share || this.#searching.of(address) >= SEARCHES_PER_ADDRESS)
      throw new AppError('server_busy');
    this.#searches += 1;
    this.#searching.add(address);
    try {
      return await this.#parts.archive.search(message, origin);
    } finally {
      this.#searches -= 1;
      this.#searching.remove(address);
    }
  }

  #answer(
    res: HttpResponse,
    req: HttpRequest,
    headOnly: boolean,
    find: (question: Question) => object | Promise<object>,
  ): void {
    const exchange = new Exchange(res);
    const run = async (): Promise<void> => {
      const body = await find(this.#examine(res, req));
      exchange.json(200, body, headOnly);
    };
    run().catch((error: unknown) => exchange.fail(error, this.#parts.reportInternal, headOnly));
  }

  #examine(res: HttpResponse, req: HttpRequest): Question {
    const header = (name: string): string => req.getHeader(name);
    const { origins, peers, sessions } = this.#parts;
    origins.requireAllowed(header);
    requireBearer(header('authorization'), sessions);
    const peer = peers.of(res, req);
    const origin = origins.recipient(peer, header);
    return { fields: queryFields(req.getQuery()), origin, address: peer.address };
  }
}

// 数字写成数字, 其余照原样: 合不合格由 codec 说, 两个入口同一套
function queryFields(query: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const parameters = new URLSearchParams(query);
  for (const name of ['before', 'after', 'limit']) {
    const value = parameters.get(name);
    if (value !== null) fields[name] = INTEGER.test(value) ? Number(value) : value;
  }
  for (const name of ['query', 'kind']) {
    const value = parameters.get(name);
    if (value !== null) fields[name] = value;
  }
  return fields;
}
