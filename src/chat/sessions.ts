// 会话登记处: 令牌 -> 会话, 在线的会话; 都有上限。名字归谁由 Names 定
import { AppError } from '../protocol/errors.js';
import type { Sender } from '../protocol/messages.js';
import type { Held, Visitor } from '../quota/ports.js';
import { Queues } from '../quota/queues.js';
import type { Member } from './member.js';
import type { NameRules } from './names/name-rules.js';
import { personTag } from './person-tag.js';
import type { Names } from './ports.js';
import { Session } from './session.js';
import type { SessionTokens } from './session-tokens.js';

export interface SessionLimits {
  readonly maxMembers: number;
  readonly maxSessions: number;
  readonly connectionsPerSession: number;
  readonly sessionRetainMs: number;
  /** 断线之后名字留多久 (毫秒) */
  readonly nameHoldMs: number;
  readonly rememberedClientIds: number;
}

/** 要加入的人给出的 */
export interface Newcomer {
  readonly name: string;
  readonly session?: string;
  readonly features?: readonly string[];
}

/** 没有会话的来者以哪个名字署名 */
export interface Signature extends Sender {
  /** 做完放开 */
  readonly held: Held;
}

export interface SessionParts {
  readonly tokens: SessionTokens;
  readonly names: Names;
  readonly nameRules: NameRules;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
}

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #parts: SessionParts;
  readonly #byToken = new Map<string, Session>();
  /** 按上线先后 */
  readonly #online = new Set<Session>();
  /** 没有连接的, 按离开的先后 */
  readonly #idle = new Queues<Session>();

  constructor(limits: SessionLimits, parts: SessionParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  get onlineCount(): number {
    return this.#online.size;
  }

  /** 在线名字, 至多 limit 个, 按上线先后 */
  onlineNames(limit: number): string[] {
    const names: string[] = [];
    for (const session of this.#online) {
      if (names.length >= limit) break;
      names.push(session.name);
    }
    return names;
  }

  find(token: string): Session | undefined {
    return this.#byToken.get(token);
  }

  /** 是不是我们签发的令牌: 在内存里的, 或重启与过期之前的 */
  isOurs(token: string): boolean {
    return this.#byToken.has(token) || this.#parts.tokens.isOurs(token);
  }

  /**
   * 找到或新建会话并占住名字, 由 attach 上线。新会话沿用来者的限速。
   * 不在内存里而确是我们签发的令牌 (重启, 过期) 照旧使用: 他还是同一个人, 重发认得出来。
   * 错误: name_invalid, name_taken, server_busy
   */
  claim(request: Newcomer, member: Member): Session {
    const known = request.session === undefined ? undefined : this.#byToken.get(request.session);
    // 另有窗口在线: 服务器记下的名字为准
    if (known?.state === 'active') return known;
    const { names, nameRules } = this.#parts;
    const name = nameRules.admit(request.name);
    const { maxMembers: limit } = this.#limits;
    if (this.#online.size >= limit) {
      throw new AppError('server_busy', { facts: { setting: 'chat.maxMembers', limit } });
    }
    const session = known ?? this.#draft(name, request.session, member);
    session.visitor = member.visitor;
    // 声明了能力的会带着令牌回来; 没有令牌的只认得出地址
    if (request.features !== undefined || request.session !== undefined) session.keptBy = 'token';
    names.claim(name, session);
    // 一个人至多留着一个名字
    if (session.name !== name) names.release(session.name, session);
    session.name = name;
    if (known === undefined) this.#register(session);
    return session;
  }

  /** 不上线而以他的名字署名: 他自己在线, 或名字还没有被别人拿走。错误: name_taken */
  sign(session: Session): Signature {
    const { name, from } = session;
    return { name, from, held: this.#parts.names.borrow(name, session) };
  }

  /** 没有会话的来者要以这个名字署名。错误: name_invalid, name_taken (在线的, 或留给别人的) */
  signAs(rawName: string, visitor: Visitor): Signature {
    const name = this.#parts.nameRules.admit(rawName);
    const id = this.#parts.tokens.strangerId(visitor.address, name);
    const held = this.#parts.names.borrow(name, { id, visitor, keptBy: 'address' });
    return { name, from: personTag(id), held };
  }

  /** 连接归入会话。返回被替换下来的最早的连接 (超过每会话上限时), 以及用户是否因此上线 */
  attach(session: Session, member: Member): { replaced: Member | undefined; cameOnline: boolean } {
    const replaced = session.add(member, this.#limits.connectionsPerSession);
    session.idleSinceMs = undefined;
    this.#idle.remove(session);
    member.become('active', session);
    const cameOnline = member.kind === 'chat' && session.state !== 'active';
    if (cameOnline) {
      session.state = 'active';
      this.#online.add(session);
    }
    return { replaced, cameOnline };
  }

  /** 连接离开会话; 返回用户是否因此下线。自己说了 leave 的 (left) 名字立刻空出, 断开的留一会儿 */
  detach(member: Member, how: 'left' | 'dropped'): boolean {
    const session = member.session;
    if (session === undefined) return false;
    session.remove(member);
    if (session.connectionCount === 0) {
      session.idleSinceMs = this.#parts.now();
      this.#idle.add(session, session.visitor);
    }
    if (session.state !== 'active' || session.chatCount > 0) return false;
    session.state = 'away';
    session.lastClose = member.lastClose;
    this.#online.delete(session);
    if (how === 'left') this.#parts.names.release(session.name, session);
    else this.#parts.names.hold(session.name, session, this.#limits.nameHoldMs);
    return true;
  }

  /** 丢弃过了保留期的会话与名字; 有连接的 (哪怕只是传输连接) 不动 */
  sweep(): void {
    const deadline = this.#parts.now() - this.#limits.sessionRetainMs;
    for (const session of this.#idle.values()) {
      if (session.idleSinceMs === undefined || session.idleSinceMs > deadline) break;
      this.#end(session);
    }
    this.#parts.names.sweep();
  }

  #draft(name: string, asked: string | undefined, { ownLimit, visitor }: Member): Session {
    const { tokens } = this.#parts;
    const restored = asked !== undefined && tokens.isOurs(asked);
    const identity = { token: restored ? asked : tokens.issue(), name, restored, visitor };
    return new Session(identity, ownLimit, this.#limits.rememberedClientIds);
  }

  // 满了: 先请走离线的会话最多的地址里最早离开的一个, 没有可请的才拒绝
  #register(session: Session): void {
    const { maxSessions: limit } = this.#limits;
    if (this.#byToken.size >= limit) {
      const idle = this.#idle.greediest();
      if (idle === undefined) {
        this.#parts.names.release(session.name, session);
        throw new AppError('server_busy', { facts: { setting: 'chat.maxSessions', limit } });
      }
      this.#end(idle);
    }
    this.#byToken.set(session.token, session);
  }

  #end(session: Session): void {
    session.state = 'ended';
    this.#idle.remove(session);
    this.#byToken.delete(session.token);
  }
}
