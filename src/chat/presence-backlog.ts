// 等着逐个播给基础客户端的进出: 先进先出, 按配额放行, 风暴里落后而不拖住文字
import type { Member } from './member.js';

export interface Change {
  /** enter: 人已在线, 只是又多一个窗口, 没有变化可播 */
  readonly action: 'join' | 'leave' | 'enter';
  readonly name: string;
  /** 刚加入的连接: 轮到它时才订阅, 因此不会重复听到加入时已列出的人 */
  readonly newcomer?: Member | undefined;
}

// 每个基础客户端平均每秒至多这么多帧
const FRAMES_PER_SECOND = 1000;
// 全体基础客户端平均每秒至多这么多次送达: 约占事件循环的一两成
const DELIVERIES_PER_SECOND = 500_000;
// 攒下的配额至多够这么久 (毫秒): 不短于人多时的一拍 (presence.ts), 否则配额用不满, 越落越远
const BURST_MS = 1000;
// 积压的上限 (个); 到了就不再按配额, 先播最早的
const MAX_BACKLOG = 20_000;
// 取走的部分攒到这么多才真正移走: 不为每一个搬一次数组
const COMPACT_AT = 1024;

export class PresenceBacklog {
  #changes: Change[] = [];
  #taken = 0;
  #allowance = FRAMES_PER_SECOND;
  #refilledMs: number;

  constructor(nowMs: number) {
    this.#refilledMs = nowMs;
  }

  get size(): number {
    return this.#changes.length - this.#taken;
  }

  push(change: Change): void {
    this.#changes.push(change);
  }

  /** 此刻可以播出的, 按先后; listeners 是基础客户端的个数 */
  take(nowMs: number, listeners: number): Change[] {
    const perSecond = Math.min(FRAMES_PER_SECOND, DELIVERIES_PER_SECOND / Math.max(listeners, 1));
    // 至少一个: 人再多也在前进
    const most = Math.max((perSecond * BURST_MS) / 1000, 1);
    const refill = ((nowMs - this.#refilledMs) / 1000) * perSecond;
    this.#refilledMs = nowMs;
    this.#allowance = Math.min(this.#allowance + refill, most);
    const allowed = Math.max(Math.floor(this.#allowance), this.size - MAX_BACKLOG, 0);
    const changes = this.#changes.slice(this.#taken, this.#taken + allowed);
    this.#allowance = Math.max(this.#allowance - changes.length, 0);
    this.#advance(changes.length);
    return changes;
  }

  #advance(count: number): void {
    this.#taken += count;
    if (this.#taken < this.#changes.length && this.#taken < COMPACT_AT) return;
    this.#changes = this.#changes.slice(this.#taken);
    this.#taken = 0;
  }
}
