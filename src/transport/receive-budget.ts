// 接收缓冲的总预算: uWS 为每条连接留住它收过的最大一帧, 直到断开 (platform.md 实测)
// 总量超过预算时, 请留得最多的那条重连 (4009), 内存随之归还
import type { WsConnection } from './connection.js';

// 小帧不进账: 几万条连接各留 16 KiB 也只是零头, 而聊天的帧都在此之下
const FREE_BYTES = 16 * 1024;

export class ReceiveBudget {
  readonly #maxBytes: number;
  readonly #release: (connection: WsConnection) => void;
  /** 每条连接收到过的最大一帧 (字节) */
  readonly #retained = new Map<WsConnection, number>();
  #totalBytes = 0;

  constructor(maxBytes: number, release: (connection: WsConnection) => void) {
    this.#maxBytes = maxBytes;
    this.#release = release;
  }

  /** 收到一帧; 副作用: 可能断开若干连接 (包括这一条) */
  record(connection: WsConnection, frameBytes: number): void {
    if (frameBytes <= FREE_BYTES) return;
    const heldBytes = this.#retained.get(connection) ?? 0;
    if (frameBytes <= heldBytes) return;
    this.#totalBytes += frameBytes - heldBytes;
    this.#retained.set(connection, frameBytes);
    while (this.#totalBytes > this.#maxBytes) {
      const largest = this.#largest();
      if (largest === undefined) return;
      this.forget(largest);
      this.#release(largest);
    }
  }

  forget(connection: WsConnection): void {
    this.#totalBytes -= this.#retained.get(connection) ?? 0;
    this.#retained.delete(connection);
  }

  #largest(): WsConnection | undefined {
    let found: WsConnection | undefined;
    let mostBytes = 0;
    for (const [connection, bytes] of this.#retained) {
      if (bytes <= mostBytes) continue;
      found = connection;
      mostBytes = bytes;
    }
    return found;
  }
}
