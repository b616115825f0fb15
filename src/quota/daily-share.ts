// 一个地址一天至多用掉存储的几成: 条数, 文字的字节, 文件的字节; 按钟头记, 过了 24 个钟头的不算。纯的, 时钟由外面给
import { AppError } from '../protocol/errors.js';
import { blocksOf } from './blocks.js';
import type { Visitor } from './ports.js';

export interface Amounts {
  readonly entries: number;
  /** 数据库里大约占的字节 */
  readonly textBytes: number;
  readonly fileBytes: number;
}

/** 一个地址在一个钟头里发了多少; hour 是 Unix 毫秒除以一小时 */
export interface HourlyUsage extends Amounts {
  readonly hour: number;
  readonly address: string;
}

export interface DailyLimits extends Amounts {
  /** 拒绝时说的那一项, 与它的值 */
  readonly percent: number;
}

/** 占着的文件 */
export interface Reserved {
  /** 收完了: 改记实际的字节。可重复调用, 只有第一次算数 */
  settle(bytes: number): void;
  /** 没有发出来: 还回去。同上 */
  release(): void;
}

const SETTING = 'address.dailyPercent';
const HOUR_MS = 3_600_000;
const HOURS = 24;
// 一行在数据库里的固定开销, 与正文连同折叠的一份, 三字组的索引是原文的几倍: 宁可估多的约数
const ENTRY_BYTES = 512;
const INDEX_FACTOR = 4;
// 记得住的键 (每个约 400 字节, 24 个钟头都发过的约 2700); 满了一次忘到这么少
const MAX_KEYS = 16_384;
const KEPT_KEYS = 12_288;
const KINDS = ['entries', 'textBytes', 'fileBytes'] as const;
const NOTHING: Reserved = { settle() {}, release() {} };

export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}

/** 不大于它的钟头不再算 */
export function dayAgo(nowMs: number): number {
  return hourOf(nowMs) - HOURS;
}

/** 一条文字算多少; bytes 是正文的 UTF-8 */
export function textCost(bytes: number): Amounts {
  return { entries: 1, textBytes: ENTRY_BYTES + bytes * INDEX_FACTOR, fileBytes: 0 };
}

type Sums = { -readonly [K in keyof Amounts]: Amounts[K] };

interface Day {
  readonly hours: Map<number, Sums>;
  /** 各钟头之和: 每条文字都要问, 不逐个加 */
  readonly total: Sums;
}

export class DailyShare {
  readonly #limits: DailyLimits;
  readonly #now: () => number;
  readonly #refused: (visitor: Visitor, setting: string) => void;
  readonly #days = new Map<string, Day>();

  /** limits 各项 0 = 不限; now: Unix 毫秒; refused: 每次拒绝时调用 */
  constructor(limits: DailyLimits, now: () => number, refused: (visitor: Visitor, setting: string) => void) {
    this.#limits = limits;
    this.#now = now;
    this.#refused = refused;
  }

  /** 重启之前用掉的 */
  restore(usage: readonly HourlyUsage[]): void {
    for (const { address, hour, ...amounts } of usage) this.#add(address, hour, amounts);
  }

  /** 一条文字, 发出去之前问。错误: rate_limited (facts: setting, limit 是百分之几, retryAfterMs) */
  require(visitor: Visitor, cost: Amounts): void {
    if (visitor.trusted || this.#limits.percent === 0) return;
    const waitMs = this.#waitMs(visitor, cost);
    if (waitMs === 0) return;
    this.#refused(visitor, SETTING);
    throw new AppError('rate_limited', {
      detail: `这个地址今天的一份用完了, 约 ${Math.ceil(waitMs / HOUR_MS)} 小时后再有`,
      facts: { setting: SETTING, limit: this.#limits.percent, retryAfterMs: waitMs },
    });
  }

  /** 发出去了 */
  count(visitor: Visitor, cost: Amounts): void {
    if (!visitor.trusted && this.#limits.percent > 0) this.#add(visitor.address, hourOf(this.#now()), cost);
  }

  /** 一个文件, 收它之前占住 bytes。错误: 同 require */
  reserve(visitor: Visitor, bytes: number): Reserved {
    if (visitor.trusted || this.#limits.percent === 0) return NOTHING;
    const cost = { ...textCost(0), fileBytes: bytes };
    this.require(visitor, cost);
    const hour = hourOf(this.#now());
    this.#add(visitor.address, hour, cost);
    let held: Amounts | undefined = cost;
    const replace = (next: Amounts): void => {
      if (held === undefined) return;
      this.#add(visitor.address, hour, minus(next, held));
      held = undefined;
    };
    return {
      settle: (actual) => replace({ ...textCost(0), fileBytes: actual }),
      release: () => replace({ entries: 0, textBytes: 0, fileBytes: 0 }),
    };
  }

  // 还要等多久 (毫秒), 0 = 现在就可以: 最旧的钟头依次过去, 到装得下为止
  #waitMs({ address }: Visitor, cost: Amounts): number {
    const nowMs = this.#now();
    let waitMs = 0;
    for (const { key, shares } of blocksOf(address)) {
      const day = this.#days.get(key);
      if (day !== undefined) waitMs = Math.max(waitMs, this.#waitFor(day, { cost, shares, nowMs }));
    }
    return waitMs;
  }

  #waitFor(
    day: Day,
    { cost, shares, nowMs }: { readonly cost: Amounts; readonly shares: number; readonly nowMs: number },
  ): number {
    const fits = (sums: Amounts): boolean =>
      KINDS.every((kind) => {
        const limit = this.#limits[kind] * shares;
        return limit === 0 || cost[kind] === 0 || sums[kind] + cost[kind] <= limit;
      });
    dropOld(day, dayAgo(nowMs));
    if (fits(day.total)) return 0;
    const sums = { ...day.total };
    for (const hour of [...day.hours.keys()].sort((a, b) => a - b)) {
      addTo(sums, minus(nothing(), day.hours.get(hour) ?? sums));
      if (fits(sums)) return (hour + HOURS + 1) * HOUR_MS - nowMs;
    }
    // 比一份还大的: 多久也装不下
    return HOURS * HOUR_MS;
  }

  #add(address: string, hour: number, amounts: Amounts): void {
    for (const { key } of blocksOf(address)) {
      const day = this.#days.get(key) ?? { hours: new Map<number, Sums>(), total: nothing() };
      const sums = day.hours.get(hour) ?? nothing();
      addTo(sums, amounts);
      addTo(day.total, amounts);
      day.hours.set(hour, sums);
      this.#days.set(key, day);
    }
    if (this.#days.size > MAX_KEYS) this.#forget();
  }

  // 先忘一天没来的, 再忘用得最少的: 用得多的换多少地址也挤不掉自己的记录
  #forget(): void {
    const edge = dayAgo(this.#now());
    for (const [key, day] of this.#days) {
      dropOld(day, edge);
      if (day.hours.size === 0) this.#days.delete(key);
    }
    const excess = this.#days.size - KEPT_KEYS;
    if (excess <= 0) return;
    const { entries, fileBytes } = this.#limits;
    const weigh = (sums: Amounts): number =>
      sums.entries / Math.max(1, entries) + sums.fileBytes / Math.max(1, fileBytes);
    const light = [...this.#days].map(([key, day]) => ({ key, weight: weigh(day.total) }));
    light.sort((a, b) => a.weight - b.weight);
    for (const { key } of light.slice(0, excess)) this.#days.delete(key);
  }
}

function dropOld({ hours, total }: Day, edge: number): void {
  for (const [hour, sums] of hours) {
    if (hour > edge) continue;
    hours.delete(hour);
    addTo(total, minus(nothing(), sums));
  }
}

function nothing(): Sums {
  return { entries: 0, textBytes: 0, fileBytes: 0 };
}

function addTo(target: Sums, amounts: Amounts): void {
  for (const kind of KINDS) target[kind] += amounts[kind];
}

function minus(next: Amounts, before: Amounts): Amounts {
  return {
    entries: next.entries - before.entries,
    textBytes: next.textBytes - before.textBytes,
    fileBytes: next.fileBytes - before.fileBytes,
  };
}
