// 延迟探针进程: 按时刻表发文字, 从预定时刻量到广播回来 (开环, 不受协调遗漏影响)
import type { ServerMessage } from '../../src/protocol/messages.js';
import { joinChat } from '../lib/chat-member.js';
import { serveGenerator } from '../lib/generator-child.js';
import { Histogram } from '../lib/histogram.js';
import type { LatencyJob, LatencyResult } from '../lib/latency-job.js';
import { nowMs } from '../lib/upload-job.js';
import type { WebSocketClient } from '../lib/websocket-client.js';

/** 全部发完之后再等迟到广播的上限 (毫秒) */
const STRAGGLER_MS = 5000;

class Prober {
  readonly #job: LatencyJob;
  readonly #latency = new Histogram();
  readonly #lag = new Histogram();
  readonly #total: number;
  readonly #periodMs: number;
  #client!: WebSocketClient;
  #startMs = 0;
  #sent = 0;
  #received = 0;
  #finish: () => void = () => {};

  constructor(job: LatencyJob) {
    this.#job = job;
    this.#periodMs = 1000 / job.ratePerSecond;
    this.#total = Math.floor(job.durationMs / this.#periodMs);
  }

  async connect(): Promise<void> {
    const receive = (message: ServerMessage): void => this.#receive(message);
    const member = await joinChat(this.#job.target, this.#job.userName, receive);
    this.#client = member.client;
  }

  async run(): Promise<LatencyResult> {
    this.#startMs = nowMs() + this.#periodMs;
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    this.#sendDue();
    const deadline = setTimeout(() => this.#finish(), this.#job.durationMs + STRAGGLER_MS);
    await finished;
    clearTimeout(deadline);
    return {
      latency: this.#latency.summary(),
      lag: this.#lag.summary(),
      lost: this.#total - this.#received,
    };
  }

  /** 一次补发所有到期的: 迟到的消息仍从它自己的预定时刻算起, 不会漏记 */
  #sendDue(): void {
    for (let now = nowMs(); this.#sent < this.#total && this.#dueMs(this.#sent) <= now; now = nowMs()) {
      this.#lag.record((now - this.#dueMs(this.#sent)) * 1000);
      const text = { type: 'text', name: this.#job.userName, message: `probe ${this.#sent}` };
      this.#client.sendJson(this.#job.until === 'ack' ? { ...text, clientId: String(this.#sent) } : text);
      this.#sent += 1;
    }
    if (this.#sent >= this.#total) return;
    const waitMs = this.#dueMs(this.#sent) - nowMs();
    // 定时器的刻度是 1 毫秒: 最后一小段改用 setImmediate 轮询, 迟到便从 1 毫秒降到几十微秒
    if (waitMs > 1) setTimeout(() => this.#sendDue(), Math.floor(waitMs - 0.5));
    else setImmediate(() => this.#sendDue());
  }

  #dueMs(index: number): number {
    return this.#startMs + index * this.#periodMs;
  }

  #receive(message: ServerMessage): void {
    const index = this.#indexOf(message);
    if (index === undefined) return;
    this.#latency.record((nowMs() - this.#dueMs(index)) * 1000);
    this.#received += 1;
    if (this.#received === this.#total) this.#finish();
  }

  #indexOf(message: ServerMessage): number | undefined {
    if (this.#job.until === 'ack') return message.type === 'ack' ? Number(message.clientId) : undefined;
    if (message.type !== 'text' || message.name !== this.#job.userName) return undefined;
    return Number(message.message.split(' ')[1]);
  }
}

serveGenerator<LatencyJob, LatencyResult>(async (job) => {
  const prober = new Prober(job);
  await prober.connect();
  return { run: () => prober.run() };
});
