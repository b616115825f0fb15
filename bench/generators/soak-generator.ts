// 长跑的发生器: 几百人说话, 有人断线回来, 有人进进出出, 隔一会儿传一个文件再下载回来
//   gathered --run()--> running --stop()--> settling --听全了--> done
import { fileTurn } from '../lib/file-turn.js';
import { serveGenerator } from '../lib/generator-child.js';
import { forEachAtOnce, pause } from '../lib/light-member.js';
import { Resident, sipInTurn } from '../lib/resident.js';
import { talkText } from '../lib/room-listener.js';
import type { SoakJob, SoakResult } from '../lib/soak-job.js';

const JOINING_AT_ONCE = 50;
const SIP_PERIOD_MS = 200;
/** 说话的人不断线: 话都说得出去 */
const TALKERS = 20;
const AWAY_MS = 1500;
const VISITOR_MS = 5000;
const SETTLE_MS = 20_000;
const TICK_MS = 50;
const TALK_TICK_MS = 5;

class Soak {
  readonly #job: SoakJob;
  readonly #people: Resident[];
  readonly #troubles = new Map<string, number>();
  readonly #content: Buffer;
  readonly #timers: NodeJS.Timeout[] = [];
  #serial = 0;
  #startMs = 0;
  #turn = 0;
  #returns = 0;
  #visitors = 0;
  #files = 0;
  #filesFailed = 0;
  #finish: () => void = () => {};

  constructor(job: SoakJob) {
    this.#job = job;
    this.#content = Buffer.alloc(job.fileBytes, 'sluice');
    this.#people = Array.from(
      { length: job.members },
      (_, index) =>
        new Resident(job.target, `soak-${index}`, {
          onBack: () => {
            this.#returns += 1;
          },
          onTrouble: (reason) => this.#trouble(reason),
        }),
    );
  }

  async connect(): Promise<void> {
    sipInTurn(this.#people, SIP_PERIOD_MS);
    await forEachAtOnce(this.#people.length, JOINING_AT_ONCE, (index) => this.#people[index]!.enter());
  }

  async run(): Promise<SoakResult> {
    this.#returns = 0;
    this.#startMs = performance.now();
    const cpu = process.cpuUsage();
    this.#every(TALK_TICK_MS, () => this.#sayDue());
    this.#every(this.#job.churnEveryMs, () => this.#churn());
    this.#every(this.#job.fileEveryMs, () => this.#file());
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    for (const timer of this.#timers) clearInterval(timer);
    await this.#settle();
    const { user, system } = process.cpuUsage(cpu);
    return {
      spoken: this.#serial,
      behind: this.#behind(),
      doubled: this.#people.reduce((sum, { track }) => sum + (track?.doubled ?? 0), 0),
      returns: this.#returns,
      visitors: this.#visitors,
      files: this.#files,
      filesFailed: this.#filesFailed,
      troubles: Object.fromEntries(this.#troubles),
      seconds: (performance.now() - this.#startMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
    };
  }

  stop(): void {
    this.#finish();
  }

  #every(periodMs: number, work: () => void): void {
    this.#timers.push(setInterval(work, periodMs));
  }

  #sayDue(): void {
    const due = ((performance.now() - this.#startMs) * this.#job.ratePerSecond) / 1000;
    for (; this.#serial < due; this.#serial += 1) {
      this.#people[this.#serial % TALKERS]!.say(talkText(this.#serial, this.#job.messageBytes));
    }
  }

  /** 一个断线的, 一个离开再加入的, 一个新来的客人; 轮着来, 说话的人除外 */
  #churn(): void {
    const others = this.#people.length - TALKERS;
    const dropping = this.#people[TALKERS + (this.#turn % others)]!;
    const leaving = this.#people[TALKERS + ((this.#turn + (others >> 1)) % others)]!;
    this.#turn += 1;
    dropping.drop();
    leaving.leave();
    setTimeout(() => leaving.rejoin(), AWAY_MS);
    this.#visit().catch((error: Error) => this.#trouble(error.message));
  }

  async #visit(): Promise<void> {
    this.#visitors += 1;
    const visitor = new Resident(this.#job.target, `visitor-${this.#visitors}`);
    await visitor.enter();
    const stopSipping = sipInTurn([visitor], SIP_PERIOD_MS);
    await pause(VISITOR_MS);
    stopSipping();
    visitor.stop();
  }

  #file(): void {
    fileTurn(this.#job.target, 'soak-file', this.#content).then(
      (done) => {
        if (done) this.#files += 1;
        else this.#filesFailed += 1;
      },
      (error: Error) => {
        this.#filesFailed += 1;
        this.#trouble(error.message);
      },
    );
  }

  #trouble(reason: string): void {
    // 自己断开的不算
    if (reason !== '由压测关闭') this.#troubles.set(reason, (this.#troubles.get(reason) ?? 0) + 1);
  }

  #behind(): number {
    const lastSeq = this.#people.reduce((last, { upTo }) => Math.max(last, upTo), 0);
    return this.#people.filter(({ upTo, track }) => upTo < lastSeq || track?.missing === true).length;
  }

  async #settle(): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS;
    // 断线的还在退避: 先等大家都回来
    const back = (): boolean => this.#people.every(({ state }) => state === 'in');
    while (!(back() && this.#behind() === 0) && performance.now() < deadlineMs) await pause(TICK_MS);
  }
}

serveGenerator<SoakJob, SoakResult>(async (job) => {
  const soak = new Soak(job);
  await soak.connect();
  return { run: () => soak.run(), stop: () => soak.stop() };
});
