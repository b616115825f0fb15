// 一个人收到了哪些 seq: 有没有断, 有没有重; 先到的后面几条记在 ahead 里 (补发与广播的先后不定, 协议第 10 节)
export type Heard = 'live' | 'history';

/** 乱序至多记这么多条; 再多就不是乱序, 是前面真的丢了 */
const MAX_AHEAD = 200_000;

export class SeqTrack {
  #upTo: number;
  readonly #ahead = new Set<number>();
  #lastLive = 0;
  #lastHistory = 0;
  /** 同一条广播 (或同一条补发) 收到第二次 */
  doubled = 0;
  /** 广播与补发都给了的: 协议允许, 客户端按 seq 去重 */
  overlapped = 0;
  /** 至今收到多少条不同的 */
  received = 0;

  /** after: 此前的不算 */
  constructor(after: number) {
    this.#upTo = after;
  }

  /** 连续收到哪一条为止 */
  get upTo(): number {
    return this.#upTo;
  }

  get missing(): boolean {
    return this.#ahead.size > 0;
  }

  /** 断线重连: 各条连接的广播与补发各自递增, 重新数 */
  reconnected(): void {
    this.#lastLive = 0;
    this.#lastHistory = 0;
  }

  record(seq: number, how: Heard): void {
    this.#countRepeat(seq, how);
    if (seq <= this.#upTo || this.#ahead.has(seq)) return;
    this.received += 1;
    if (seq === this.#upTo + 1) this.#upTo = seq;
    else if (this.#ahead.size < MAX_AHEAD) this.#ahead.add(seq);
    while (this.#ahead.size > 0 && this.#ahead.delete(this.#upTo + 1)) this.#upTo += 1;
  }

  // 同一条连接上, 广播与补发各自严格递增: 不增就是重了
  #countRepeat(seq: number, how: Heard): void {
    const last = how === 'live' ? this.#lastLive : this.#lastHistory;
    if (seq <= last) this.doubled += 1;
    else if (seq <= this.#upTo || this.#ahead.has(seq)) this.overlapped += 1;
    if (how === 'live') this.#lastLive = Math.max(last, seq);
    else this.#lastHistory = Math.max(last, seq);
  }
}
