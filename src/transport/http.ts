// HTTP 的公共部分: 应答, 错误应答, 以及把异步处理函数安全地接到 uWS 上
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { AppError, ERRORS } from '../protocol/errors.js';
import type { Held } from '../quota/ports.js';
import { BodyDrain } from './body-drain.js';
import { BodyWriter } from './body-writer.js';
import { embedding, writeSharing } from './cors.js';
import { writeHardening } from './hardening.js';
import { claim, senderOf } from './in-flight.js';
import type { Patrol } from './patrol.js';

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
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [412, 'Precondition Failed'],
  [413, 'Payload Too Large'],
  [415, 'Unsupported Media Type'],
  [416, 'Range Not Satisfiable'],
  [422, 'Unprocessable Entity'],
  [426, 'Upgrade Required'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
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
  writeHardening(res, headers, embedding(res));
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

export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** HEAD: 头与 GET 相同, 不发应答体 */
  readonly headOnly?: boolean;
}

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' };

/** 没有 Exchange 的入口 (名额之外的连接, 信不过边界的请求): 应答错误, 随即断开; 须在处理函数的同步部分, 或自己登记过 onAborted */
export function sendErrorAndClose(
  res: HttpResponse,
  error: unknown,
  report: ReportInternal,
  headOnly = false,
): void {
  const { status, body, headers } = errorAnswer(error, report);
  res.cork(() => {
    writeHead(res, status, { ...JSON_HEADERS, ...headers, Connection: 'close' });
    // 只有头的也用 end: endWithoutBody 的第二个参数要求先给长度, 见 endHead
    res.end(headOnly ? '' : JSON.stringify(body), true);
  });
}

export function toAppError(error: unknown, report: ReportInternal): AppError {
  if (error instanceof AppError) {
    if (error.cause !== undefined) report(error);
    return error;
  }
  const errorId = report(error);
  return new AppError('internal', { detail: errorId, facts: { errorId } });
}

/** 请求是否带着请求体: 回绝这样的要用 Exchange.refuse */
export function hasBody(req: HttpRequest): boolean {
  return Number(req.getHeader('content-length') || 0) > 0 || req.getHeader('transfer-encoding') !== '';
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
 * 信不过边界而没有请求体 (带着的用 Exchange.refuse) 的请求: 应答错误, 然后断开。须在处理函数的同步部分调用。
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
    if (!gone) sendErrorAndClose(res, error, report, headOnly);
  });
}

/**
 * 一次请求的生死: uWS 在中止之后使用 res 会抛错, 不登记 onAborted 就返回会结束进程
 *   open --头已发出--> answering --发完--> over
 *     \---- 一次应答完, 或对方离开 ------/
 */
export class Exchange {
  readonly res: HttpResponse;
  readonly patrol: Patrol;
  #state: 'open' | 'answering' | 'over' = 'open';
  #onAbort: (() => void) | undefined;
  /** 拒绝之后余下的请求体 */
  #drain: BodyDrain | undefined;
  #body: 'unread' | 'arriving' | 'whole' = 'unread';
  #paused = false;
  /** 占着的名额 (按地址的请求数) */
  readonly #held: Held | undefined;

  constructor(res: HttpResponse, patrol: Patrol) {
    this.res = res;
    this.patrol = patrol;
    this.#held = claim(res);
    res.onAborted(() => {
      this.#state = 'over';
      this.#held?.release();
      this.#drain?.release();
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
    this.#held?.release();
    this.#onAbort = undefined;
  }

  /**
   * 开始接收请求体, 只能调用一次, 须在处理函数的同步部分。data 在返回后失效; drop 之后不再调用。
   * 不在接收的回调里换掉 onData: 换掉正在执行的回调, uWS 会用到已释放的内存
   */
  receive(handler: (data: ArrayBuffer, isLast: boolean) => void): void {
    this.#body = 'arriving';
    this.res.onData((data, isLast) => {
      if (isLast) this.#body = 'whole';
      if (this.#drain === undefined) handler(data, isLast);
      else this.#drain.feed(data.byteLength, isLast);
    });
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** 停读请求体; 至多再来一块。停着的请求看不到对方离开 */
  pause(): void {
    if (this.over) return;
    this.#paused = true;
    this.res.pause();
  }

  /** 没有停着的不动: 在处理函数里 resume 没有停着的请求, uWS 从此不再读它 (实测) */
  resume(): void {
    if (this.over || !this.#paused) return;
    this.#paused = false;
    this.res.resume();
  }

  json(status: number, body: unknown, { headers = {}, headOnly = false }: AnswerOptions = {}): void {
    const bytes = Buffer.from(JSON.stringify(body));
    this.answer(status, { ...JSON_HEADERS, ...headers }, bytes, headOnly);
  }

  /** 一次给出的应答; 对方读得慢, 就慢慢送, 不占别的内存。body 此后不能改 */
  answer(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    headOnly = false,
  ): void {
    if (this.over) return;
    // 空的没有体可送: tryEnd 送不完零个字节
    if (!headOnly && body.length > 0) {
      void new BodyWriter(this, body.length).write(body, 0, () => this.begin(status, headers));
      return;
    }
    this.finish();
    this.res.cork(() => {
      writeHead(this.res, status, headers);
      endHead(this.res, body.length);
    });
  }

  /** 业务错误 -> 它的状态码与 {"error":{code,message}}; 意外的错误记录后成为 internal */
  fail(error: unknown, report: ReportInternal, options: AnswerOptions = {}): void {
    if (this.#state === 'answering') this.#cut(error, report);
    if (this.over) return;
    const { status, body, headers } = errorAnswer(error, report);
    // HEAD 的错误也不能带体: 否则同一连接上的下一个应答会错位
    this.json(status, body, { ...options, headers: { ...headers, ...options.headers } });
  }

  // 头已发出, 改不了口: 断开, 不能让人把半个当成整个
  #cut(error: unknown, report: ReportInternal): void {
    this.finish();
    // 业务错误多半不是故障: 跟着的上传被取消了
    toAppError(error, report);
    this.res.close();
  }

  /** 不要余下的请求体: 停着的恢复, 从此读到的都丢掉 (有界)。可重复调用; 之后须 refuse */
  drop(): void {
    if (this.over || this.#drain !== undefined) return;
    if (this.#body === 'unread') this.receive(() => {});
    this.resume();
    // 收完了的没有余下的可等
    if (this.#body !== 'whole') this.#drain = new BodyDrain(this.res, this.patrol, senderOf(this.res));
  }

  /** 请求体还没收完就拒绝: 立即应答, 一面接着读一面丢; 收完 (或读够了, 再留一会儿) 就断开。已收完的照常应答, 连接留着 */
  refuse(error: unknown, report: ReportInternal, options: AnswerOptions = {}): void {
    this.drop();
    const drain = this.#drain;
    if (drain === undefined) {
      this.fail(error, report, options);
      return;
    }
    if (this.over) return;
    const { status, body, headers: advice } = errorAnswer(error, report);
    this.finish();
    const headers = { ...JSON_HEADERS, ...advice, ...options.headers, Connection: 'close' };
    writeUnended(this.res, status, headers, JSON.stringify(body));
    drain.answered();
  }
}

interface ErrorAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

function errorAnswer(error: unknown, report: ReportInternal): ErrorAnswer {
  const { code, message, facts } = toAppError(error, report);
  const { retryAfterMs } = facts;
  // 头里的单位是秒 (RFC 9110 第 10.2.3 节)
  const headers =
    typeof retryAfterMs === 'number' ? { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) } : {};
  return { status: ERRORS[code].http, body: { error: { code, message, ...facts } }, headers };
}

// 应答一结束, uWS 就不许再碰 res: 停不了读, 也断不开。所以写出完整的应答而不让它知道已经结束:
// 应答体跟在最后一个头的值里。uWS 会再补一个 CRLF, 算进长度 (JSON 的末尾可以有空白)
function writeUnended(
  res: HttpResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): void {
  res.cork(() => {
    writeHead(res, status, headers);
    res.writeHeader('Content-Length', `${Buffer.byteLength(text) + 2}\r\n\r\n${text}`);
  });
}
