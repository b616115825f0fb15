// 观众的发生器: 一大群人连上, 坐着; 一直读, 隔一会儿读一次, 或停住不读
//   seated --run()--> watching --stop()--> (停住的放开, 回来补齐) --> done
import type { AudienceJob, AudienceResult, StalledFate } from '../lib/audience-job.js';
import { DrainRing } from '../lib/drain-ring.js';
import { serveGenerator } from '../lib/generator-child.js';
import { forEachAtOnce, joinLight, type LightJoin, WEB_FEATURES } from '../lib/light-member.js';
import { type StalledEnd, StalledMember, type StalledReturn } from '../lib/stalled-member.js';
import type { Target } from '../lib/target.js';
import { WebSocketClient } from '../lib/websocket-client.js';

/** 同时握手的人数: uWS 的 listen 队列只有 512 */
const JOINING_AT_ONCE = 100;
const RETURNING_AT_ONCE = 20;
const MAX_REASONS = 5;

class Audience {
  readonly #job: AudienceJob;
  readonly #listening: WebSocketClient[] = [];
  readonly #ring: DrainRing;
  readonly #stalled: StalledMember[] = [];
  #finish: () => void = () => {};

  constructor(job: AudienceJob) {
    this.#job = job;
    this.#ring = new DrainRing(job.drainEveryMs);
  }

  /** 错误: 有一个人坐不下 */
  async connect(): Promise<void> {
    await forEachAtOnce(this.#job.connections, JOINING_AT_ONCE, (index) => this.#seat(index));
  }

  async run(): Promise<AudienceResult> {
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const seconds = (performance.now() - startedMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const connected = this.#listening.length + this.#ring.size + this.#stalled.length;
    const open = this.#listening.filter(({ isOpen }) => isOpen).length + this.#ring.openCount;
    return {
      connected,
      cut: connected - this.#stalled.length - open,
      fate: this.#stalled.length === 0 ? undefined : await this.#comeBack(),
      seconds,
      cpuSeconds: (user + system) / 1e6,
    };
  }

  stop(): void {
    this.#finish();
  }

  async #seat(index: number): Promise<void> {
    const { target, prefix, join, conduct } = this.#job;
    if (join === 'none' || join === 'socket.io') {
      this.#ring.add(join === 'none' ? await connectOnly(target) : await connectSocketIo(target));
      return;
    }
    const features = join === 'web' ? WEB_FEATURES : undefined;
    const request: LightJoin = { target, name: `${prefix}${index}`, features };
    if (conduct === 'stall') {
      this.#stalled.push(await StalledMember.join(request));
      return;
    }
    const { client } = await joinLight(request);
    if (conduct === 'drain') this.#ring.add(client);
    else this.#listening.push(client);
  }

  async #comeBack(): Promise<StalledFate> {
    const returns: StalledReturn[] = [];
    const reasons: string[] = [];
    await forEachAtOnce(this.#stalled.length, RETURNING_AT_ONCE, async (index) => {
      const back = await this.#stalled[index]!.comeBack().catch((error: Error) => {
        if (reasons.length < MAX_REASONS) reasons.push(error.message);
      });
      if (back !== undefined) returns.push(back);
    });
    const ended = (how: StalledEnd): number => returns.filter(({ end }) => end === how).length;
    return {
      toldSlow: ended('slow_consumer'),
      cutSilently: ended('silent'),
      stillOpen: ended('open'),
      lastCloseSlow: returns.filter(({ lastCloseSlow }) => lastCloseSlow).length,
      caughtUp: returns.filter(({ caughtUp }) => caughtUp).length,
      maxMissed: Math.max(0, ...returns.map(({ missed }) => missed)),
      reasons,
    };
  }
}

function connectOnly(target: Target): Promise<WebSocketClient> {
  return WebSocketClient.connect(target, '/ws', { onPayload() {}, onClose() {} });
}

/** Engine.IO 的 open (0) 之后, 以 40 进默认的命名空间, 等到 40 */
async function connectSocketIo(target: Target): Promise<WebSocketClient> {
  let entered: () => void = () => {};
  const welcome = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const client = await WebSocketClient.connect(target, '/socket.io/?EIO=4&transport=websocket', {
    onPayload(payload) {
      const packet = payload.toString('latin1', 0, 2);
      if (packet === '40') entered();
      else if (packet === '2') client.sendText('3');
    },
    onClose() {},
  });
  client.sendText('40');
  await welcome;
  return client;
}

serveGenerator<AudienceJob, AudienceResult>(async (job) => {
  const audience = new Audience(job);
  await audience.connect();
  return { run: () => audience.run(), stop: () => audience.stop() };
});
