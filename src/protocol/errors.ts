// 错误与关闭码的唯一来源: WebSocket 帧, HTTP 应答, 文档和测试都取自这两张表
export interface ErrorEntry {
  /** HTTP 状态码; 同一张表同时服务于两种传输 */
  readonly http: number;
  /** 原样重发是否可能成功; 客户端据此决定是否自动重试 */
  readonly retryable: boolean;
  /** 给最终用户看的默认中文说明 */
  readonly message: string;
}

export const ERRORS = {
  bad_json: { http: 400, retryable: false, message: '消息不是合法的 JSON 对象' },
  invalid_field: { http: 400, retryable: false, message: '消息缺少字段, 或字段的类型, 长度不对' },
  unknown_type: { http: 400, retryable: false, message: '没有这种消息类型' },
  base64_invalid: { http: 400, retryable: false, message: '文件内容不是合法的标准 Base64' },
  offset_mismatch: { http: 409, retryable: true, message: '分片的 offset 不符, 请从应答里的 offset 继续' },
  size_mismatch: { http: 409, retryable: false, message: '收到的字节数与声明的大小不符' },
  checksum_mismatch: { http: 422, retryable: false, message: 'SHA-256 校验不符, 文件未发布' },
  unauthorized: { http: 401, retryable: false, message: '没有有效的会话' },
  forbidden_origin: { http: 403, retryable: false, message: '不接受来自这个网页的连接' },
  not_found: { http: 404, retryable: false, message: '没有这个资源' },
  method_not_allowed: { http: 405, retryable: false, message: '这个地址不支持这种方法' },
  request_timeout: { http: 408, retryable: true, message: '太久没有收到请求的字节' },
  precondition_failed: { http: 412, retryable: false, message: '资源与请求的条件 (If-Match) 不符' },
  upgrade_required: { http: 426, retryable: false, message: '这里只接受 WebSocket, 第 13 版' },
  head_too_large: { http: 431, retryable: false, message: '请求头过长' },
  upload_unknown: { http: 404, retryable: false, message: '没有这个上传, 或它已由别的连接接管' },
  name_taken: { http: 409, retryable: false, message: '这个用户名正被使用, 请换一个' },
  name_invalid: {
    http: 400,
    retryable: false,
    message: '用户名须为 1 到 32 个看得见的字符, 一个词里不混用形近的文字',
  },
  request_in_progress: { http: 409, retryable: true, message: '同一个 Idempotency-Key 的请求还没有做完' },
  idempotency_key_reused: {
    http: 422,
    retryable: false,
    message: '这个 Idempotency-Key 用过了, 而这次的文件与上次的不同',
  },
  file_too_large: { http: 413, retryable: false, message: '文件超过大小上限' },
  frame_too_large: { http: 413, retryable: false, message: '单帧过大, 请改用分片上传 (file_start)' },
  text_too_long: { http: 413, retryable: false, message: '文字消息过长' },
  file_type_forbidden: { http: 415, retryable: false, message: '不允许上传这种类型的文件' },
  file_name_invalid: { http: 400, retryable: false, message: '文件名清理之后没有可用的部分' },
  window_exceeded: { http: 429, retryable: true, message: '未确认的字节超过窗口, 请等待 file_ack' },
  rate_limited: { http: 429, retryable: true, message: '太多或太快, 请稍后再试' },
  file_damaged: { http: 500, retryable: false, message: '这个文件在服务器的磁盘上损坏了' },
  storage_full: { http: 507, retryable: false, message: '服务器存储空间不足' },
  server_busy: { http: 503, retryable: true, message: '服务器此刻顾不过来, 请稍后再试' },
  server_stopping: { http: 503, retryable: true, message: '服务器正在停止, 请稍后重连' },
  internal: { http: 500, retryable: false, message: '服务器内部错误' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface CloseEntry {
  readonly code: number;
  readonly reason: string;
  /** 客户端何时重连: now = 立即 (加随机抖动), later = 30 秒后, never = 不自动重连 */
  readonly retry: 'now' | 'later' | 'never';
}

// 4000 以上为应用自用区间 (RFC 6455 第 7.4.2 节)
export const CLOSES = {
  stopping: { code: 1001, reason: 'stopping', retry: 'now' },
  frame_too_large: { code: 1009, reason: 'frame_too_large', retry: 'never' },
  unauthorized: { code: 4001, reason: 'unauthorized', retry: 'never' },
  slow_consumer: { code: 4008, reason: 'slow_consumer', retry: 'now' },
  release_memory: { code: 4009, reason: 'release_memory', retry: 'now' },
  flooding: { code: 4010, reason: 'flooding', retry: 'later' },
  replaced: { code: 4012, reason: 'replaced', retry: 'never' },
} as const satisfies Record<string, CloseEntry>;

export type CloseName = keyof typeof CLOSES;

// 名额何时空出来多半无从知道: 没有说多久的 server_busy 都请人过这么久再来 (毫秒)
const BUSY_RETRY_MS = 1000;

/** 错误附带的事实, 例如 limit (字节) 或 offset (字节); 原样并入 error 消息 */
export type ErrorFacts = Readonly<Record<string, string | number>>;

export interface AppErrorOptions {
  readonly detail?: string;
  readonly facts?: ErrorFacts;
  readonly ref?: string | undefined;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * 业务错误: 由领域层抛出, 只在边缘 (ws.ts, http.ts) 翻译成帧或 HTTP 应答。
 * detail 追加在默认说明之后, 给人看; facts 给程序看, server_busy 的总有 retryAfterMs; ref 是相关的 clientId, uploadId, 或 history 的 ref。
 * retryable 不给就照表; 磁盘满的文字是可以重试的, 同一个码的上传则不是。cause 是引起它的系统错误: 边缘记进日志, 不给客户端。
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  readonly ref: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const { detail, cause } = options;
    const { message, retryable } = ERRORS[code];
    super(detail === undefined ? message : `${message}: ${detail}`, cause === undefined ? {} : { cause });
    this.name = 'AppError';
    this.code = code;
    const facts = options.facts ?? {};
    this.facts = code === 'server_busy' ? { retryAfterMs: BUSY_RETRY_MS, ...facts } : facts;
    this.ref = options.ref;
    this.retryable = options.retryable ?? retryable;
  }

  /** 补上 ref: 深处抛错时往往还不知道它属于哪条消息 */
  withRef(ref: string | undefined): AppError {
    if (this.ref !== undefined || ref === undefined) return this;
    const { facts, retryable, cause } = this;
    const error = new AppError(this.code, { facts, ref, retryable, cause });
    error.message = this.message;
    return error;
  }
}
