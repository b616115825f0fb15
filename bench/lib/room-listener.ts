// 逐帧解析的旁听者: 名单, 每条文字听到几次, 每秒收到几帧
import type { ServerMessage } from '../../src/protocol/messages.js';
import { joinLight, WEB_FEATURES } from './light-member.js';
import { STORM_PREFIX } from './talk-job.js';
import type { Target } from './target.js';
import type { WebSocketClient } from './websocket-client.js';

type Received = ServerMessage | { readonly type: 'batch'; readonly messages: readonly ServerMessage[] };

const WINDOW_MS = 1000;

export class RoomListener {
  readonly roster = new Set<string>();
  readonly #onText: (serial: number) => void;
  #client: WebSocketClient | undefined;
  /** 每条文字听到几次; 下标是编号 */
  #heard: number[] = [];
  #frames = new PeakRate();
  #bytes = new PeakRate();
  lastSeq = 0;

  private constructor(onText: (serial: number) => void) {
    this.#onText = onText;
  }

  static async join(target: Target, name: string, onText: (serial: number) => void): Promise<RoomListener> {
    const listener = new RoomListener(onText);
    const { client } = await joinLight(
      { target, name, features: WEB_FEATURES },
      { onFrame: (_kind, payload) => listener.#hear(payload) },
    );
    listener.#client = client;
    return listener;
  }

  get isOpen(): boolean {
    return this.#client?.isOpen === true;
  }

  get crowd(): number {
    let count = 0;
    for (const name of this.roster) if (name.startsWith(STORM_PREFIX)) count += 1;
    return count;
  }

  get peaks(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#frames.peak, bytes: this.#bytes.peak };
  }

  /** 编号 from 到 to (不含) 里没有听到的条数, 与多听到的次数 */
  count(from: number, to: number): { readonly lost: number; readonly doubled: number } {
    let lost = 0;
    let doubled = 0;
    for (let serial = from; serial < to; serial += 1) {
      const times = this.#heard[serial] ?? 0;
      if (times === 0) lost += 1;
      else doubled += times - 1;
    }
    return { lost, doubled };
  }

  /** 新的一段: 每秒的最大值重新找 */
  restartPeaks(): void {
    this.#frames = new PeakRate();
    this.#bytes = new PeakRate();
  }

  #hear(payload: Buffer): void {
    const nowMs = performance.now();
    this.#frames.add(nowMs, 1);
    this.#bytes.add(nowMs, payload.length);
    this.#take(JSON.parse(payload.toString('utf8')) as Received);
  }

  #take(message: Received): void {
    if (message.type === 'batch') for (const each of message.messages) this.#take(each);
    else if (message.type === 'text') this.#takeText(message.message, message.seq);
    else if (message.type === 'welcome') for (const name of message.users) this.roster.add(name);
    else if (message.type === 'user_update') {
      if (message.action === 'sync') {
        // 先走后来: 走了又来的人两边都可能在
        for (const name of message.left) this.roster.delete(name);
        for (const name of message.joined) this.roster.add(name);
      } else if (message.action === 'join') this.roster.add(message.name);
      else this.roster.delete(message.name);
    }
  }

  #takeText(text: string, seq: number): void {
    this.lastSeq = Math.max(this.lastSeq, seq);
    const serial = serialOf(text);
    if (Number.isNaN(serial)) return;
    this.#heard[serial] = (this.#heard[serial] ?? 0) + 1;
    this.#onText(serial);
  }
}

/** 正文: 编号, 再补到定长 */
export function talkText(serial: number, bytes: number): string {
  return `t${serial}.`.padEnd(bytes, 'x');
}

function serialOf(text: string): number {
  return text.startsWith('t') ? Number.parseInt(text.slice(1), 10) : Number.NaN;
}

/** 任一整秒里的最大值 */
export class PeakRate {
  #second = 0;
  #inSecond = 0;
  peak = 0;

  add(nowMs: number, amount: number): void {
    const second = Math.floor(nowMs / WINDOW_MS);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    this.#inSecond += amount;
    if (this.#inSecond > this.peak) this.peak = this.#inSecond;
  }
}
