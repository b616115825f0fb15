// 请求体的钟: uWS 要求每 10 秒 160 KiB, 慢的与停一会儿的都会被它一声不响地切断。
// 一停一续就重设它的期限 (实测), 多久没有字节算停住由这里数
import { AppError } from '../protocol/errors.js';
import type { Exchange } from './http.js';
import { type Patrolled, REARM_MS } from './patrol.js';

export class BodyClock implements Patrolled {
  readonly #exchange: Exchange;
  readonly #idleTimeoutMs: number;
  readonly #onIdle: (error: AppError) => void;
  /** 最近一次收到字节, 下一次重设期限 (单调毫秒) */
  #arrivedAtMs: number;
  #rearmAtMs = 0;
  #complete = false;

  /** 造出就走; onIdle 得到 request_timeout, 须在那里 stop */
  constructor(exchange: Exchange, idleTimeoutMs: number, onIdle: (error: AppError) => void) {
    this.#exchange = exchange;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onIdle = onIdle;
    this.#arrivedAtMs = exchange.patrol.now();
    exchange.patrol.watch(this);
  }

  /** 又来了字节; isLast: 此后不再算停住, 但仍重设期限, 应答之前也许还要算很久 */
  arrived(isLast: boolean): void {
    this.#arrivedAtMs = this.#exchange.patrol.now();
    this.#complete ||= isLast;
  }

  /** 这么久没有字节了 (毫秒); 收完的, 停着等磁盘的是 0 */
  get quietMs(): number {
    const { paused, patrol } = this.#exchange;
    return paused || this.#complete ? 0 : patrol.now() - this.#arrivedAtMs;
  }

  /** 可重复调用; 应答之前须停下 */
  stop(): void {
    this.#exchange.patrol.forget(this);
  }

  patrol(nowMs: number): void {
    // 停着等磁盘的没有期限, 没有字节也不怪对方
    if (this.#exchange.paused) this.#arrivedAtMs = nowMs;
    else if (!this.#complete && nowMs - this.#arrivedAtMs > this.#idleTimeoutMs)
      this.#onIdle(new AppError('request_timeout'));
    else if (nowMs >= this.#rearmAtMs) {
      this.#rearmAtMs = nowMs + REARM_MS;
      this.#exchange.pause();
      this.#exchange.resume();
    }
  }
}
