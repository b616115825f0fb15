// 照看打开着的连接: 积压, 加入的期限, 内存的水位; 该断的在这里断, 从不在收消息的回调里
import type { Member } from '../chat/member.js';
import type { WsConnection } from './connection.js';
import { MemoryWatch } from './memory-watch.js';

export interface UpkeepOptions {
  readonly joinTimeoutMs: number;
  /** 一条连接积压的上限, 字节 */
  readonly slowConsumerBytes: number;
}

export interface UpkeepParts {
  readonly members: ReadonlyMap<WsConnection, Member>;
  readonly memory: MemoryWatch;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

// 每隔这么久看一遍积压与内存 (毫秒); 广播多时看得更勤
const PATROL_MS = 100;
// 每隔这么久看一遍谁到期还没加入 (毫秒)
const JOIN_CHECK_MS = 1000;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #parts: UpkeepParts;
  readonly #patrol: NodeJS.Timeout;
  /** 直接发送时已有积压的连接, 这一轮事件之后就看 */
  readonly #pressed = new Set<WsConnection>();
  /** 上次巡查之后广播的字节; 谁的积压都涨不过它 */
  #publishedBytes = 0;
  #inspection: NodeJS.Immediate | undefined;
  #nextJoinCheckMs = 0;

  constructor(options: UpkeepOptions, parts: UpkeepParts) {
    this.#options = options;
    this.#parts = parts;
    this.#patrol = setInterval(() => this.#patrolOnce(), PATROL_MS);
  }

  /** 有字节没能立刻交给内核; 各连接共用这一个函数, 不为每条各造一个闭包 */
  readonly pressed = (connection: WsConnection): void => {
    this.#pressed.add(connection);
    this.#inspectSoon();
  };

  /** 又广播了这么多字节。不能在这里断开谁: 此刻可能正在某个回调之中 */
  published(bytes: number): void {
    this.#publishedBytes += bytes;
    if (this.#publishedBytes > this.#options.slowConsumerBytes) this.#inspectSoon();
  }

  forget(connection: WsConnection): void {
    this.#pressed.delete(connection);
  }

  stop(): void {
    clearInterval(this.#patrol);
    clearImmediate(this.#inspection);
  }

  #inspectSoon(): void {
    this.#inspection ??= setImmediate(() => {
      this.#inspection = undefined;
      if (this.#publishedBytes > this.#options.slowConsumerBytes) this.#inspect();
      for (const connection of this.#pressed) this.#cutIfSlow(connection);
      this.#pressed.clear();
    });
  }

  /** 积压超过预算的是慢消费者 */
  #cutIfSlow(connection: WsConnection): void {
    if (connection.bufferedBytes <= this.#options.slowConsumerBytes) return;
    this.#parts.members.get(connection)?.cut('slow_consumer');
  }

  // 没有广播过就没有人的积压会涨 (直接发送的由 #pressed 看着): 一万人闲着时不必每次看一遍
  #patrolOnce(): void {
    if (this.#publishedBytes > 0) this.#inspect();
    const nowMs = this.#parts.now();
    if (this.#parts.memory.look(nowMs)) this.#freeMemory();
    if (nowMs < this.#nextJoinCheckMs) return;
    this.#nextJoinCheckMs = nowMs + JOIN_CHECK_MS;
    this.#cutUnjoined(nowMs);
  }

  // 过了水位: 走一步, 下一步看内存降了没有
  #freeMemory(): void {
    const holdings = [...this.#parts.members.values()].map((member) => ({
      member,
      visitor: member.visitor,
      isJoined: member.session !== undefined,
      // 半截的帧看不到收了多少: 按它至多能占的算
      bytes: member.connection.frameBytes + member.connection.bufferedBytes,
    }));
    for (const { member } of MemoryWatch.victims(holdings)) member.cut('release_memory');
  }

  #inspect(): void {
    this.#publishedBytes = 0;
    for (const connection of this.#parts.members.keys()) this.#cutIfSlow(connection);
  }

  #cutUnjoined(nowMs: number): void {
    for (const [connection, member] of this.#parts.members) {
      if (member.session !== undefined) connection.joinDeadlineMs = undefined;
      else connection.joinDeadlineMs ??= nowMs + this.#options.joinTimeoutMs;
      if (connection.joinDeadlineMs !== undefined && connection.joinDeadlineMs < nowMs) {
        member.cut('unauthorized');
      }
    }
  }
}
