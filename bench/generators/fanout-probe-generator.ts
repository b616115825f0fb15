// 扇出的探针: 几个人按时刻表说话, 几十个听众逐条听; 与大批听众分属两个进程, 它们的忙碌不进延迟
import type { FanoutJob, ProbeQuestion, ProbeResult, Schedule } from '../lib/fanout/job.js';
import { Member } from '../lib/fanout/member.js';
import { messageText, Tally, type Window } from '../lib/fanout/tally.js';
import { serveGenerator } from '../lib/generator-child.js';
import { Histogram } from '../lib/histogram.js';
import { nowMs } from '../lib/upload-job.js';

/** 慢于此的时刻表用轮询对准时刻; 更快的按 1 毫秒的刻度发, 把核让给服务器 */
const PRECISE_BELOW_PER_SECOND = 100;
/** 积压到此 (毫秒) 就不再说: 已经知道跟不上, 不必把服务器灌爆 */
const HOPELESS_MS = 2000;
/** 说完之后等迟到的上限 (毫秒) */
const STRAGGLER_MS = 8000;

interface Ear {
  readonly member: Member;
  tally: Tally | undefined;
}

class Probe {
  readonly #job: FanoutJob;
  readonly #ears: Ear[] = [];
  readonly #senders: Member[] = [];
  #serial = 0;

  constructor(job: FanoutJob) {
    this.#job = job;
  }

  async answer(question: ProbeQuestion): Promise<unknown> {
    if (question.step === 'run') return this.#run(question);
    for (let index = 0; index < question.count; index += 1) {
      if (question.role === 'sender') await this.#joinSender();
      else await this.#joinListener();
    }
    return undefined;
  }

  async #joinSender(): Promise<void> {
    const name = `s${String(this.#senders.length).padStart(5, '0')}`;
    this.#senders.push(await Member.join({ ...this.#job, name }));
  }

  async #joinListener(): Promise<void> {
    let ear: Ear | undefined;
    const onMessage = (bytes: Buffer, start: number, end: number): void =>
      ear?.tally?.hear(bytes, start, end, nowMs());
    const member = await Member.join({ ...this.#job, name: `l${this.#ears.length}`, onMessage });
    ear = { member, tally: undefined };
    this.#ears.push(ear);
  }

  async #run(schedule: Schedule): Promise<ProbeResult> {
    const startedMs = nowMs();
    const cpu = process.cpuUsage();
    const window = this.#open(schedule, startedMs);
    const lag = new Histogram();
    const sent = await this.#talk(window, schedule, lag);
    await this.#heard(sent);
    const { user, system } = process.cpuUsage(cpu);
    const result = this.#result(window, sent);
    this.#serial += sent;
    return {
      ...result,
      lag: lag.summary(),
      cpuSeconds: (user + system) / 1e6,
      elapsedSeconds: (nowMs() - startedMs) / 1000,
    };
  }

  #open(schedule: Schedule, startedMs: number): Window {
    const periodMs = 1000 / schedule.ratePerSecond;
    const total = Math.max(1, Math.floor(schedule.durationMs / periodMs));
    const firstMs = startedMs + 20 + schedule.offsetMs;
    const dueMs = Float64Array.from(
      { length: total },
      (_, index) => firstMs + index * periodMs + Math.random() * schedule.jitterMs,
    );
    const window = { firstSerial: this.#serial, dueMs, latency: new Histogram() };
    for (const ear of this.#ears) ear.tally = new Tally(window, ear.member);
    return window;
  }

  /** 照时刻表轮流说, 迟到的补发; 返回说了几条 */
  #talk({ dueMs, firstSerial }: Window, schedule: Schedule, lag: Histogram): Promise<number> {
    const precise = schedule.ratePerSecond < PRECISE_BELOW_PER_SECOND;
    let sent = 0;
    return new Promise((resolve) => {
      const sayDue = (): void => {
        for (let now = nowMs(); sent < dueMs.length && dueMs[sent]! <= now; sent += 1, now = nowMs()) {
          lag.record((now - dueMs[sent]!) * 1000);
          const sender = this.#senders[sent % this.#senders.length]!;
          sender.say(messageText(firstSerial + sent, schedule.messageBytes));
        }
        if (sent >= dueMs.length || this.#hopeless(dueMs)) {
          resolve(sent);
          return;
        }
        const waitMs = dueMs[sent]! - nowMs();
        if (!precise) setTimeout(sayDue, Math.max(1, Math.floor(waitMs)));
        // 定时器的刻度是 1 毫秒: 最后一小段改用轮询, 迟到降到几十微秒
        else if (waitMs > 1) setTimeout(sayDue, Math.floor(waitMs - 0.5));
        else setImmediate(sayDue);
      };
      sayDue();
    });
  }

  #hopeless(dueMs: Float64Array): boolean {
    const heard = Math.min(...this.#ears.map(({ tally }) => tally!.heard));
    return nowMs() - (dueMs[heard] ?? Number.POSITIVE_INFINITY) > HOPELESS_MS;
  }

  /** 人人都听齐, 或等够了 */
  async #heard(sent: number): Promise<void> {
    const deadlineMs = nowMs() + STRAGGLER_MS;
    const waiting = (): boolean => this.#ears.some(({ tally }) => tally!.heard < sent);
    while (waiting() && nowMs() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  #result(window: Window, sent: number): Omit<ProbeResult, 'lag' | 'cpuSeconds' | 'elapsedSeconds'> {
    const tallies = this.#ears.map(({ tally }) => tally!);
    const members = [...this.#ears.map(({ member }) => member), ...this.#senders];
    const cut = members.filter((member) => member.cutReason !== undefined);
    const sum = (pick: (tally: Tally) => number): number =>
      tallies.reduce((total, tally) => total + pick(tally), 0);
    const volume = tallies[0]!.volume;
    return {
      sent,
      stoppedEarly: sent < window.dueMs.length,
      listeners: tallies.length,
      missing: sum((tally) => sent - tally.heard),
      duplicated: sum((tally) => tally.duplicated),
      volume,
      unequal: tallies.filter((tally) => tally.volume !== volume).length,
      latency: window.latency.summary(),
      seconds: (Math.max(...tallies.map((tally) => tally.lastMs)) - window.dueMs[0]!) / 1000,
      framesPerListener: sum((tally) => tally.frames) / tallies.length,
      cut: cut.length,
      cutReason: cut[0]?.cutReason,
    };
  }
}

serveGenerator<FanoutJob, never>(async (job) => {
  const probe = new Probe(job);
  return { answer: (question) => probe.answer(question as ProbeQuestion) };
});
