// 一个听众在一段里听到了哪些: 每条恰好一次, 以及各条的延迟
import type { Histogram } from '../histogram.js';
import type { Member } from './member.js';

/** 正文以定长的编号开头, 其余填 x: 每条一样长 */
const SERIAL_DIGITS = 8;
const MARKER = Buffer.from('"message":"');
const DIGIT_0 = '0'.charCodeAt(0);

export function messageText(serial: number, bytes: number): string {
  return String(serial).padStart(SERIAL_DIGITS, '0').padEnd(bytes, 'x');
}

/** 一段的公共部分: 从哪个编号起, 各条预定在何时发出 */
export interface Window {
  readonly firstSerial: number;
  /** 各条的预定时刻 (nowMs 的毫秒) */
  readonly dueMs: Float64Array;
  readonly latency: Histogram;
}

export class Tally {
  readonly #window: Window;
  readonly #member: Member;
  readonly #seen: Uint8Array;
  readonly #startVolume: number;
  readonly #startFrames: number;
  heard = 0;
  duplicated = 0;
  lastMs = 0;

  constructor(window: Window, member: Member) {
    this.#window = window;
    this.#member = member;
    this.#seen = new Uint8Array(window.dueMs.length);
    this.#startVolume = member.volume;
    this.#startFrames = member.frames;
  }

  get volume(): number {
    return this.#member.volume - this.#startVolume;
  }

  get frames(): number {
    return this.#member.frames - this.#startFrames;
  }

  /** 一帧里可以有几条; 不解析 JSON, 只找正文的编号 */
  hear(bytes: Buffer, start: number, end: number, arrivedMs: number): void {
    this.lastMs = arrivedMs;
    for (let at = bytes.indexOf(MARKER, start); at >= 0 && at < end; at = bytes.indexOf(MARKER, at)) {
      at += MARKER.length;
      this.#count(serialAt(bytes, at) - this.#window.firstSerial, arrivedMs);
    }
  }

  #count(index: number, arrivedMs: number): void {
    const { dueMs, latency } = this.#window;
    // 不是这一段的: 上一段迟到的, 或正文里的巧合
    if (!(index >= 0 && index < dueMs.length)) return;
    if (this.#seen[index] === 1) {
      this.duplicated += 1;
      return;
    }
    this.#seen[index] = 1;
    this.heard += 1;
    latency.record((arrivedMs - dueMs[index]!) * 1000);
  }
}

function serialAt(bytes: Buffer, at: number): number {
  let serial = 0;
  for (let index = at; index < at + SERIAL_DIGITS; index += 1) serial = serial * 10 + bytes[index]! - DIGIT_0;
  return serial;
}
