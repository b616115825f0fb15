// 收不下消息 (磁盘满, 积压到了上限) 时的日志: 开始时一行, 过去之后一行, 不逐条记
import { AppError } from '../../protocol/errors.js';

export interface HistoryLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

// 落盘又跟上了, 而且这么久 (毫秒) 没有再拒绝, 才算过去: 磁盘将满时短的收得下, 长的收不下
const QUIET_MS = 1000;

export class Refusals {
  readonly #logger: HistoryLogger;
  #count = 0;
  #lastAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: HistoryLogger) {
    this.#logger = logger;
  }

  /** 刚拒绝了一条 */
  refused(error: unknown): void {
    this.#count += 1;
    this.#lastAtMs = performance.now();
    if (this.#count > 1) return;
    const code = error instanceof AppError ? error.code : 'internal';
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn({ code, reason }, `收不下新消息 (${code}), 发送者都收到这个错误; 过去之后再记一行`);
  }

  /** 收下的都已落盘; 安静得还不够久, 到时再看 */
  settled(): void {
    if (this.#count === 0 || this.#timer !== undefined) return;
    const lastAtMs = this.#lastAtMs;
    const restMs = lastAtMs + QUIET_MS - performance.now();
    if (restMs <= 0) this.#recovered();
    else this.#timer = setTimeout(() => this.#recheck(lastAtMs), restMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  // 等的时候又拒绝过: 由下一次落盘再来
  #recheck(lastAtMs: number): void {
    this.#timer = undefined;
    if (this.#lastAtMs === lastAtMs) this.#recovered();
  }

  #recovered(): void {
    this.#logger.info({ refused: this.#count }, '又收得下新消息了');
    this.#count = 0;
  }
}
