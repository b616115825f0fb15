// 一千人的房间: 轮流发言, 有人进出; 收到的一切只从内核取走丢弃
//   idle --run()--> running --stop()--> idle (可反复)
import type { ServerMessage } from '../../src/protocol/messages.js';
import { joinChat } from './chat-member.js';
import { Histogram } from './histogram.js';
import { serialIn, smallTalk } from './small-talk.js';
import type { SwarmJob, SwarmResult } from './swarm-job.js';
import { nowMs } from './upload-job.js';
import type { WebSocketClient } from './websocket-client.js';

/** 同时握手的人数: 远小于服务器的 listen 队列 */
const JOINING_AT_ONCE = 50;
/** 每个连接隔这么久取一次积压 (毫秒): 200 条/秒时约 80 KiB, 在内核的接收缓冲与服务器的 1 MiB 上限之内 */
const DRAIN_PERIOD_MS = 400;
const DRAIN_TICK_MS = 10;
/** 进出攒在一拍里: 服务器合并成一帧 sync */
const CHURN_TICK_MS = 250;

/** 停下之后等服务器播完的限期 (毫秒) */
const HEARING_MS = 30_000;
/** 记住最近播出的这么多条的编号: 比页面上显示的多 */
const TAIL = 500;

interface Person {
  readonly name: string;
  readonly client: WebSocketClient;
  readonly session: string;
  online: boolean;
}

export class Swarm {
  readonly #job: SwarmJob;
  readonly #people: Person[] = [];
  #lag = new Histogram();
  #serial = 0;
  #churned = 0;
  #drained = 0;
  /** 听众听到的条数与最近的编号, 按播出的次序 */
  #heard = 0;
  #tail: number[] = [];
  #finish: () => void = () => {};

  constructor(job: SwarmJob) {
    this.#job = job;
  }

  /** 全员加入; 此后一直取走积压, 直到进程结束 */
  async connect(): Promise<void> {
    const total = this.#job.talkers + this.#job.visitors;
    await joinChat(this.#job.target, '听众', (message) => this.#hear(message));
    setInterval(() => this.#drainSome(), DRAIN_TICK_MS);
    while (this.#people.length < total) {
      const count = Math.min(JOINING_AT_ONCE, total - this.#people.length);
      const start = this.#people.length;
      this.#people.push(
        ...(await Promise.all(Array.from({ length: count }, (_, index) => this.#join(start + index)))),
      );
    }
    // 隔一个先走: 此后每一拍里既有进也有出
    for (let index = this.#job.talkers; index < total; index += 2) this.#toggle(this.#people[index]!);
  }

  /** 一段: 到 stop() 为止 */
  async run(): Promise<SwarmResult> {
    this.#lag = new Histogram();
    const first = this.#serial;
    const churnedBefore = this.#churned;
    const cpu = process.cpuUsage();
    const stopTalking = this.#talk();
    const churn = setInterval(() => this.#churn(), CHURN_TICK_MS);
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    stopTalking();
    clearInterval(churn);
    await this.#allHeard();
    const { user, system } = process.cpuUsage(cpu);
    return {
      sent: this.#serial - first,
      tail: [...this.#tail],
      lag: this.#lag.summary(),
      churned: this.#churned - churnedBefore,
      cut: this.#people.filter(({ client }) => !client.isOpen).length,
      cpuSeconds: (user + system) / 1e6,
    };
  }

  stop(): void {
    this.#finish();
  }

  get sent(): number {
    return this.#serial;
  }

  async #join(index: number): Promise<Person> {
    const visiting = index >= this.#job.talkers;
    const name = `${visiting ? '过客' : '群友'}${index + 1}`;
    const { client, session } = await joinChat(this.#job.target, name);
    // 之后每秒二十万帧: 逐帧解析会把一个核占满
    client.deafen();
    return { name, client, session, online: true };
  }

  /** 按时刻表发言; 迟到的补发, 从各自的预定时刻计迟到。返回停止 */
  #talk(): () => void {
    const periodMs = 1000 / this.#job.ratePerSecond;
    const startMs = nowMs();
    let said = 0;
    let timer: NodeJS.Timeout;
    const sayDue = (): void => {
      for (let now = nowMs(); startMs + said * periodMs <= now; said += 1, now = nowMs()) {
        this.#lag.record((now - startMs - said * periodMs) * 1000);
        this.#say();
      }
      // 不轮询: 1 毫秒的刻度对二十万次投递够用, 省下的 CPU 给被测的两方
      timer = setTimeout(sayDue, Math.max(0, startMs + said * periodMs - nowMs()));
    };
    sayDue();
    return () => clearTimeout(timer);
  }

  // 唯一听得见的一个: 各人的消息走各自的连接, 播出的次序只有服务器知道
  #hear(message: ServerMessage): void {
    if (message.type !== 'text') return;
    this.#heard += 1;
    this.#tail.push(serialIn(message.message));
    if (this.#tail.length > 2 * TAIL) this.#tail.splice(0, TAIL);
  }

  /** 发出的全部播出之后兑现。错误: 限期内没有播完 */
  async #allHeard(): Promise<void> {
    const deadlineMs = nowMs() + HEARING_MS;
    while (this.#heard < this.#serial) {
      if (nowMs() > deadlineMs) throw new Error(`说了 ${this.#serial} 条, 只播出 ${this.#heard} 条`);
      await new Promise((resolve) => setTimeout(resolve, DRAIN_TICK_MS));
    }
  }

  #say(): void {
    this.#serial += 1;
    const { client, name } = this.#people[this.#serial % this.#job.talkers]!;
    client.sendJson({ type: 'text', name, message: smallTalk(this.#serial) });
  }

  #churn(): void {
    const { talkers, visitors, churnPerSecond } = this.#job;
    const count = visitors === 0 ? 0 : Math.round((churnPerSecond * CHURN_TICK_MS) / 1000);
    for (let index = 0; index < count; index += 1) {
      this.#toggle(this.#people[talkers + (this.#churned % visitors)]!);
      this.#churned += 1;
    }
  }

  #toggle(person: Person): void {
    const { client, name, session } = person;
    const action = person.online ? 'leave' : 'join';
    person.online = !person.online;
    client.sendJson({ type: 'user_update', action, name, session, features: ['batch'] });
  }

  /** 每一拍轮到一部分人; 一次读取代替几十次, 二十万次唤醒降到每秒几千次 */
  #drainSome(): void {
    const share = Math.ceil((this.#people.length * DRAIN_TICK_MS) / DRAIN_PERIOD_MS);
    for (let index = 0; index < share; index += 1) {
      this.#drained += 1;
      const { client } = this.#people[this.#drained % this.#people.length]!;
      if (client.isOpen) client.drain();
    }
  }
}
