// HTTP 的公共部分: 应答, 错误应答, 以及把异步处理函数安全地接到 uWS 上
import type { HttpResponse } from 'uWebSockets.js';
import { AppError, ERRORS } from '../protocol/errors.js';
import { writeSharing } from './cors.js';

const STATUS_TEXT = new Map<number, string>([
  [200, 'OK'],
  [201, 'Created'],
  [204, 'No Content'],
  [206, 'Partial Content'],
  [304, 'Not Modified'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [409, 'Conflict'],
  [413, 'Payload Too Large'],
  [415, 'Unsupported Media Type'],
  [416, 'Range Not Satisfiable'],
  [422, 'Unprocessable Entity'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
  [507, 'Insufficient Storage'],
]);

export type ReportInternal = (error: unknown) => string;

/** 状态行与头; 须在 cork 之内或处理函数的同步部分调用 */
export function writeHead(
  res: HttpResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  res.writeStatus(`${status} ${STATUS_TEXT.get(status) ?? ''}`);
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
  writeSharing(res);
}

/**
 * 只有头的应答, Content-Length 如同带着应答体; 须在 writeHead 之后, 同在 cork 之内。
 * 不用 endWithoutBody(length): 那样 uWS 一直等着这么多字节, 应答永不结束,
 * 同步的处理函数一返回它就结束整个进程 (实测, 一个 HEAD / 就够)
 */
export function endHead(res: HttpResponse, length: number): void {
  res.writeHeader('Content-Length', String(length));
  res.endWithoutBody();
}

interface JsonOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** HEAD: 头与 GET 相同, 不发应答体 */
  readonly headOnly?: boolean;
  /** 应答之后断开 (带 Connection: close) */
  readonly closing?: boolean;
}

export function sendJson(
  res: HttpResponse,
  status: number,
  body: unknown,
  { headers = {}, headOnly = false, closing = false }: JsonOptions = {},
): void {
  const text = JSON.stringify(body);
  res.cork(() => {
    writeHead(res, status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...headers,
    });
    // 没有应答体而要断开: endWithoutBody 的第二个参数要求先给长度, 见 endHead
    if (closing) res.end(headOnly ? '' : text, true);
    else if (headOnly) endHead(res, Buffer.byteLength(text));
    else res.end(text);
  });
}

/** 业务错误 -> 它的状态码与 {"error":{code,message}}; 意外的错误记录后成为 internal */
export function sendError(
  res: HttpResponse,
  error: unknown,
  report: ReportInternal,
  options: JsonOptions = {},
): void {
  const { code, message, facts } = toAppError(error, report);
  sendJson(res, ERRORS[code].http, { error: { code, message, ...facts } }, options);
}

export function toAppError(error: unknown, report: ReportInternal): AppError {
  if (error instanceof AppError) {
    if (error.cause !== undefined) report(error);
    return error;
  }
  const errorId = report(error);
  return new AppError('internal', { detail: errorId, facts: { errorId } });
}

/** If-None-Match 是否包含 etag: 星号, 或名单里有它 (弱比较); 没有这个头时为 '' */
export function isFresh(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag.replace(/^W\//, '') === etag;
  });
}

/** 304: 没有应答体, 也没有 Content-Length (写 0 就是说资源是空的) */
export function sendNotModified(res: HttpResponse, headers: Readonly<Record<string, string>>): void {
  res.cork(() => {
    writeHead(res, 304, headers);
    res.endWithoutBody();
  });
}

/** 204: 没有应答体, 也不可有 Content-Length (RFC 9110 第 8.6 节) */
export function sendNoContent(res: HttpResponse, headers: Readonly<Record<string, string>>): void {
  res.cork(() => {
    writeHead(res, 204, headers);
    res.endWithoutBody();
  });
}

/**
 * 信不过边界的请求: 应答错误, 然后断开。须在处理函数的同步部分调用。
 * 过了这一轮才应答: 立即应答的话, uWS 把同一个包里随后的字节当作下一个请求去执行 (实测, 断开的标志也被它抹掉);
 * 还没应答时又来一个, 它就直接断开
 */
export function refuseAndClose(
  res: HttpResponse,
  error: unknown,
  report: ReportInternal,
  headOnly: boolean,
): void {
  let gone = false;
  res.onAborted(() => {
    gone = true;
  });
  setImmediate(() => {
    if (!gone) sendError(res, error, report, { headOnly, closing: true });
  });
}

/**
 * 一次请求的生死: uWS 在中止之后使用 res 会抛错, 不登记 onAborted 就返回会结束进程
 *   open --头已发出--> answering --发完--> over
 *     \---- 一次应答完, 或对方离开 ------/
 */
export class Exchange {
  readonly res: HttpResponse;
  #state: 'open' | 'answering' | 'over' = 'open';
  #onAbort: (() => void) | undefined;

  constructor(res: HttpResponse) {
    this.res = res;
    res.onAborted(() => {
      this.#state = 'over';
      this.#onAbort?.();
    });
  }

  /** 已应答完或对方已离开: 不能再碰 res */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** 对方在应答之前离开时调用; 只保留最后一个 */
  set onAbort(handler: () => void) {
    this.#onAbort = handler;
  }

  /** 状态行与头; 应答体随后分块发出。须在 cork 之内 */
  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#state = 'answering';
    writeHead(this.res, status, headers);
  }

  /** 应答完毕 */
  finish(): void {
    this.#state = 'over';
    this.#onAbort = undefined;
  }

  /** 停读请求体; 至多再来一块 */
  pause(): void {
    if (!this.over) this.res.pause();
  }

  resume(): void {
    if (!this.over) this.res.resume();
  }

  json(status: number, body: unknown, headOnly = false): void {
    if (this.over) return;
    this.finish();
    sendJson(this.res, status, body, { headOnly });
  }

  fail(error: unknown, report: ReportInternal, headOnly = false): void {
    if (this.#state === 'answering') this.#cut(error, report);
    if (this.over) return;
    this.finish();
    // HEAD 的错误也不能带体: 否则同一连接上的下一个应答会错位
    sendError(this.res, error, report, { headOnly });
  }

  // 头已发出, 改不了口: 断开, 不能让人把半个当成整个
  #cut(error: unknown, report: ReportInternal): void {
    this.finish();
    // 业务错误多半不是故障: 跟着的上传被取消了
    toAppError(error, report);
    this.res.close();
  }

  /**
   * 请求体还没收完就拒绝。先停读再应答: 关得太早, 对方的写入会先撞上 RST 而读不到应答;
   * 继续读则白收 2.5 GB。停读之后对方读到应答自会离开, 不走的由 uWS 在约 10 秒后切断 (实测)
   */
  refuse(error: unknown, report: ReportInternal): void {
    this.pause();
    if (this.over) return;
    this.finish();
    sendError(this.res, error, report, { headers: { Connection: 'close' } });
  }
}
