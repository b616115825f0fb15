// GET 与 HEAD /api/messages, /api/search: 不用 WebSocket 也能读历史; 参数与同名的消息字段相同
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Archive } from '../chat/archive.js';
import type { Sessions } from '../chat/sessions.js';
import { decodeHistory, decodeSearch } from '../protocol/codec.js';
import { requireBearer } from './bearer.js';
import { Exchange, type ReportInternal } from './http.js';
import type { OriginRules } from './origin.js';

const INTEGER = /^\d+$/;

export interface ArchiveRouteParts {
  readonly archive: Archive;
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly reportInternal: ReportInternal;
}

/** 请求在第一个 await 之前读出的 */
interface Question {
  readonly fields: Readonly<Record<string, unknown>>;
  /** 收件人的来源: 文件链接以它为前缀 */
  readonly origin: string;
}

export class ArchiveRoute {
  readonly #parts: ArchiveRouteParts;

  constructor(parts: ArchiveRouteParts) {
    this.#parts = parts;
  }

  messages(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    this.#answer(res, req, headOnly, ({ fields, origin }) =>
      this.#parts.archive.page(decodeHistory(fields), origin),
    );
  }

  search(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    this.#answer(res, req, headOnly, ({ fields, origin }) =>
      this.#parts.archive.search(decodeSearch(fields), origin),
    );
  }

  #answer(
    res: HttpResponse,
    req: HttpRequest,
    headOnly: boolean,
    find: (question: Question) => object | Promise<object>,
  ): void {
    const exchange = new Exchange(res);
    const run = async (): Promise<void> => {
      const body = await find(this.#examine(req));
      exchange.json(200, body, headOnly);
    };
    run().catch((error: unknown) => exchange.fail(error, this.#parts.reportInternal, headOnly));
  }

  #examine(req: HttpRequest): Question {
    const header = (name: string): string => req.getHeader(name);
    const { origins, sessions } = this.#parts;
    origins.requireAllowed(header);
    requireBearer(header('authorization'), sessions);
    return { fields: queryFields(req.getQuery()), origin: origins.recipient(header) };
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
