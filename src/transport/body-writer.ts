// 应答体的发送: 内核收不下的等 onWritable, 停住的由巡查续命或切断; 总长已知, 从不分块编码
import type { Exchange } from './http.js';
import { type Patrolled, REARM_MS } from './patrol.js';

const NOTHING: Uint8Array = new Uint8Array(0);

export class BodyWriter implements Patrolled {
  readonly #exchange: Exchange;
  /** 整个应答体的字节数 */
  readonly #length: number;
  #part = NOTHING;
  /** #part 在应答体里的起点 */
  #partOffset = 0;
  #settle: () => void = () => {};
  /** 停住时已收下的字节; 没有停住时为 undefined */
  #acceptedBytes: number | undefined;
  /** 停住时: 最近一次有进展, 下一次重试 (单调毫秒) */
  #progressedAtMs = 0;
  #retryAtMs = 0;

  constructor(exchange: Exchange, length: number) {
    this.#exchange = exchange;
    this.#length = length;
  }

  /**
   * 写出一块, 须接着上一块; 兑现时已全部交给内核, 或连接已断 (看 exchange.over)。part 到兑现为止不能改。
   * head 写状态行与头, 只在第一块给出: 与第一块同在一次系统调用里
   */
  write(part: Uint8Array, offset: number, head?: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#part = part;
      this.#partOffset = offset;
      this.#settle = resolve;
      const { res } = this.#exchange;
      this.#exchange.onAbort = () => this.#finish();
      res.cork(() => {
        head?.();
        // 总是登记: 没有它, uWS 补送完积压之后只等 10 秒就切断, 而下一块可能还没上传
        res.onWritable((total) => this.#push(total));
        this.#push(offset);
      });
    });
  }

  // 停住的人每隔几秒再试一次: 失败的 tryEnd 会重设 uWS 的 10 秒 (TLS 也是, 实测)
  patrol(nowMs: number): void {
    const { res, patrol } = this.#exchange;
    if (nowMs - this.#progressedAtMs > patrol.stallTimeoutMs) {
      // 触发 onAborted: 由它收尾, 名额随之归还
      res.close();
      return;
    }
    if (nowMs < this.#retryAtMs) return;
    res.cork(() => void this.#push(res.getWriteOffset()));
  }

  // total: 应答体里已收下的字节; 减去这一块的起点就是还没写的部分
  #push(total: number): boolean {
    const [accepted, finished] = this.#exchange.res.tryEnd(
      this.#part.subarray(total - this.#partOffset),
      this.#length,
    );
    if (finished) this.#exchange.finish();
    if (accepted || finished) this.#finish();
    else this.#stall();
    return accepted || finished;
  }

  #stall(): void {
    const { res, patrol } = this.#exchange;
    const nowMs = patrol.now();
    this.#retryAtMs = nowMs + REARM_MS;
    const acceptedBytes = res.getWriteOffset();
    if (acceptedBytes === this.#acceptedBytes) return;
    this.#acceptedBytes = acceptedBytes;
    this.#progressedAtMs = nowMs;
    patrol.watch(this);
  }

  #finish(): void {
    this.#exchange.patrol.forget(this);
    this.#part = NOTHING;
    this.#acceptedBytes = undefined;
    this.#settle();
  }
}
