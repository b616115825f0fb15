// 风暴的发生器: 一万人照时刻表进来, 之后隔一会儿读一次; 再一起离开
//   outside --run()--> inside --run()--> gone
import { BaseWatcher } from '../lib/base-watcher.js';
import { DrainRing } from '../lib/drain-ring.js';
import { serveGenerator } from '../lib/generator-child.js';
import { Histogram } from '../lib/histogram.js';
import { forEachAtOnce, joinLight, pause, WEB_FEATURES } from '../lib/light-member.js';
import type { StormJob, StormResult } from '../lib/storm-job.js';
import { STORM_PREFIX } from '../lib/talk-job.js';

/** 同时握手的人数: uWS 的 listen 队列只有 512; 占满时后面的等着, 等的时间照样计入 */
const JOINING_AT_ONCE = 200;
/** 每个人隔这么久取一次积压 (毫秒): 风暴里每秒几十 KiB */
const DRAIN_PERIOD_MS = 1000;
const BASE_SETTLE_MS = 20_000;
const SETTLE_TICK_MS = 20;
const MAX_REASONS = 5;

class Storm {
  readonly #job: StormJob;
  readonly #watchers: BaseWatcher[] = [];
  readonly #ring = new DrainRing(DRAIN_PERIOD_MS);
  #join = new Histogram();
  #failed = 0;
  readonly #reasons: string[] = [];
  #state: 'outside' | 'inside' | 'gone' = 'outside';

  constructor(job: StormJob) {
    this.#job = job;
  }

  async connect(): Promise<void> {
    const { target, baseClients, joins } = this.#job;
    await forEachAtOnce(baseClients, 50, async (index) => {
      this.#watchers.push(await BaseWatcher.join(target, `base-${index}`, joins));
    });
  }

  async run(): Promise<StormResult> {
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    this.#join = new Histogram();
    const done = this.#state === 'outside' ? await this.#come() : await this.#leave();
    const seconds = (performance.now() - startedMs) / 1000;
    await this.#watchersSettle();
    const { user, system } = process.cpuUsage(cpu);
    return { done, seconds, cpuSeconds: (user + system) / 1e6, ...this.#findings() };
  }

  async #come(): Promise<number> {
    const { target, joins, joinOverMs } = this.#job;
    const startMs = performance.now();
    await forEachAtOnce(joins, JOINING_AT_ONCE, async (index) => {
      const dueMs = startMs + (index * joinOverMs) / joins;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
      const request = { target, name: `${STORM_PREFIX}${index}`, features: WEB_FEATURES };
      const member = await joinLight(request).catch((error: Error) => this.#fail(error));
      if (member === undefined) return;
      this.#join.record((performance.now() - dueMs) * 1000);
      this.#ring.add(member.client);
    });
    this.#state = 'inside';
    return this.#ring.size;
  }

  async #leave(): Promise<number> {
    const { leaveOverMs } = this.#job;
    const startMs = performance.now();
    const total = this.#ring.size;
    for (let gone = 0; gone < total; ) {
      const due = Math.ceil((total * (performance.now() - startMs)) / leaveOverMs);
      const leaving = this.#ring.take(Math.min(due, total) - gone);
      for (const client of leaving) client.close();
      gone += leaving.length;
      await pause(10);
    }
    this.#state = 'gone';
    return total;
  }

  #fail(error: Error): undefined {
    this.#failed += 1;
    if (this.#reasons.length < MAX_REASONS) this.#reasons.push(error.message);
  }

  #seen(watcher: BaseWatcher): Uint8Array {
    return this.#state === 'inside' ? watcher.joined : watcher.left;
  }

  async #watchersSettle(): Promise<void> {
    const deadlineMs = performance.now() + BASE_SETTLE_MS;
    const settled = (): boolean => this.#watchers.every((watcher) => !this.#seen(watcher).includes(0));
    while (!settled() && performance.now() < deadlineMs) await pause(SETTLE_TICK_MS);
  }

  #findings(): Omit<StormResult, 'done' | 'seconds' | 'cpuSeconds'> {
    const seen = this.#watchers.map((watcher) => this.#seen(watcher));
    const count = (wrong: (times: number) => boolean): number =>
      seen.reduce((sum, times) => sum + times.reduce((some, each) => some + (wrong(each) ? 1 : 0), 0), 0);
    return {
      failed: this.#failed,
      reasons: this.#reasons,
      join: this.#join.summary(),
      cut: this.#ring.size - this.#ring.openCount + this.#watchers.filter(({ isOpen }) => !isOpen).length,
      baseMissed: count((times) => times === 0),
      baseDoubled: count((times) => times > 1),
      baseFramesPerSecond: Math.max(0, ...this.#watchers.map(({ frames }) => frames.peak)),
    };
  }
}

serveGenerator<StormJob, StormResult>(async (job) => {
  const storm = new Storm(job);
  await storm.connect();
  return { run: () => storm.run() };
});
