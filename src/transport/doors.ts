// 每条路由都从这里挂上: 自相矛盾的请求在处理函数之前就拒绝; 别的网站可以读的应答在这里登记, 预检在这里回答
import type { HttpRequest, HttpResponse, TemplatedApp, WebSocketBehavior } from 'uWebSockets.js';
import { AppError } from '../protocol/errors.js';
import type { AddressQuota, Held } from '../quota/ports.js';
import { isShared, PREFLIGHT_HEADERS, share } from './cors.js';
import { Exchange, hasBody, type ReportInternal, refuseAndClose, sendNoContent } from './http.js';
import { claim, introduce, occupy } from './in-flight.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { requireSoundHead } from './request-head.js';

export type Handler = (res: HttpResponse, req: HttpRequest) => void;

export interface DoorParts {
  readonly origins: OriginRules;
  readonly peers: Peers;
  readonly quota: AddressQuota;
  readonly patrol: Patrol;
  /** 网页自己的文件 */
  readonly statics: { has(path: string): boolean };
  readonly reportInternal: ReportInternal;
}

/** 这个请求归不归这条路由; 不归的交给后面的, 也不在这里计数 */
type Takes = (req: HttpRequest) => boolean;

const METHODS = ['get', 'head', 'post'] as const;
type Method = (typeof METHODS)[number];

const CATCH_ALL = '/*';
// 探活的用容器或机器自己的名字访问, 与给人用的 Host 无关
const PROBES: ReadonlySet<string> = new Set(['/healthz']);
// 一个网页的文件算几个请求: 在内存里, 花费是一页历史的一半以下 (实测 25 到 50 微秒, 一页历史约 100);
// 打开一次网页要四个, 少一个就打不开, 而一个办公室的人会一齐打开
const PAGE_FILE_COST = 0.5;
// 升级的由 ws.ts 按连接计
const NOT_COUNTED: Held = { release() {} };
// 别的方法的请求体没有人要: 小的读过就算, 大的不能让 uWS 一直替我们读下去
const BODY_METHODS: ReadonlySet<string> = new Set(['post', 'put', 'patch', 'delete']);
const LITTLE_BODY_BYTES = 64 * 1024;
const PAGE_METHODS: readonly ('get' | 'head')[] = ['get', 'head'];

export class Doors {
  readonly #app: TemplatedApp;
  /** 挂过的地址各有哪些方法 */
  readonly #methods = new Map<string, readonly Method[]>();
  readonly #parts: DoorParts;

  /** 副作用: 挂上 /api 与 /files 的 OPTIONS 的预检 */
  constructor(app: TemplatedApp, parts: DoorParts) {
    this.#app = app;
    this.#parts = parts;
    for (const pattern of ['/api/*', '/files/*'])
      app.options(pattern, this.#guard(this.#preflight, isPreflight));
  }

  get(pattern: string, handler: Handler, takes?: Takes): this {
    return this.#add('get', pattern, handler, takes);
  }

  head(pattern: string, handler: Handler): this {
    return this.#add('head', pattern, handler);
  }

  post(pattern: string, handler: Handler): this {
    return this.#add('post', pattern, handler);
  }

  /** 最后一步: 挂过的地址别的方法是 405, 没有人接的是 404 */
  finish(): void {
    for (const [pattern, methods] of this.#methods) {
      if (pattern === CATCH_ALL) continue;
      const refuse = this.#guard((res, req) => this.#notAllowed(res, req, methods));
      // GET 与 HEAD 有兜底的路由, 它会先接走
      for (const method of PAGE_METHODS) if (!methods.includes(method)) this.#app[method](pattern, refuse);
      this.#app.any(pattern, refuse);
    }
    const rest = this.#guard((res, req) => {
      if (this.#parts.statics.has(req.getUrl())) this.#notAllowed(res, req, PAGE_METHODS);
      else this.#decline(res, req, new AppError('not_found'));
    });
    this.#app.any(CATCH_ALL, rest);
  }

  ws<UserData>(pattern: string, behavior: WebSocketBehavior<UserData>): this {
    const { upgrade } = behavior;
    this.#app.ws(pattern, {
      ...behavior,
      upgrade: (res, req, context) => {
        if (this.#admits(res, req, () => NOT_COUNTED)) upgrade?.(res, req, context);
      },
    });
    return this;
  }

  #add(method: Method, pattern: string, handler: Handler, takes?: Takes): this {
    this.#app[method](pattern, this.#guard(handler, takes));
    this.#methods.set(pattern, [...(this.#methods.get(pattern) ?? []), method]);
    return this;
  }

  #notAllowed(res: HttpResponse, req: HttpRequest, methods: readonly Method[]): void {
    const allowed = METHODS.filter((method) => methods.includes(method));
    const headers = { Allow: [...allowed, 'options'].join(', ').toUpperCase() };
    if (req.getMethod() === 'options') sendNoContent(res, headers);
    else this.#decline(res, req, new AppError('method_not_allowed'), headers);
  }

  #decline(
    res: HttpResponse,
    req: HttpRequest,
    error: AppError,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const { patrol, reportInternal } = this.#parts;
    const exchange = new Exchange(res, patrol);
    const headOnly = req.getMethod() === 'head';
    if (hasBody(req) && !headOnly) exchange.refuse(error, reportInternal, { headers });
    else exchange.fail(error, reportInternal, { headers, headOnly });
  }

  #guard(handler: Handler, takes: Takes = () => true): Handler {
    return (res, req) => {
      if (!takes(req)) {
        req.setYield(true);
        return;
      }
      const held = this.#admits(res, req, () => {
        // 先登记: 因为忙而拒绝的应答, 名单里的网站也读得到
        this.#share(res, req);
        return this.#count(res, req);
      });
      if (held === undefined) return;
      occupy(res, held);
      handler(res, req);
      // 没有人领走的, 已经当场应答
      claim(res)?.release();
    };
  }

  #share(res: HttpResponse, req: HttpRequest): void {
    const { origins } = this.#parts;
    const path = req.getUrl();
    if (!isShared(path)) return;
    share(res, {
      reader: origins.reader((name) => req.getHeader(name)),
      policy: path.startsWith('/files/') ? origins.filePolicy : 'same-site',
    });
  }

  // 错误: rate_limited, server_busy (这个地址的请求)
  #count(res: HttpResponse, req: HttpRequest): Held {
    const { peers, quota, statics } = this.#parts;
    const visitor = peers.of(res, req);
    quota.spend(visitor, 'requests', statics.has(req.getUrl()) ? PAGE_FILE_COST : 1);
    return quota.hold(visitor, 'requests');
  }

  // 每个请求都经过: 先看头是否可信, 再按地址计数。不受理的已经应答, 那时为 undefined
  #admits(res: HttpResponse, req: HttpRequest, count: () => Held): Held | undefined {
    if (hasBody(req)) introduce(res, this.#parts.peers.of(res, req));
    try {
      requireSoundHead(req);
      if (!PROBES.has(req.getUrl())) this.#parts.origins.requireKnownHost(req.getHeader('host'));
      if (!BODY_METHODS.has(req.getMethod())) requireLittleBody(req);
      return count();
    } catch (error) {
      const { patrol, reportInternal } = this.#parts;
      const headOnly = req.getMethod() === 'head';
      // HEAD 的应答不能带体
      if (hasBody(req) && !headOnly) new Exchange(res, patrol).refuse(error, reportInternal);
      else refuseAndClose(res, error, reportInternal, headOnly);
      return undefined;
    }
  }

  // 只有浏览器会问; 答应了它才发真正的请求
  readonly #preflight: Handler = (res, req) => {
    try {
      this.#parts.origins.requireAllowed((name) => req.getHeader(name));
      sendNoContent(res, PREFLIGHT_HEADERS);
    } catch (error) {
      new Exchange(res, this.#parts.patrol).fail(error, this.#parts.reportInternal);
    }
  };
}

function isPreflight(req: HttpRequest): boolean {
  return req.getHeader('access-control-request-method') !== '';
}

// 错误: invalid_field
function requireLittleBody(req: HttpRequest): void {
  const little = Number(req.getHeader('content-length') || 0) <= LITTLE_BODY_BYTES;
  if (little && req.getHeader('transfer-encoding') === '') return;
  throw new AppError('invalid_field', { detail: '这种方法不收请求体' });
}
