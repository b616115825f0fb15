// 传输票在本进程里的实现: 随机, 一分钟内用一次; 记在内存里, 重启即作废 (客户端再要一张)
import { randomBytes } from 'node:crypto';
import type { Ticket, Tickets } from './ports.js';

// 192 位: 票在有效期内就是身份, 不能被猜到
const TICKET_BYTES = 24;
/** 一张票多久之内有效, 毫秒: 够慢线路连上, 又短到日志里的不能再用 */
export const TICKET_TTL_MS = 60_000;
/** 一个会话同时留着几张: 一个窗口两个上传加一次清理, 要完马上就用 */
export const TICKETS_PER_SESSION = 16;
// 全体同时留着几张, 约 16 MB。满了最旧的作废: 会话再多也占不满内存, 等着用的多等一个来回
const MAX_TICKETS = 65_536;

interface Issued {
  readonly session: string;
  readonly expiresAtMs: number;
}

export class LocalTickets implements Tickets {
  /** 单调时钟, 毫秒 */
  readonly #now: () => number;
  /** 有效期相同, 所以插入的次序就是过期的次序 */
  readonly #issued = new Map<string, Issued>();
  /** 会话 -> 它还没有用的, 旧的在前 */
  readonly #bySession = new Map<string, readonly string[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  issue(session: string): Ticket {
    this.#expire();
    const [oldest] = this.#bySession.get(session) ?? [];
    if ((this.#bySession.get(session)?.length ?? 0) >= TICKETS_PER_SESSION) this.#drop(oldest);
    if (this.#issued.size >= MAX_TICKETS) this.#drop(this.#issued.keys().next().value);
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.#issued.set(ticket, { session, expiresAtMs: this.#now() + TICKET_TTL_MS });
    this.#bySession.set(session, [...(this.#bySession.get(session) ?? []), ticket]);
    return { ticket, expiresInMs: TICKET_TTL_MS };
  }

  redeem(ticket: string): string | undefined {
    this.#expire();
    const issued = this.#issued.get(ticket);
    this.#drop(ticket);
    return issued?.session;
  }

  // 平摊到每次要与用: 不另设定时器, 也没有谁要等
  #expire(): void {
    const nowMs = this.#now();
    for (const [ticket, { expiresAtMs }] of this.#issued) {
      if (expiresAtMs > nowMs) return;
      this.#drop(ticket);
    }
  }

  #drop(ticket: string | undefined): void {
    const issued = ticket === undefined ? undefined : this.#issued.get(ticket);
    if (ticket === undefined || issued === undefined) return;
    this.#issued.delete(ticket);
    const left = (this.#bySession.get(issued.session) ?? []).filter((other) => other !== ticket);
    if (left.length === 0) this.#bySession.delete(issued.session);
    else this.#bySession.set(issued.session, left);
  }
}
