// GET 与 HEAD /api/messages, /api/files, GET, HEAD 与 POST /api/search: 不用 WebSocket 也能读历史; 参数与同名的消息字段相同
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Archive } from '../chat/archive.js';
import type { Sessions } from '../chat/sessions.js';
import { decodeHistory, decodeSearch } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import { scanFrame } from '../protocol/json-scan.js';
import type { SearchMessage } from '../protocol/messages.js';
import { Counts } from '../quota/counts.js';
import { requireBearer } from './bearer.js';
import { Exchange, type ReportInternal } from './http.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { queryFields } from './query-fields.js';
import { readSmallBody } from './small-body.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
// 不加入也能搜: 合计至多占全部搜索的四分之一, 余下的留给加入的人
const SEARCH_SHARE = 4;
// 一个地址同时至多这么多个
const SEARCHES_PER_ADDRESS = 4;
// 搜索词至多 256 个字符, 写成 \uXXXX 也不到 2 KiB; 余下的给不认识的字段
const SEARCH_BODY_BYTES = 16 * 1024;

export interface ArchiveRouteOptions {
  /** 同时的搜索的上限, 含 WebSocket 的 */
  readonly maxSearches: number;
}

export interface ArchiveRouteParts {
  readonly archive: Archive;
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly patrol: Patrol;
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
    this.#answer(res, req, headOnly, (question) =>
      this.#search(question, (message, origin) => this.#parts.archive.search(message, origin)),
    );
  }

  files(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    this.#answer(res, req, headOnly, (question) => {
      // 写了别的 kind 的, 由 codec 说它不合格
      const fields = { kind: 'file', ...question.fields };
      return this.#search({ ...question, fields }, (message, origin) =>
        this.#parts.archive.files(message, origin),
      );
    });
  }

  /** POST: 条件在 JSON 的请求体里。请求行因此总是短的: 被 TCP 拆成两段的请求行, uWS 应答 505 */
  searchByBody(res: HttpResponse, req: HttpRequest): void {
    const exchange = new Exchange(res, this.#parts.patrol);
    const { reportInternal } = this.#parts;
    const run = async (question: Question, body: Promise<Buffer>): Promise<void> => {
      const bytes = await body.catch((error: unknown) => exchange.refuse(error, reportInternal));
      if (bytes === undefined) return;
      const fields = scanFrame(bytes, [], SEARCH_BODY_BYTES).envelope;
      const find = (message: SearchMessage, origin: string) => this.#parts.archive.search(message, origin);
      exchange.json(200, await this.#search({ ...question, fields }, find));
    };
    try {
      const question = this.#examine(res, req);
      requireJson(req.getHeader('content-type'));
      run(question, readSmallBody(exchange, SEARCH_BODY_BYTES)).catch((error: unknown) =>
        exchange.fail(error, reportInternal),
      );
    } catch (error) {
      exchange.refuse(error, reportInternal);
    }
  }

  // 名额到搜完才还: 提前离开的人, 他的搜索还在做
  async #search(
    { fields, origin, address }: Question,
    find: (message: SearchMessage, origin: string) => Promise<object>,
  ): Promise<object> {
    const message = decodeSearch(fields);
    const share = Math.max(1, Math.floor(this.#options.maxSearches / SEARCH_SHARE));
    if (this.#searches >= share || this.#searching.of(address) >= SEARCHES_PER_ADDRESS)
      throw new AppError('server_busy');
    this.#searches += 1;
    this.#searching.add(address);
    try {
      return await find(message, origin);
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
    const exchange = new Exchange(res, this.#parts.patrol);
    const run = async (): Promise<void> => {
      const body = await find(this.#examine(res, req));
      exchange.json(200, body, { headOnly });
    };
    run().catch((error: unknown) => exchange.fail(error, this.#parts.reportInternal, { headOnly }));
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

// 表单的类型不收: 别的网站不经预检就发得出
function requireJson(contentType: string): void {
  if (JSON_TYPE.test(contentType)) return;
  throw new AppError('invalid_field', { detail: '需要 Content-Type: application/json' });
}
