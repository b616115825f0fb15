// POST /api/files: 在请求体移动之前能拒绝的都在这里拒绝, 其余交给 FormUpload

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Session } from '../chat/session.js';
import type { Sessions, Signature } from '../chat/sessions.js';
import type { KeyedRequests, KeyedRun } from '../files/keyed-requests.js';
import { AppError } from '../protocol/errors.js';
import type { Visitor } from '../quota/ports.js';
import { bearerSession } from './bearer.js';
import { FORM_OVERHEAD_BYTES, type FormParts, FormUpload, type RequestFacts } from './form-upload.js';
import { Exchange } from './http.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { wantsPeople } from './query-fields.js';

// 名额用完时, 这么久没有一个字节的请求让位 (毫秒)
const QUIET_MS = 10_000;
const RETRY_MS = 1000;

export interface UploadRouteOptions {
  /** 单个文件的上限 (字节), 也是一次请求的上限 (外加表单自身的开销) */
  readonly fileBytes: number;
  readonly filesPerRequest: number;
  /** 同时进行的请求数 */
  readonly maxActive: number;
  /** 请求体多久没有新字节就拒绝 (毫秒) */
  readonly idleTimeoutMs: number;
}

export interface UploadRouteParts extends FormParts {
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly patrol: Patrol;
  readonly peers: Peers;
  readonly keyed: KeyedRequests;
  readonly stopping: () => boolean;
}

export class UploadRoute {
  readonly #options: UploadRouteOptions;
  readonly #parts: UploadRouteParts;
  readonly #active = new Set<FormUpload>();

  constructor(options: UploadRouteOptions, parts: UploadRouteParts) {
    this.#options = options;
    this.#parts = parts;
  }

  handle(res: HttpResponse, req: HttpRequest): void {
    const exchange = new Exchange(res, this.#parts.patrol);
    try {
      const facts = this.#examine(res, req);
      const { visitor } = facts.party;
      // 他自己的一份已满的, 不为他请走别人
      if (this.#parts.quota.fits(visitor, 'uploads')) this.#requireRoom();
      const held = this.#parts.quota.hold(visitor, 'uploads');
      const form = new FormUpload(exchange, facts, this.#options, this.#parts, () => {
        held.release();
        this.#active.delete(form);
      });
      this.#active.add(form);
      form.receive();
    } catch (error) {
      exchange.refuse(error, this.#parts.reportInternal);
    }
  }

  /** 停机: 半途的请求不可续传, 删净; 返回拒绝了几个 */
  async stop(): Promise<number> {
    const forms = [...this.#active];
    await Promise.all(forms.map((form) => form.fail(new AppError('server_stopping'))));
    return forms.length;
  }

  // 满了: 最久没有字节的让位。错误: server_busy (都有动静)
  #requireRoom(): void {
    const { maxActive: limit } = this.#options;
    if (this.#active.size < limit) return;
    const staying = [...this.#active].filter(({ isLeaving }) => !isLeaving);
    if (staying.length < limit) return;
    const quiet = staying.filter(({ quietMs }) => quietMs > QUIET_MS);
    const [victim] = quiet.sort((a, b) => b.quietMs - a.quietMs);
    const retryAfterMs = RETRY_MS;
    if (victim === undefined) {
      throw new AppError('server_busy', { facts: { setting: 'uploads.maxActive', limit, retryAfterMs } });
    }
    void victim.fail(new AppError('request_timeout', { detail: '停着的让给别人', facts: { retryAfterMs } }));
  }

  // 在体移动之前能拒绝的都在这里拒绝; req 在第一个 await 之后失效, 所以一次读完
  #examine(res: HttpResponse, req: HttpRequest): RequestFacts {
    const header = (name: string): string => req.getHeader(name);
    if (this.#parts.stopping()) throw new AppError('server_stopping');
    this.#parts.origins.requireAllowed(header);
    const contentLength = Number(header('content-length') || 0);
    const { fileBytes } = this.#options;
    if (contentLength > fileBytes + FORM_OVERHEAD_BYTES) {
      throw new AppError('file_too_large', { facts: { limit: fileBytes } });
    }
    const contentType = header('content-type');
    if (!/^multipart\/form-data\s*;/i.test(contentType)) {
      throw new AppError('invalid_field', { detail: '需要 multipart/form-data' });
    }
    const peer = this.#parts.peers.of(res, req);
    const people = wantsPeople(req.getQuery('features'));
    const recipient = { origin: this.#parts.origins.recipient(peer, header), people };
    const session = bearerSession(header('authorization'), this.#parts.sessions);
    const sign = (field: string | undefined): Signature => this.#sign(session, field, peer);
    const keyed = this.#keyed(idempotencyKey(req), session, peer);
    const party = { sessionKey: session?.token ?? '', visitor: peer };
    return { contentType, contentLength, recipient, party, sign, keyed };
  }

  #sign(session: Session | undefined, field: string | undefined, visitor: Visitor): Signature {
    const { sessions } = this.#parts;
    if (session !== undefined) return sessions.sign(session);
    if (field === undefined) {
      throw new AppError('invalid_field', { detail: 'name 字段须在文件之前', facts: { field: 'name' } });
    }
    try {
      return sessions.signAs(field, visitor);
    } catch (error) {
      throw error instanceof AppError && error.code === 'name_taken' ? withoutToken(error) : error;
    }
  }

  // 键属于会话; 没有会话的属于名字与地址, 名字要到表单里才知道
  #keyed(key: string | undefined, session: Session | undefined, visitor: Visitor): RequestFacts['keyed'] {
    if (key === undefined) return undefined;
    return (name: string): KeyedRun =>
      this.#parts.keyed.begin(
        session === undefined ? [name, visitor.address] : [session.sender],
        key,
        visitor,
      );
  }
}

// 名字的主人自己多半就是他: 告诉他怎么证明
function withoutToken({ facts }: AppError): AppError {
  const detail = '他本人请带上 Authorization: Bearer 令牌 (welcome 的 session)';
  return new AppError('name_taken', { detail, facts });
}

// 写了却认不出 (空的, 不是 UTF-8 的 uWS 也给空的) 不能当作没写: 对方以为再发是安全的。错误: invalid_field
function idempotencyKey(req: HttpRequest): string | undefined {
  const keys: string[] = [];
  req.forEach((name, value) => {
    if (name === 'idempotency-key') keys.push(value);
  });
  if (keys.length > 1) throw new AppError('invalid_field', { detail: 'Idempotency-Key 写了几次' });
  return keys[0];
}
