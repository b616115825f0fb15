// 每条路由都从这里挂上: 自相矛盾的请求在处理函数之前就拒绝; 别的网站可以读的应答在这里登记, 预检在这里回答
import type { HttpRequest, HttpResponse, TemplatedApp, WebSocketBehavior } from 'uWebSockets.js';
import { isShared, PREFLIGHT_HEADERS, share } from './cors.js';
import { Exchange, hasBody, type ReportInternal, refuseAndClose, sendError, sendNoContent } from './http.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import { requireSingleFields } from './single-fields.js';

export type Handler = (res: HttpResponse, req: HttpRequest) => void;

export interface DoorParts {
  readonly origins: OriginRules;
  readonly patrol: Patrol;
  readonly reportInternal: ReportInternal;
}

export class Doors {
  readonly #app: TemplatedApp;
  readonly #parts: DoorParts;

  /** 副作用: 挂上 /api 与 /files 的 OPTIONS; 不是预检的交给后面的路由 */
  constructor(app: TemplatedApp, parts: DoorParts) {
    this.#app = app;
    this.#parts = parts;
    for (const pattern of ['/api/*', '/files/*']) app.options(pattern, this.#guard(this.#preflight));
  }

  get(pattern: string, handler: Handler): this {
    this.#app.get(pattern, this.#guard(handler));
    return this;
  }

  head(pattern: string, handler: Handler): this {
    this.#app.head(pattern, this.#guard(handler));
    return this;
  }

  post(pattern: string, handler: Handler): this {
    this.#app.post(pattern, this.#guard(handler));
    return this;
  }

  /** 上面都没有接下的 */
  any(pattern: string, handler: Handler): this {
    this.#app.any(pattern, this.#guard(handler));
    return this;
  }

  ws<UserData>(pattern: string, behavior: WebSocketBehavior<UserData>): this {
    const { upgrade } = behavior;
    this.#app.ws(pattern, {
      ...behavior,
      upgrade: (res, req, context) => {
        if (this.#admits(res, req)) upgrade?.(res, req, context);
      },
    });
    return this;
  }

  #guard(handler: Handler): Handler {
    return (res, req) => {
      if (!this.#admits(res, req)) return;
      if (isShared(req.getUrl()))
        share(
          res,
          this.#parts.origins.reader((name) => req.getHeader(name)),
        );
      handler(res, req);
    };
  }

  #admits(res: HttpResponse, req: HttpRequest): boolean {
    try {
      requireSingleFields(req);
      return true;
    } catch (error) {
      const { patrol, reportInternal } = this.#parts;
      if (hasBody(req)) new Exchange(res, patrol).refuse(error, reportInternal);
      else refuseAndClose(res, error, reportInternal, req.getMethod() === 'head');
      return false;
    }
  }

  // 只有浏览器会问; 答应了它才发真正的请求
  readonly #preflight: Handler = (res, req) => {
    if (req.getHeader('access-control-request-method') === '') {
      req.setYield(true);
      return;
    }
    try {
      this.#parts.origins.requireAllowed((name) => req.getHeader(name));
      sendNoContent(res, PREFLIGHT_HEADERS);
    } catch (error) {
      sendError(res, error, this.#parts.reportInternal);
    }
  };
}
