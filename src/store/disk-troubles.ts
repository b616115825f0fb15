// 磁盘一时的困难 (只读, 读写出错, 没有句柄, 满了) 的日志: 开始时一行, 持续则隔一阵一行, 过去之后一行, 不逐次记
//   quiet --第一次--> troubled --一段时间没有再出错--> quiet
import type { AppError } from '../protocol/errors.js';
import { errorCode } from './disk-errors.js';

export interface DiskTroublesLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

// 隔多久报一次还有多少, 这么久没有再出错才算过去 (毫秒)
const PERIOD_MS = 30_000;

export class DiskTroubles {
  readonly #log: DiskTroublesLog;
  readonly #periodMs: number;
  /** 这一段里的次数; troubled 时才有定时器 */
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: DiskTroublesLog, periodMs = PERIOD_MS) {
    this.#log = log;
    this.#periodMs = periodMs;
  }

  /** 客户端刚因为它得到 storage_full 或 server_busy */
  note(error: AppError): void {
    this.#count += 1;
    if (this.#timer !== undefined) return;
    const reason = errorCode(error.cause);
    this.#log.warn(
      { code: error.code, reason, err: error.cause },
      '磁盘读写不了, 请求都得到这个错误; 不逐次记',
    );
    this.#count = 0;
    this.#timer = setInterval(() => this.#review(), this.#periodMs).unref();
  }

  #review(): void {
    if (this.#count > 0) this.#log.warn({ failed: this.#count }, '磁盘还是读写不了');
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#log.info({}, '磁盘没有再出错');
    }
    this.#count = 0;
  }
}
