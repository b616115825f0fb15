// 扇出的大批听众: 一万人同在一个进程; 测量期间停读, 按时从内核取走积压, 只数帧与字节
import type { BulkQuestion, BulkResult, FanoutJob } from '../lib/fanout/job.js';
import { Member } from '../lib/fanout/member.js';
import { serveGenerator } from '../lib/generator-child.js';
import { nowMs } from '../lib/upload-job.js';

/** 同时握手的人数: 远小于服务器的 listen 队列 (uWS 是 512) */
const JOINING_AT_ONCE = 100;
const DRAIN_TICK_MS = 5;
/** 听众都收齐之后, 大批听众最多再等这么久 (毫秒) */
const SETTLE_MS = 5000;
const SETTLE_TICK_MS = 10;

interface Start {
  readonly volumes: readonly number[];
  readonly timer: NodeJS.Timeout;
  readonly cpu: NodeJS.CpuUsage;
  readonly atMs: number;
}

class Bulk {
  readonly #job: FanoutJob;
  readonly #members: Member[] = [];
  #drained = 0;
  #start: Start | undefined;

  constructor(job: FanoutJob) {
    this.#job = job;
  }

  async answer(question: BulkQuestion): Promise<unknown> {
    if (question.step === 'join') return this.#join(question.count);
    if (question.step === 'start') return this.#begin(question.drainMs);
    return this.#finish(question.volume);
  }

  async #join(count: number): Promise<void> {
    const { target, dialect } = this.#job;
    const total = this.#members.length + count;
    while (this.#members.length < total) {
      const first = this.#members.length;
      const batch = Array.from({ length: Math.min(JOINING_AT_ONCE, total - first) }, (_, index) =>
        Member.join({ target, dialect, name: `b${first + index}` }),
      );
      this.#members.push(...(await Promise.all(batch)));
    }
  }

  async #begin(drainMs: number): Promise<void> {
    for (const member of this.#members) member.pause();
    const share = Math.ceil((this.#members.length * DRAIN_TICK_MS) / drainMs);
    this.#start = {
      volumes: this.#members.map((member) => member.volume),
      timer: setInterval(() => this.#drainSome(share), DRAIN_TICK_MS),
      cpu: process.cpuUsage(),
      atMs: nowMs(),
    };
  }

  /** 每一拍轮到一部分人 */
  #drainSome(share: number): void {
    for (let index = 0; index < share; index += 1) {
      this.#drained += 1;
      this.#members[this.#drained % this.#members.length]!.drain();
    }
  }

  async #finish(volume: number): Promise<BulkResult> {
    const start = this.#start!;
    clearInterval(start.timer);
    const { user, system } = process.cpuUsage(start.cpu);
    const seconds = (nowMs() - start.atMs) / 1000;
    // 先让上一拍的 setImmediate 停读跑完, 否则它会把刚恢复的又停下
    await new Promise((resolve) => setTimeout(resolve, SETTLE_TICK_MS));
    for (const member of this.#members) if (member.cutReason === undefined) member.resume();
    const unequal = (): number =>
      this.#members.filter((member, index) => member.volume - start.volumes[index]! !== volume).length;
    const deadlineMs = nowMs() + SETTLE_MS;
    while (unequal() > 0 && nowMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_TICK_MS));
    }
    const cut = this.#members.filter((member) => member.cutReason !== undefined);
    return {
      receivers: this.#members.length,
      unequal: unequal(),
      cut: cut.length,
      cutReason: cut[0]?.cutReason,
      cpuSeconds: (user + system) / 1e6,
      seconds,
    };
  }
}

serveGenerator<FanoutJob, never>(async (job) => {
  const bulk = new Bulk(job);
  return { answer: (question) => bulk.answer(question as BulkQuestion) };
});
