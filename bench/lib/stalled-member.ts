// 停住不读的成员, 与它放开之后: 读完积压, 看到为何被切断, 带令牌与 after 回来补齐
import { eachSeq, type FrameKind, hasMore, isLive, welcomeFacts } from './frame-scan.js';
import { joinLight, type LightJoin, type LightMember, pause } from './light-member.js';
import { SeqTrack } from './seq-track.js';

/** 放开之后读完积压的限期, 与补齐的限期 (毫秒) */
const READ_MS = 20_000;
const CATCH_UP_MS = 20_000;
const TICK_MS = 20;
/** 放开之后这么久没有新的字节, 也没有断开, 就当它没有被切断 (毫秒) */
const QUIET_MS = 3000;

export type StalledEnd = 'slow_consumer' | 'silent' | 'open';

export interface StalledReturn {
  readonly end: StalledEnd;
  readonly lastCloseSlow: boolean;
  readonly caughtUp: boolean;
  readonly missed: number;
}

export class StalledMember {
  readonly #request: LightJoin;
  #member: LightMember | undefined;
  #track: SeqTrack | undefined;
  #closeReason: string | undefined;
  #lastFrameMs = 0;

  private constructor(request: LightJoin) {
    this.#request = request;
  }

  /** 返回时已停住 */
  static async join(request: LightJoin): Promise<StalledMember> {
    const stalled = new StalledMember(request);
    await stalled.#join(request);
    stalled.#member!.client.pause();
    return stalled;
  }

  /** 放开, 看结局, 再回来补齐。错误: 回不来 */
  async comeBack(): Promise<StalledReturn> {
    const end = await this.#readToEnd();
    const { session } = this.#member!.welcome;
    this.#member!.client.close();
    const after = this.#track!.upTo;
    const { welcome } = await this.#join({ ...this.#request, session, after });
    const caughtUp = await this.#until(() => this.#track!.upTo >= welcome.seq, CATCH_UP_MS);
    this.#member!.client.close();
    return {
      end,
      lastCloseSlow: welcome.lastCloseCode === 4008,
      caughtUp: caughtUp && !this.#track!.missing && this.#track!.doubled === 0,
      missed: welcome.seq - after,
    };
  }

  async #join(request: LightJoin): Promise<LightMember> {
    this.#track?.reconnected();
    this.#closeReason = undefined;
    const member = await joinLight(request, {
      onFrame: (kind, payload) => this.#hear(kind, payload),
      onClose: (reason) => {
        this.#closeReason = reason;
      },
    });
    this.#member = member;
    return member;
  }

  async #readToEnd(): Promise<StalledEnd> {
    this.#lastFrameMs = performance.now();
    this.#member!.client.resume();
    await this.#until(
      () => this.#closeReason !== undefined || performance.now() - this.#lastFrameMs > QUIET_MS,
      READ_MS,
    );
    if (this.#closeReason === undefined) return 'open';
    return this.#closeReason.includes('4008') ? 'slow_consumer' : 'silent';
  }

  #hear(kind: FrameKind, payload: Buffer): void {
    this.#lastFrameMs = performance.now();
    // 第一条广播可能与 welcome 同在一个 TCP 段里: 不能等到 join 兑现
    if (kind === 'welcome') this.#track ??= new SeqTrack(welcomeFacts(payload).seq);
    if (isLive(kind)) eachSeq(payload, (seq) => this.#track?.record(seq, 'live'));
    if (kind !== 'history') return;
    eachSeq(payload, (seq) => this.#track?.record(seq, 'history'));
    const after = this.#track?.upTo ?? 0;
    // 一页装不下: 接着要
    if (hasMore(payload)) this.#member?.client.sendJson({ type: 'history', after, limit: 200 });
  }

  async #until(done: () => boolean, withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    while (!done() && performance.now() < deadlineMs) await pause(TICK_MS);
    return done();
  }
}
