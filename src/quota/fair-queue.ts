// 轮流的队: 同时做的有上限 (每人, 每个地址, 合计), 其余等着; 各地址轮流, 一个地址里各人轮流。
// 等着的也有上限; 满了先让问得最多的人最早的一个
import { AppError } from '../protocol/errors.js';
import { Counts } from './counts.js';
import { FairLine, type Ticket } from './fair-line.js';
import type { ShareName } from './limits.js';
import type { AddressQuota, Asker, Turns } from './ports.js';

// 全部等着的: 一个 IPv6 的 /48 也占不满它
const MAX_WAITING = 16_384;
// 一次至多看这么多个地址: 其余的下次接着看。轮不到的都是因为自己的还没做完, 做完就会再看
const LOOK = 64;
// 何时轮得到无从知道: 请客户端过这么久再问
const RETRY_MS = 1000;

export interface Named {
  readonly setting: string;
  readonly limit: number;
}

export interface FairLimits {
  /** 合计同时做几个 */
  readonly running: Named;
  /** 没有加入的人合计几个: 余下的留给加入的人 */
  readonly guests: number;
  readonly perPerson: Named;
  /** 一个人等着的 */
  readonly waitingPerPerson: Named;
  /** 一个地址同时做的, 与等着的 */
  readonly share: ShareName;
  readonly waitingShare: ShareName;
}

export class FairQueue implements Turns {
  readonly #limits: FairLimits;
  readonly #quota: AddressQuota;
  /** 次序就是轮到的次序 */
  readonly #lines = new Map<string, FairLine>();
  readonly #people = new Counts();
  #running = 0;
  #guests = 0;
  #waiting = 0;

  constructor(limits: FairLimits, quota: AddressQuota) {
    this.#limits = limits;
    this.#quota = quota;
  }

  get waiting(): number {
    return this.#waiting;
  }

  run<T>(asker: Asker, task: () => Promise<T>): Promise<T> {
    // 里面抛的错 (等着的满了) 也成为拒绝
    return new Promise<T>((resolve, reject) => {
      const start = async (): Promise<void> => {
        try {
          resolve(await task());
        } catch (error) {
          reject(error);
        }
      };
      this.#enqueue({ asker, start, reject });
      this.#pump();
    });
  }

  // 抛错时没有排上
  #enqueue(ticket: Omit<Ticket, 'held'>): void {
    const { visitor, person } = ticket.asker;
    const { waitingPerPerson, waitingShare, running } = this.#limits;
    const key = lineKey(ticket.asker);
    const line = this.#lines.get(key) ?? new FairLine(visitor);
    if (line.waitingOf(person) >= waitingPerPerson.limit) {
      // 换了词的旧搜索, 翻过去的旧页: 客户端已不等它
      this.#refuse(line, person, busy(waitingPerPerson));
    } else if (this.#waiting >= MAX_WAITING) {
      throw busy(running);
    }
    const greedy = this.#quota.fits(visitor, waitingShare) ? undefined : line.greediest(person);
    // 同一个地址里问得少的人不受问得多的人拖累
    if (greedy !== undefined) this.#refuse(line, greedy, busy(waitingPerPerson));
    line.add({ ...ticket, held: this.#quota.hold(visitor, waitingShare) });
    this.#waiting += 1;
    this.#lines.set(key, line);
  }

  #refuse(line: FairLine, person: string, error: AppError): void {
    const ticket = line.take(person);
    if (ticket === undefined) return;
    this.#left(ticket);
    ticket.reject(error);
  }

  #left(ticket: Ticket): void {
    this.#waiting -= 1;
    ticket.held.release();
  }

  #pump(): void {
    while (this.#running < this.#limits.running.limit) {
      const next = this.#next();
      if (next === undefined) return;
      this.#left(next);
      // 走了的不必再做
      if (next.asker.gone) next.reject(busy(this.#limits.running));
      else this.#start(next);
    }
  }

  // 看过的地址排到末尾
  #next(): Ticket | undefined {
    for (let left = Math.min(LOOK, this.#lines.size); left > 0; left -= 1) {
      const [key, line] = this.#first();
      if (key === undefined || line === undefined) return undefined;
      this.#lines.delete(key);
      const fits = this.#quota.fits(line.visitor, this.#limits.share);
      const ticket = fits ? line.next((asker) => this.#mayRun(asker)) : undefined;
      if (line.waiting > 0) this.#lines.set(key, line);
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }

  #first(): [string, FairLine] | [] {
    for (const line of this.#lines) return line;
    return [];
  }

  #mayRun({ person, isGuest }: Asker): boolean {
    const { perPerson, guests } = this.#limits;
    return this.#people.of(person) < perPerson.limit && (!isGuest || this.#guests < guests);
  }

  #start({ asker, start }: Ticket): void {
    const { person, isGuest, visitor } = asker;
    const held = this.#quota.hold(visitor, this.#limits.share);
    this.#people.add(person);
    this.#running += 1;
    if (isGuest) this.#guests += 1;
    const ended = (): void => {
      held.release();
      this.#people.remove(person);
      this.#running -= 1;
      if (isGuest) this.#guests -= 1;
      this.#pump();
    };
    // start 从不拒绝: 结果与错误都已给了问的人
    void start().then(ended);
  }
}

// 受信任的地址里每个人自成一家: 他们不按地址计数
function lineKey({ visitor, person }: Asker): string {
  return visitor.trusted ? person : visitor.address;
}

function busy({ setting, limit }: Named): AppError {
  return new AppError('server_busy', { facts: { setting, limit, retryAfterMs: RETRY_MS } });
}
