// GET 与 HEAD /api/messages, /api/files, GET, HEAD 与 POST /api/search: 不用 WebSocket 也能读历史; 参数与同名的消息字段相同
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Archive, Reader } from '../chat/archive.js';
import type { Sessions } from '../chat/sessions.js';
import { decodeHistory, decodeSearch } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import { scanFrame } from '../protocol/json-scan.js';
import { bearerToken } from './bearer.js';
import { Exchange, type ReportInternal } from './http.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { queryFields, wantsPeople } from './query-fields.js';
import { readSmallBody } from './small-body.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
// 搜索词至多 256 个字符, 写成 \uXXXX 也不到 2 KiB; 余下的给不认识的字段
const SEARCH_BODY_BYTES = 16 * 1024;

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
  readonly reader: Reader;
}

export class ArchiveRoute {
  readonly #parts: ArchiveRouteParts;

  constructor(parts: ArchiveRouteParts) {
    this.#parts = parts;
  }

  messages(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const { archive } = this.#parts;
    this.#answer(res, req, headOnly, ({ fields, reader }) => archive.page(decodeHistory(fields), reader));
  }

  search(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const { archive } = this.#parts;
    this.#answer(res, req, headOnly, ({ fields, reader }) => archive.search(decodeSearch(fields), reader));
  }

  files(res: HttpResponse, req: HttpRequest, headOnly: boolean): void {
    const { archive } = this.#parts;
    // 写了别的 kind 的, 由 codec 说它不合格
    this.#answer(res, req, headOnly, ({ fields, reader }) =>
      archive.files(decodeSearch({ kind: 'file', ...fields }), reader),
    );
  }

  /** POST: 条件在 JSON 的请求体里。请求行因此总是短的: 被 TCP 拆成两段的请求行, uWS 应答 505 */
  searchByBody(res: HttpResponse, req: HttpRequest): void {
    const exchange = new Exchange(res, this.#parts.patrol);
    const { archive, reportInternal } = this.#parts;
    const run = async ({ reader }: Question, body: Promise<Buffer>): Promise<void> => {
      const bytes = await body.catch((error: unknown) => exchange.refuse(error, reportInternal));
      if (bytes === undefined) return;
      const fields = scanFrame(bytes, [], SEARCH_BODY_BYTES).envelope;
      exchange.json(200, await archive.search(decodeSearch(fields), reader));
    };
    try {
      const question = this.#examine(res, req, exchange);
      requireJson(req.getHeader('content-type'));
      run(question, readSmallBody(exchange, SEARCH_BODY_BYTES)).catch((error: unknown) =>
        exchange.fail(error, reportInternal),
      );
    } catch (error) {
      exchange.refuse(error, reportInternal);
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
      const body = await find(this.#examine(res, req, exchange));
      exchange.json(200, body, { headOnly });
    };
    run().catch((error: unknown) => exchange.fail(error, this.#parts.reportInternal, { headOnly }));
  }

  #examine(res: HttpResponse, req: HttpRequest, exchange: Exchange): Question {
    const header = (name: string): string => req.getHeader(name);
    const { origins, peers, sessions } = this.#parts;
    origins.requireAllowed(header);
    const token = bearerToken(header('authorization'), sessions);
    const peer = peers.of(res, req);
    const fields = queryFields(req.getQuery());
    const reader = {
      ...{ visitor: peer, person: token ?? peer.address, isGuest: token === undefined },
      origin: origins.recipient(peer, header),
      people: wantsPeople(fields['features']),
      // 提前离开的人: 还没有轮到的不必再读
      get gone() {
        return exchange.over;
      },
    };
    return { fields, reader };
  }
}

// 表单的类型不收: 别的网站不经预检就发得出
function requireJson(contentType: string): void {
  if (JSON_TYPE.test(contentType)) return;
  throw new AppError('invalid_field', { detail: '需要 Content-Type: application/json' });
}
