// 一个进程自己的 AddressQuota
import { AppError } from '../protocol/errors.js';
import { blocksOf } from './blocks.js';
import { Buckets } from './buckets.js';
import { Counts } from './counts.js';
import type { QuotaLimits, Rate, RateName, Share, ShareName } from './limits.js';
import type { AddressQuota, Held, Visitor } from './ports.js';

// 占满的一份何时空出来无从知道: 请客户端过这么久再试
const RETRY_SHARE_MS = 1000;
/** 没有占着什么: 受信任的地址 */
const NOTHING: Held = { release() {} };

export interface QuotaOptions {
  readonly limits: QuotaLimits;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  /** 每次拒绝时调用; 要不要说出去由它决定 */
  readonly refused: (visitor: Visitor, setting: string) => void;
}

export class LocalQuota implements AddressQuota {
  readonly #options: QuotaOptions;
  readonly #buckets: ReadonlyMap<RateName, Buckets>;
  readonly #held: ReadonlyMap<ShareName, Counts>;

  constructor(options: QuotaOptions) {
    this.#options = options;
    const { rates, shares } = options.limits;
    this.#buckets = new Map(entriesOf(rates).map(([name, rate]) => [name, new Buckets(rate)]));
    this.#held = new Map(entriesOf(shares).map(([name]) => [name, new Counts()]));
  }

  spend(visitor: Visitor, name: RateName, amount = 1): void {
    const buckets = this.#buckets.get(name);
    if (visitor.trusted || buckets === undefined) return;
    const nowMs = this.#options.now();
    const blocks = blocksOf(visitor.address);
    for (const { key, shares } of blocks) {
      const waitMs = buckets.waitMs(key, amount, nowMs, shares);
      if (waitMs > 0) throw this.#tooFast(visitor, this.#options.limits.rates[name], waitMs);
    }
    for (const { key, shares } of blocks) buckets.take(key, amount, nowMs, shares);
  }

  hold(visitor: Visitor, name: ShareName, amount = 1): Held {
    const held = this.#held.get(name);
    if (visitor.trusted || held === undefined) return NOTHING;
    if (!this.fits(visitor, name, amount)) throw this.#tooMany(visitor, this.#options.limits.shares[name]);
    for (const { key } of blocksOf(visitor.address)) held.add(key, amount);
    return new HeldShare(held, visitor.address, amount);
  }

  fits(visitor: Visitor, name: ShareName, amount = 1): boolean {
    const held = this.#held.get(name);
    const { limit } = this.#options.limits.shares[name];
    if (visitor.trusted || held === undefined || limit === 0) return true;
    return blocksOf(visitor.address).every(({ key, shares }) => held.of(key) + amount <= limit * shares);
  }

  #tooFast(visitor: Visitor, { setting, perSecond }: Rate, waitMs: number): AppError {
    this.#options.refused(visitor, setting);
    const facts = { setting, limit: perSecond, retryAfterMs: Math.ceil(waitMs) };
    return new AppError('rate_limited', { detail: '这个地址来得太快', facts });
  }

  #tooMany(visitor: Visitor, { setting, limit }: Share): AppError {
    this.#options.refused(visitor, setting);
    const facts = { setting, limit, retryAfterMs: RETRY_SHARE_MS };
    return new AppError('server_busy', { detail: '这个地址占用得太多', facts });
  }
}

// 每条连接一个: 只记三样, 各段到归还时再算
class HeldShare implements Held {
  readonly #counts: Counts;
  readonly #address: string;
  #amount: number;

  constructor(counts: Counts, address: string, amount: number) {
    this.#counts = counts;
    this.#address = address;
    this.#amount = amount;
  }

  release(): void {
    const amount = this.#amount;
    this.#amount = 0;
    if (amount === 0) return;
    for (const { key } of blocksOf(this.#address)) this.#counts.remove(key, amount);
  }
}

// Object.entries 把键的类型变成了 string
function entriesOf<Name extends string, T>(table: Readonly<Record<Name, T>>): [Name, T][] {
  return Object.entries(table) as [Name, T][];
}
