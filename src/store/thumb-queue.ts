// 缩略图的排队: 一次一张; 每个人与每个地址各排各的, 谁排得多谁等得久 (加权公平排队, RFC 970 与 Demers 1989)
// 到期的时刻 = 来的时刻 (或他前一张的到期) + 做它要多久: 小的因此在先, 大的也不会永远让下去
import type { Party } from '../files/ports.js';
import { AppError } from '../protocol/errors.js';
import { Counts } from '../quota/counts.js';
import type { AddressQuota, Held } from '../quota/ports.js';

/** 等了这么久还没有轮到, 或让给了排得少的人 */
export const TOO_LATE = Symbol('too late');

export interface ThumbQueueOptions {
  readonly maxQueue: number;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

interface Job {
  readonly keys: readonly string[];
  readonly dueMs: number;
  readonly held: Held;
  readonly start: () => Promise<unknown>;
  readonly refuse: () => void;
}

// 实测: 6400 万像素的 PNG 约 340 毫秒; 只用来比大小, 不必准
const PIXELS_PER_MS = 200_000;
// 一个人至多排满这么多分之一; 地址的一份是 address.thumbs
const SENDER_SHARE = 8;

export class ThumbQueue {
  readonly #options: ThumbQueueOptions;
  readonly #jobs = new Set<Job>();
  /** 每个人, 每个地址排着几张 */
  readonly #queued = new Counts();
  /** 他最后一张的到期; 没有排着的就不记, 所以表的大小不超过排着的张数的两倍 */
  readonly #lastDueMs = new Map<string, number>();
  #running = false;

  constructor(options: ThumbQueueOptions) {
    this.#options = options;
  }

  /** 至多等 patienceMs (毫秒) 才开始, 排不上或轮不到就不做 (TOO_LATE); 已经开始的等它做完 */
  run<T>(
    party: Party,
    pixels: number,
    task: () => Promise<T>,
    patienceMs?: number,
  ): Promise<T | typeof TOO_LATE> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const job = this.#enqueue(party, pixels, {
        start: () => {
          clearTimeout(timer);
          return task().then(resolve, reject);
        },
        refuse: () => {
          clearTimeout(timer);
          resolve(TOO_LATE);
        },
      });
      if (job === undefined) return;
      if (patienceMs !== undefined) timer = setTimeout(() => this.#drop(job), patienceMs);
      void this.#next();
    });
  }

  /** 排不上的立即 refuse, 返回 undefined */
  #enqueue(party: Party, pixels: number, life: Pick<Job, 'start' | 'refuse'>): Job | undefined {
    const { maxQueue, quota, now } = this.#options;
    const keys = keysOf(party);
    const share = Math.max(1, Math.floor(maxQueue / SENDER_SHARE));
    const isFull = party.sessionKey !== '' && this.#queued.of(senderKey(party)) >= share;
    const lastDueMs = Math.max(now(), ...keys.map((key) => this.#lastDueMs.get(key) ?? 0));
    const dueMs = lastDueMs + pixels / PIXELS_PER_MS;
    if (isFull || !quota.fits(party.visitor, 'thumbs') || !this.#makeRoom(dueMs)) {
      life.refuse();
      return undefined;
    }
    const job: Job = { keys, dueMs, held: quota.hold(party.visitor, 'thumbs'), ...life };
    this.#jobs.add(job);
    for (const key of keys) {
      this.#queued.add(key);
      this.#lastDueMs.set(key, dueMs);
    }
    return job;
  }

  // 满了: 到期最晚的是排得最多的人的, 让给更早的
  #makeRoom(dueMs: number): boolean {
    if (this.#jobs.size < this.#options.maxQueue) return true;
    const last = this.#pick((job, best) => job.dueMs > best.dueMs);
    if (last === undefined || last.dueMs <= dueMs) return false;
    this.#drop(last);
    return true;
  }

  #drop(job: Job): void {
    if (this.#leave(job)) job.refuse();
  }

  #leave(job: Job): boolean {
    if (!this.#jobs.delete(job)) return false;
    job.held.release();
    for (const key of job.keys) {
      this.#queued.remove(key);
      if (this.#queued.of(key) === 0) this.#lastDueMs.delete(key);
    }
    return true;
  }

  // 张数不多 (files.thumbQueue), 一张要做几十毫秒: 逐个看过去就够
  #pick(better: (job: Job, best: Job) => boolean): Job | undefined {
    let best: Job | undefined;
    for (const job of this.#jobs) if (best === undefined || better(job, best)) best = job;
    return best;
  }

  async #next(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (;;) {
      const job = this.#pick((each, best) => each.dueMs < best.dueMs);
      if (job === undefined) break;
      this.#leave(job);
      // 成败已交给等它的人
      await job.start();
    }
    this.#running = false;
  }
}

/** 排不上而有人在等应答: 请他过一会儿再来 */
export function thumbsBusy(): AppError {
  return new AppError('server_busy', { facts: { setting: 'address.thumbs', retryAfterMs: 1000 } });
}

const senderKey = ({ sessionKey }: Party): string => `sender ${sessionKey}`;

function keysOf(party: Party): string[] {
  const { sessionKey, visitor } = party;
  return [
    ...(sessionKey === '' ? [] : [senderKey(party)]),
    ...(visitor.trusted ? [] : [`address ${visitor.address}`]),
  ];
}
