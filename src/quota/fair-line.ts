// 一个地址在轮流的队里等着的: 各人一列, 各人轮流; 各列的长度由 FairQueue 限制
import type { Asker, Held, Visitor } from './ports.js';

/** 等着的一个 */
export interface Ticket {
  readonly asker: Asker;
  /** 占着的等的位子 */
  readonly held: Held;
  /** 从不拒绝 */
  readonly start: () => Promise<void>;
  readonly reject: (error: Error) => void;
}

export class FairLine {
  readonly visitor: Visitor;
  /** 次序就是轮到的次序 */
  readonly #people = new Map<string, Ticket[]>();
  #waiting = 0;

  constructor(visitor: Visitor) {
    this.visitor = visitor;
  }

  get waiting(): number {
    return this.#waiting;
  }

  waitingOf(person: string): number {
    return this.#people.get(person)?.length ?? 0;
  }

  add(ticket: Ticket): void {
    const { person } = ticket.asker;
    const column = this.#people.get(person);
    if (column === undefined) this.#people.set(person, [ticket]);
    else column.push(ticket);
    this.#waiting += 1;
  }

  /** 下一个可以做的, 他的其余排到末尾; 没有则 undefined。要跳过的至多是正做着的那几个人 */
  next(mayRun: (asker: Asker) => boolean): Ticket | undefined {
    for (const [person, [ticket]] of this.#people) {
      if (ticket !== undefined && mayRun(ticket.asker)) return this.take(person);
    }
    return undefined;
  }

  /** 这个人最早的一个 */
  take(person: string): Ticket | undefined {
    const column = this.#people.get(person);
    const ticket = column?.shift();
    if (column === undefined || ticket === undefined) return undefined;
    this.#waiting -= 1;
    this.#people.delete(person);
    if (column.length > 0) this.#people.set(person, column);
    return ticket;
  }

  /** 谁该让: 等得最多的, 一样多就是来者自己; 人人至多一个时谁也不让 (undefined)。走一遍各人, 只在满了时问 */
  greediest(comer: string): string | undefined {
    let [greedy, most] = [comer, this.waitingOf(comer)];
    for (const [person, { length }] of this.#people) {
      if (length > most) [greedy, most] = [person, length];
    }
    return most > 1 || greedy === comer ? greedy : undefined;
  }
}
