// 一大群没有人细看的连接: 平时停读, 轮到时一次取尽, 只认帧的边界 (ping 要答); 一次读取代替几十次唤醒
import type { WebSocketClient } from './websocket-client.js';

const TICK_MS = 10;

export class DrainRing {
  readonly #clients: WebSocketClient[] = [];
  readonly #periodMs: number;
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  /** periodMs: 每条连接隔这么久取一次; 期间的积压须装得进内核的缓冲 */
  constructor(periodMs: number) {
    this.#periodMs = periodMs;
    this.#timer = setInterval(() => this.#drainSome(), TICK_MS);
  }

  add(client: WebSocketClient): void {
    client.pause();
    this.#clients.push(client);
  }

  get size(): number {
    return this.#clients.length;
  }

  /** 还连着的; 陷阱: 断线要轮到它取的时候才知道 */
  get openCount(): number {
    return this.#clients.filter((client) => client.isOpen).length;
  }

  /** 全部断开并忘掉 */
  closeAll(): void {
    for (const client of this.#clients) client.close();
    this.#clients.length = 0;
  }

  /** 取出最后 count 个 (不再代它取) */
  take(count: number): WebSocketClient[] {
    return this.#clients.splice(-count, count);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #drainSome(): void {
    const share = Math.ceil((this.#clients.length * TICK_MS) / this.#periodMs);
    for (let index = 0; index < share; index += 1) {
      this.#next += 1;
      const client = this.#clients[this.#next % this.#clients.length];
      client?.sip();
    }
  }
}
