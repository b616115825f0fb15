// 说话与旁听的发生器: 几个人照时刻表说, 几个人逐帧听; 人群由别的进程扮演, 不占这里的事件循环
//   idle --run()--> talking --stop()--> settling --都听到了--> idle (可反复)
import { DrainRing } from '../lib/drain-ring.js';
import { serveGenerator } from '../lib/generator-child.js';
import { Histogram } from '../lib/histogram.js';
import { forEachAtOnce, joinLight, pause, WEB_FEATURES } from '../lib/light-member.js';
import { RoomListener, talkText } from '../lib/room-listener.js';
import type { TalkJob, TalkResult } from '../lib/talk-job.js';
import type { WebSocketClient } from '../lib/websocket-client.js';

const JOINING_AT_ONCE = 50;
const DRAIN_PERIOD_MS = 100;
/** 停下之后等播完的限期 (毫秒): 过了就按丢失计 */
const SETTLE_MS = 20_000;
const SETTLE_TICK_MS = 20;

class Talk {
  readonly #job: TalkJob;
  readonly #talkers: WebSocketClient[] = [];
  readonly #listeners: RoomListener[] = [];
  readonly #ring = new DrainRing(DRAIN_PERIOD_MS);
  #latency = new Histogram();
  #lag = new Histogram();
  /** 这一段的第一条, 与下一条的编号 */
  #first = 0;
  #serial = 0;
  #startMs = 0;
  #segment = 0;
  #finish: () => void = () => {};

  constructor(job: TalkJob) {
    this.#job = job;
  }

  async connect(): Promise<void> {
    const { target, talkers, listeners } = this.#job;
    await forEachAtOnce(listeners, JOINING_AT_ONCE, async (index) => {
      const heard = (serial: number): void => this.#heard(serial);
      this.#listeners.push(await RoomListener.join(target, `listen-${process.pid}-${index}`, heard));
    });
    await forEachAtOnce(talkers, JOINING_AT_ONCE, async (index) => {
      const name = `talk-${process.pid}-${index}`;
      const { client } = await joinLight({ target, name, features: WEB_FEATURES });
      this.#ring.add(client);
      this.#talkers.push(client);
    });
  }

  async run(): Promise<TalkResult> {
    this.#latency = new Histogram();
    this.#lag = new Histogram();
    this.#first = this.#serial;
    for (const listener of this.#listeners) listener.restartPeaks();
    const cpu = process.cpuUsage();
    this.#startMs = performance.now();
    const stopTalking = this.#talk();
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    stopTalking();
    await this.#settle();
    const { user, system } = process.cpuUsage(cpu);
    return this.#result((user + system) / 1e6);
  }

  stop(): void {
    this.#finish();
  }

  get sent(): number {
    return this.#serial;
  }

  #result(cpuSeconds: number): TalkResult {
    const counts = this.#listeners.map((listener) => listener.count(this.#first, this.#serial));
    const expected = this.#job.crowdAfter?.[this.#segment];
    this.#segment += 1;
    const wrong = this.#listeners.filter(({ crowd }) => expected !== undefined && crowd !== expected);
    return {
      sent: this.#serial - this.#first,
      latency: this.#latency.summary(),
      lag: this.#lag.summary(),
      lost: counts.reduce((sum, { lost }) => sum + lost, 0),
      doubled: counts.reduce((sum, { doubled }) => sum + doubled, 0),
      maxFramesPerSecond: Math.max(0, ...this.#listeners.map(({ peaks }) => peaks.frames)),
      maxBytesPerSecond: Math.max(0, ...this.#listeners.map(({ peaks }) => peaks.bytes)),
      wrongRosters: wrong.length,
      listeners: this.#listeners.length,
      cut: [...this.#listeners, ...this.#talkers].filter(({ isOpen }) => !isOpen).length,
      seconds: (performance.now() - this.#startMs) / 1000,
      cpuSeconds,
      lastSeq: Math.max(0, ...this.#listeners.map(({ lastSeq }) => lastSeq)),
    };
  }

  #dueMs(serial: number): number {
    return this.#startMs + ((serial - this.#first) * 1000) / this.#job.ratePerSecond;
  }

  /** 照时刻表说; 迟到的补上, 延迟仍从预定的时刻算。返回停止 */
  #talk(): () => void {
    let timer: NodeJS.Timeout;
    const sayDue = (): void => {
      for (let nowMs = performance.now(); this.#dueMs(this.#serial) <= nowMs; nowMs = performance.now()) {
        this.#lag.record((nowMs - this.#dueMs(this.#serial)) * 1000);
        this.#say();
      }
      timer = setTimeout(sayDue, Math.max(0, this.#dueMs(this.#serial) - performance.now()));
    };
    sayDue();
    return () => clearTimeout(timer);
  }

  #say(): void {
    const talker = this.#talkers[this.#serial % this.#talkers.length]!;
    const message = talkText(this.#serial, this.#job.messageBytes);
    this.#serial += 1;
    if (talker.isOpen) talker.sendJson({ type: 'text', message });
  }

  #heard(serial: number): void {
    if (serial >= this.#first) this.#latency.record((performance.now() - this.#dueMs(serial)) * 1000);
  }

  /** 等到每个旁听者都听全, 名单也对 */
  async #settle(): Promise<void> {
    const expected = this.#job.crowdAfter?.[this.#segment];
    const settled = (listener: RoomListener): boolean =>
      listener.count(this.#first, this.#serial).lost === 0 &&
      (expected === undefined || listener.crowd === expected);
    const deadlineMs = performance.now() + SETTLE_MS;
    while (!this.#listeners.every(settled) && performance.now() < deadlineMs) await pause(SETTLE_TICK_MS);
  }
}

serveGenerator<TalkJob, TalkResult>(async (job) => {
  const talk = new Talk(job);
  await talk.connect();
  return { run: () => talk.run(), stop: () => talk.stop(), count: () => talk.sent };
});
