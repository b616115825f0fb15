// 一台服务器的听众: 大批听众与探针两个发生器, 按加入的次序穿插; 一段一段地测
import { watchIdle } from '../cpu-share.js';
import { Generator } from '../generator.js';
import type { LatencySummary } from '../histogram.js';
import type { ServerProcess } from '../server-process.js';
import { type ThreadUsage, watchThreads } from '../thread-usage.js';
import type { DialectName } from './dialect.js';
import type { BulkQuestion, BulkResult, FanoutJob, ProbeQuestion, ProbeResult, Schedule } from './job.js';

/** 逐条听的人数, 与说话的人数; 都算在听众里 */
export const LISTENERS = 32;
export const SENDERS = 8;
// 一次取走的条数: 每条在内核里占约 1 KiB, 64 条在默认的接收缓冲 (128 KiB) 之内, 服务器看不到窗口关上
const MESSAGES_PER_DRAIN = 64;
const MIN_DRAIN_MS = 25;
const MAX_DRAIN_MS = 2000;
/** 趁房间里只有几个人, 先说几千条: 每条一次的代码编译完; 短短一段里不量编译 */
const WARM_UP: Schedule = {
  ratePerSecond: 2000,
  durationMs: 1500,
  jitterMs: 0,
  offsetMs: 0,
  messageBytes: 120,
};
/** 超过此数, 量到的就可能是发生器 */
const BUSY_SHARE = 0.9;
const LATE_MS = 5;

export interface FanoutRun {
  readonly ratePerSecond: number;
  readonly receivers: number;
  readonly sent: number;
  /** 送达的次数: 每个听众收到的条数之和 */
  readonly deliveries: number;
  /** 第一条的预定时刻到最后一次送达 (秒) */
  readonly seconds: number;
  readonly cpu: ThreadUsage;
  readonly latency: LatencySummary;
  readonly lag: LatencySummary;
  /** 一帧平均几条, 与一条平均占多少正文字节 */
  readonly messagesPerFrame: number;
  readonly bytesPerMessage: number;
  readonly missing: number;
  readonly duplicated: number;
  /** 收到的量与第一个听众不同的人数 */
  readonly unequal: number;
  readonly cut: number;
  readonly cutReason: string | undefined;
  readonly stoppedEarly: boolean;
  /** 两个发生器各占几个核; 全机空闲的比例 */
  readonly bulkShare: number;
  readonly probeShare: number;
  readonly idleShare: number;
}

export class Audience {
  readonly #server: ServerProcess;
  readonly #bulk: Generator<never>;
  readonly #probe: Generator<never>;
  readonly #receivers: number;

  private constructor(
    server: ServerProcess,
    generators: readonly [Generator<never>, Generator<never>],
    receivers: number,
  ) {
    this.#server = server;
    [this.#bulk, this.#probe] = generators;
    this.#receivers = receivers;
  }

  /** 返回时 receivers 个人都已加入 (含探针里的); 听众均匀地穿插在加入的次序里 */
  static async gather(server: ServerProcess, dialect: DialectName, receivers: number): Promise<Audience> {
    const job: FanoutJob = { target: server.target, dialect };
    const generators = await Promise.all([
      Generator.start<never>('fanout-bulk', job),
      Generator.start<never>('fanout-probe', job),
    ]);
    const audience = new Audience(server, generators, receivers);
    try {
      await audience.#join();
    } catch (error) {
      await audience.close();
      throw error;
    }
    return audience;
  }

  async #join(): Promise<void> {
    await this.#askProbe({ step: 'join', role: 'sender', count: SENDERS });
    await this.#askProbe({ step: 'join', role: 'listener', count: 1 });
    await this.#askProbe({ step: 'run', ...WARM_UP });
    const bulk = this.#receivers - LISTENERS - SENDERS;
    for (let index = 0; index < LISTENERS; index += 1) {
      const count = Math.floor((bulk * (index + 1)) / LISTENERS) - Math.floor((bulk * index) / LISTENERS);
      await this.#askBulk({ step: 'join', count });
      if (index > 0) await this.#askProbe({ step: 'join', role: 'listener', count: 1 });
    }
  }

  /** 一段。返回时人人都收齐了, 或等够了 (missing, unequal 不为 0) */
  async run(schedule: Schedule): Promise<FanoutRun> {
    const drainMs = (MESSAGES_PER_DRAIN * 1000) / schedule.ratePerSecond;
    await this.#askBulk({
      step: 'start',
      drainMs: Math.min(MAX_DRAIN_MS, Math.max(MIN_DRAIN_MS, drainMs)),
    });
    const threads = watchThreads(this.#server.pid);
    const idle = watchIdle();
    const probe = await this.#askProbe<ProbeResult>({ step: 'run', ...schedule });
    const idleShare = idle();
    const bulk = await this.#askBulk<BulkResult>({ step: 'finish', volume: probe.volume });
    // 大批听众也收齐之后才读: 积在服务器里的那部分也是它的活
    return this.#summary(schedule, probe, { ...bulk, cpu: threads(), idleShare });
  }

  async close(): Promise<void> {
    await Promise.all([this.#bulk.close(), this.#probe.close()]);
  }

  #summary(
    { ratePerSecond }: Schedule,
    probe: ProbeResult,
    bulk: BulkResult & { readonly cpu: ThreadUsage; readonly idleShare: number },
  ): FanoutRun {
    const heardEach = probe.sent - probe.missing / probe.listeners;
    return {
      ratePerSecond,
      receivers: this.#receivers,
      sent: probe.sent,
      deliveries: heardEach * this.#receivers,
      seconds: probe.seconds,
      cpu: bulk.cpu,
      latency: probe.latency,
      lag: probe.lag,
      messagesPerFrame: heardEach / probe.framesPerListener,
      bytesPerMessage: probe.volume / heardEach,
      missing: probe.missing,
      duplicated: probe.duplicated,
      unequal: probe.unequal + bulk.unequal,
      cut: probe.cut + bulk.cut,
      cutReason: probe.cutReason ?? bulk.cutReason,
      stoppedEarly: probe.stoppedEarly,
      bulkShare: bulk.cpuSeconds / bulk.seconds,
      probeShare: probe.cpuSeconds / probe.elapsedSeconds,
      idleShare: bulk.idleShare,
    };
  }

  #askBulk<Answer>(question: BulkQuestion): Promise<Answer> {
    return this.#bulk.ask<Answer>(question);
  }

  #askProbe<Answer>(question: ProbeQuestion): Promise<Answer> {
    return this.#probe.ask<Answer>(question);
  }
}

/** 每次送达的服务器 CPU (微秒, 全部线程) */
export function cpuPerDelivery({ cpu, deliveries }: FanoutRun): number {
  return ((cpu.mainSeconds + cpu.otherSeconds) * 1e6) / deliveries;
}

/** 一条不丢, 一条不重, 人人一样, 没有人被断开 */
export function isWhole(run: FanoutRun): boolean {
  return run.missing === 0 && run.duplicated === 0 && run.unequal === 0 && run.cut === 0 && !run.stoppedEarly;
}

/** 发生器是不是瓶颈; undefined 表示不是 */
export function generatorTrouble(run: FanoutRun): string | undefined {
  const share = Math.max(run.bulkShare, run.probeShare);
  if (share > BUSY_SHARE) return `发生器占了 ${share.toFixed(2)} 个核`;
  if (run.lag.p99Ms > LATE_MS) return `发生器迟到 p99 ${run.lag.p99Ms.toFixed(1)} ms`;
  return undefined;
}

/** 出了什么事; 完好时为空串 */
export function troubleOf(run: FanoutRun): string {
  const facts = [
    run.stoppedEarly ? '积压超过 2 s, 提前停下' : '',
    run.missing > 0 ? `缺 ${run.missing}` : '',
    run.duplicated > 0 ? `重复 ${run.duplicated}` : '',
    run.unequal > 0 ? `${run.unequal} 人收到的量不同` : '',
    run.cut > 0 ? `断开 ${run.cut} (${run.cutReason})` : '',
  ];
  return facts.filter(Boolean).join(', ');
}
