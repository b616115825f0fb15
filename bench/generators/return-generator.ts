// 回来的人的发生器: 一万人在房间里, 服务器没了就各自退避, 带着令牌与 after 回来
//   gathered --run()--> watching --人人回来补齐--> checking --听全了--> gathered (可反复)
import { serveGenerator } from '../lib/generator-child.js';
import { forEachAtOnce, pause } from '../lib/light-member.js';
import { Resident, sipInTurn } from '../lib/resident.js';
import type { ReturnJob, ReturnResult } from '../lib/return-job.js';
import { talkText } from '../lib/room-listener.js';

const JOINING_AT_ONCE = 100;
/** 每个人隔这么久读一次 (毫秒) */
const SIP_PERIOD_MS = 500;
/** 从开始到人人回来的限期, 与此后听全的限期 (毫秒) */
const RETURN_MS = 90_000;
const CHECK_MS = 20_000;
const TICK_MS = 50;

class Returners {
  readonly #job: ReturnJob;
  readonly #people: Resident[];
  readonly #troubles = new Map<string, number>();
  #backAtMs: number[] = [];
  #serial = 0;

  constructor(job: ReturnJob) {
    this.#job = job;
    const watch = {
      onBack: (): void => {
        this.#backAtMs.push(performance.timeOrigin + performance.now());
      },
      onTrouble: (reason: string): void => {
        const count = this.#troubles.get(reason) ?? 0;
        this.#troubles.set(reason, count + 1);
      },
    };
    this.#people = Array.from(
      { length: job.clients },
      (_, index) => new Resident(job.target, `back-${index}`, watch),
    );
  }

  async connect(): Promise<void> {
    sipInTurn(this.#people, SIP_PERIOD_MS);
    await forEachAtOnce(this.#people.length, JOINING_AT_ONCE, (index) => this.#people[index]!.enter());
  }

  async run(): Promise<ReturnResult> {
    this.#backAtMs = [];
    this.#troubles.clear();
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    const firstSeq = this.#lastSeq();
    const doubledBefore = this.#doubled();
    const timer = setInterval(() => this.#say(), 1000 / this.#job.ratePerSecond);
    await this.#until(() => this.#backAtMs.length >= this.#people.length, RETURN_MS);
    clearInterval(timer);
    await this.#until(() => this.#behind() === 0, CHECK_MS);
    const { user, system } = process.cpuUsage(cpu);
    const lastSeq = this.#lastSeq();
    return {
      backAtMs: this.#backAtMs,
      notBack: Math.max(0, this.#people.length - this.#backAtMs.length),
      lastSeq,
      behind: this.#behind(),
      spoken: lastSeq - firstSeq,
      doubled: this.#doubled() - doubledBefore,
      troubles: Object.fromEntries(this.#troubles),
      seconds: (performance.now() - startedMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
    };
  }

  #say(): void {
    const talker = this.#people[this.#serial % this.#job.talkers]!;
    this.#serial += 1;
    talker.say(talkText(this.#serial, this.#job.messageBytes));
  }

  #lastSeq(): number {
    return this.#people.reduce((last, { upTo }) => Math.max(last, upTo), 0);
  }

  #behind(): number {
    const lastSeq = this.#lastSeq();
    return this.#people.filter(({ upTo, track }) => upTo < lastSeq || track?.missing === true).length;
  }

  #doubled(): number {
    return this.#people.reduce((sum, { track }) => sum + (track?.doubled ?? 0), 0);
  }

  async #until(done: () => boolean, withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    while (!done() && performance.now() < deadlineMs) await pause(TICK_MS);
  }
}

serveGenerator<ReturnJob, ReturnResult>(async (job) => {
  const returners = new Returners(job);
  await returners.connect();
  return { run: () => returners.run() };
});
