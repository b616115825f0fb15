// 满房间的发生器: 听众只从内核取走字节, 说话的人照时刻表轮流说; 量扇出的花费与应答的延迟
import type { ServerMessage } from '../../src/protocol/messages.js';
import { joinChat } from '../lib/chat-member.js';
import type { CrowdJob, CrowdResult } from '../lib/crowd-job.js';
import { serveGenerator } from '../lib/generator-child.js';
import { Histogram } from '../lib/histogram.js';
import { nowMs } from '../lib/upload-job.js';
import type { WebSocketClient } from '../lib/websocket-client.js';

/** 同时握手的人数: 远小于服务器的 listen 队列 */
const JOINING_AT_ONCE = 50;
/** 每个听众隔这么久取一次积压 (毫秒); 每秒 2000 条 * 250 字节时约 50 KiB, 在内核的接收缓冲之内 */
const DRAIN_PERIOD_MS = 100;
const DRAIN_TICK_MS = 5;
/** 起跑到开始计数之间 (毫秒): 编译完成, 队列填满 */
const RAMP_MS = 1000;

class Crowd {
  readonly #job: CrowdJob;
  readonly #receivers: WebSocketClient[] = [];
  readonly #senders: WebSocketClient[] = [];
  #acknowledged = 0;
  #serial = 0;
  #drained = 0;
  #broadcastBytes = 0;
  #ack = new Histogram();
  #startMs = 0;

  constructor(job: CrowdJob) {
    this.#job = job;
  }

  async connect(): Promise<void> {
    const { target, receivers, senders } = this.#job;
    setInterval(() => this.#drainSome(), DRAIN_TICK_MS);
    while (this.#receivers.length < receivers) {
      const count = Math.min(JOINING_AT_ONCE, receivers - this.#receivers.length);
      const start = this.#receivers.length;
      const joined = Array.from({ length: count }, (_, index) => joinChat(target, `听众${start + index}`));
      this.#receivers.push(...(await Promise.all(joined)).map(({ client }) => client));
    }
    for (const client of this.#receivers) client.deafen();
    for (let index = 0; index < senders; index += 1) {
      // 一个听得见广播的: 由它知道一条有多大
      const hear = (message: ServerMessage): void => this.#hear(message);
      this.#senders.push((await joinChat(target, `说话${index}`, hear)).client);
    }
  }

  async run(): Promise<CrowdResult> {
    const stop = this.#talk();
    await pause(RAMP_MS);
    const before = { acknowledged: this.#acknowledged, bytes: this.#bytes(), cpu: process.cpuUsage() };
    this.#ack = new Histogram();
    const startedMs = nowMs();
    await pause(this.#job.durationMs);
    const seconds = (nowMs() - startedMs) / 1000;
    const { user, system } = process.cpuUsage(before.cpu);
    const result = {
      acknowledged: this.#acknowledged - before.acknowledged,
      seconds,
      deliveries: Math.round((this.#bytes() - before.bytes) / this.#broadcastBytes),
      ack: this.#ack.summary(),
      cut: [...this.#receivers, ...this.#senders].filter((client) => !client.isOpen).length,
      cpuSeconds: (user + system) / 1e6,
    };
    stop();
    return result;
  }

  #bytes(): number {
    return this.#receivers.reduce((sum, client) => sum + client.drainedBytes, 0);
  }

  /** 照时刻表轮流说; 返回停止 */
  #talk(): () => void {
    this.#startMs = nowMs();
    const timer = setInterval(() => {
      while (this.#dueMs(this.#serial) <= nowMs()) this.#say();
    }, DRAIN_TICK_MS);
    return () => clearInterval(timer);
  }

  #dueMs(serial: number): number {
    return this.#startMs + (serial * 1000) / this.#job.ratePerSecond;
  }

  #say(): void {
    const clientId = `${this.#serial}`;
    const message = clientId.padEnd(this.#job.messageBytes, 'x');
    this.#senders[this.#serial % this.#senders.length]!.sendJson({ type: 'text', message, clientId });
    this.#serial += 1;
  }

  #hear(message: ServerMessage): void {
    // seq 与名字的长度会变一两个字节: 比值不受影响
    if (message.type === 'text') this.#broadcastBytes ||= Buffer.byteLength(JSON.stringify(message)) + 4;
    if (message.type !== 'ack') return;
    this.#acknowledged += 1;
    this.#ack.record((nowMs() - this.#dueMs(Number(message.clientId))) * 1000);
  }

  /** 每一拍轮到一部分听众; 一次读取代替几十次 */
  #drainSome(): void {
    const share = Math.ceil((this.#receivers.length * DRAIN_TICK_MS) / DRAIN_PERIOD_MS);
    for (let index = 0; index < share; index += 1) {
      this.#drained += 1;
      const client = this.#receivers[this.#drained % this.#receivers.length];
      if (client?.isOpen === true) client.drain();
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

serveGenerator<CrowdJob, CrowdResult>(async (job) => {
  const crowd = new Crowd(job);
  await crowd.connect();
  return { run: () => crowd.run() };
});
