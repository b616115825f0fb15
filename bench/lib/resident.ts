// 会自己回来的成员: 断了就退避, 再带着令牌与 after 加入, 补齐到 welcome 说的 seq; 一条一条数着, 不漏不重
//   out --joining--> catching --补齐--> in --断开或 leave--> out --退避之后--> joining ...
import { eachSeq, type FrameKind, hasMore, isLive, type WelcomeFacts, welcomeFacts } from './frame-scan.js';
import { joinLight, WEB_FEATURES } from './light-member.js';
import { SeqTrack } from './seq-track.js';
import type { Target } from './target.js';
import type { WebSocketClient } from './websocket-client.js';

/** 断开之后隔这么久再连 (毫秒), 均匀随机: 一万人不能同一刻回来 */
const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 3000;
const JOIN_TIMEOUT_MS = 15_000;
const HISTORY_PAGE = 200;

export interface ResidentWatch {
  /** 补齐了 (头一次加入不算) */
  onBack?(resident: Resident): void;
  /** 没连上, 或被断开的原因 */
  onTrouble?(reason: string): void;
}

export type ResidentState = 'out' | 'joining' | 'catching' | 'in';

export class Resident {
  readonly name: string;
  readonly #target: Target;
  readonly #watch: ResidentWatch;
  #state: ResidentState = 'out';
  #client: WebSocketClient | undefined;
  #welcome: WelcomeFacts | undefined;
  #track: SeqTrack | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Target, name: string, watch: ResidentWatch = {}) {
    this.#target = target;
    this.name = name;
    this.#watch = watch;
  }

  get state(): ResidentState {
    return this.#state;
  }

  get upTo(): number {
    return this.#track?.upTo ?? 0;
  }

  get track(): SeqTrack | undefined {
    return this.#track;
  }

  /** 头一次加入。错误: 进不来 */
  async enter(): Promise<void> {
    await this.#join();
  }

  say(message: string): boolean {
    if (this.#state !== 'in') return false;
    this.#client!.sendJson({ type: 'text', message });
    return true;
  }

  /** 读一次积压; 补齐之前一直读着 */
  sip(): void {
    if (this.#state === 'in') this.#client?.sip();
  }

  /** 断线, 不打招呼; 随后自己回来 */
  drop(): void {
    if (this.#state === 'out' || this.#state === 'joining') return;
    this.#client?.close();
  }

  /** 打过招呼再离开房间, 连接留着; 由 rejoin 回来 */
  leave(): void {
    if (this.#state !== 'in') return;
    this.#state = 'out';
    this.#client!.sendJson({ type: 'user_update', action: 'leave' });
  }

  rejoin(): void {
    if (this.#state !== 'out' || this.#client?.isOpen !== true) return;
    this.#state = 'joining';
    const { session } = this.#welcome!;
    const join = { type: 'user_update', action: 'join', name: this.name, session, features: WEB_FEATURES };
    this.#client.resume();
    this.#client.sendJson({ ...join, after: this.upTo });
  }

  /** 不再回来 */
  stop(): void {
    clearTimeout(this.#timer);
    this.#state = 'out';
    this.#welcome = undefined;
    this.#client?.close();
  }

  async #join(): Promise<void> {
    this.#state = 'joining';
    const returning = this.#welcome && { session: this.#welcome.session, after: this.upTo };
    const { client } = await joinLight(
      {
        target: this.#target,
        name: this.name,
        features: WEB_FEATURES,
        timeoutMs: JOIN_TIMEOUT_MS,
        ...returning,
      },
      {
        onFrame: (kind, payload) => this.#hear(kind, payload),
        onClose: (reason) => this.#lost(reason),
      },
    );
    this.#client = client;
    // 补齐可能比这一句早: 同一个 TCP 段里就有 history
    this.#settle();
  }

  #hear(kind: FrameKind, payload: Buffer): void {
    if (kind === 'welcome') this.#welcomed(welcomeFacts(payload));
    else if (isLive(kind)) eachSeq(payload, (seq) => this.#track?.record(seq, 'live'));
    else if (kind === 'history') this.#hearHistory(payload);
    if (this.#state === 'catching') this.#settle();
  }

  #welcomed(facts: WelcomeFacts): void {
    this.#welcome = facts;
    this.#track?.reconnected();
    this.#track ??= new SeqTrack(facts.seq);
    this.#state = 'catching';
  }

  #hearHistory(payload: Buffer): void {
    eachSeq(payload, (seq) => this.#track?.record(seq, 'history'));
    const request = { type: 'history', after: this.upTo, limit: HISTORY_PAGE };
    // 头一次加入只给最近五十条, 更早的不要
    if (this.#state === 'catching' && this.upTo < this.#welcome!.seq && hasMore(payload))
      this.#client?.sendJson(request);
  }

  /** 补齐了就改为平时停读 */
  #settle(): void {
    if (this.#state !== 'catching' || this.#client?.isOpen !== true) return;
    if (this.upTo < this.#welcome!.seq) return;
    this.#state = 'in';
    this.#client.pause();
    this.#watch.onBack?.(this);
  }

  #lost(reason: string): void {
    this.#state = 'out';
    // stop 之后不再回来
    if (this.#welcome === undefined) return;
    this.#watch.onTrouble?.(reason);
    this.#retryLater();
  }

  #retryLater(): void {
    const delayMs = MIN_BACKOFF_MS + Math.random() * (MAX_BACKOFF_MS - MIN_BACKOFF_MS);
    this.#timer = setTimeout(() => {
      this.#join().catch((error: Error) => {
        this.#state = 'out';
        if (this.#welcome === undefined) return;
        this.#watch.onTrouble?.(error.message);
        this.#retryLater();
      });
    }, delayMs);
  }
}

/** 轮流读大家的积压; 返回停止。periodMs: 每人隔这么久一次 */
export function sipInTurn(residents: readonly Resident[], periodMs: number): () => void {
  const tickMs = 10;
  let next = 0;
  const timer = setInterval(() => {
    const share = Math.ceil((residents.length * tickMs) / periodMs);
    for (let index = 0; index < share; index += 1) {
      next += 1;
      residents[next % residents.length]?.sip();
    }
  }, tickMs);
  return () => clearInterval(timer);
}
