// 会话登记处: 令牌 -> 会话, 名字 -> 在线会话; 两张表都有上限
import { AppError } from '../protocol/errors.js';
import { cleanUserName, userNameKey } from '../protocol/user-name.js';
import type { Member } from './member.js';
import type { RateLimit } from './rate-limit.js';
import { Session } from './session.js';
import type { SessionTokens } from './session-tokens.js';

export interface SessionLimits {
  readonly maxMembers: number;
  readonly maxSessions: number;
  readonly connectionsPerSession: number;
  readonly sessionRetainMs: number;
  readonly rememberedClientIds: number;
}

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #now: () => number;
  readonly #tokens: SessionTokens;
  readonly #byToken = new Map<string, Session>();
  /** 在线者; 键是归一化的名字, 防止大小写或全角半角冒充 */
  readonly #online = new Map<string, Session>();

  constructor(limits: SessionLimits, tokens: SessionTokens, now: () => number) {
    this.#limits = limits;
    this.#tokens = tokens;
    this.#now = now;
  }

  get onlineCount(): number {
    return this.#online.size;
  }

  /** 在线名字, 至多 limit 个, 按上线先后 */
  onlineNames(limit: number): string[] {
    const names: string[] = [];
    for (const session of this.#online.values()) {
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
    return this.#byToken.has(token) || this.#tokens.isOurs(token);
  }

  /**
   * 找到或新建会话并占住名字; 不改变在线状态 (attach 才上线)。新会话沿用来者的限速。
   * 不在内存里而确是我们签发的令牌 (重启, 过期) 照旧使用: 他还是同一个人, 重发认得出来。
   * 错误: name_invalid, name_taken, server_busy
   */
  claim(rawName: string, token: string | undefined, rateLimit: RateLimit): Session {
    const known = token === undefined ? undefined : this.#byToken.get(token);
    // 另有窗口在线: 服务器记下的名字为准
    if (known?.state === 'active') return known;
    const name = cleanUserName(rawName);
    if (this.#online.has(userNameKey(name))) throw new AppError('name_taken', { facts: { name } });
    if (this.#online.size >= this.#limits.maxMembers) throw new AppError('server_busy');
    if (known !== undefined) {
      known.name = name;
      return known;
    }
    const ours = token !== undefined && this.#tokens.isOurs(token);
    return this.#create(name, rateLimit, ours ? token : undefined);
  }

  /** 连接归入会话。返回被替换下来的最早的连接 (超过每会话上限时), 以及用户是否因此上线 */
  attach(session: Session, member: Member): { replaced: Member | undefined; cameOnline: boolean } {
    const replaced = session.add(member, this.#limits.connectionsPerSession);
    session.idleSinceMs = undefined;
    member.become('active', session);
    const cameOnline = member.kind === 'chat' && session.state !== 'active';
    if (cameOnline) {
      session.state = 'active';
      this.#online.set(keyOf(session.name), session);
    }
    return { replaced, cameOnline };
  }

  /** 连接离开会话; 返回用户是否因此下线 */
  detach(member: Member): boolean {
    const session = member.session;
    if (session === undefined) return false;
    session.remove(member);
    if (session.connectionCount === 0) session.idleSinceMs = this.#now();
    if (session.state !== 'active' || session.chatCount > 0) return false;
    session.state = 'away';
    session.lastClose = member.lastClose;
    this.#online.delete(userNameKey(session.name));
    return true;
  }

  /** 丢弃过了保留期的会话; 有连接的 (哪怕只是传输连接) 不动 */
  sweep(): void {
    const deadline = this.#now() - this.#limits.sessionRetainMs;
    for (const session of this.#byToken.values()) {
      if (session.idleSinceMs !== undefined && session.idleSinceMs <= deadline) this.#end(session);
    }
  }

  #create(name: string, rateLimit: RateLimit, restored: string | undefined): Session {
    if (this.#byToken.size >= this.#limits.maxSessions) this.#evictAway();
    const token = restored ?? this.#tokens.issue();
    const identity = { token, name, restored: restored !== undefined };
    const session = new Session(identity, rateLimit, this.#limits.rememberedClientIds);
    session.idleSinceMs = this.#now();
    this.#byToken.set(session.token, session);
    return session;
  }

  // 满了: 先请走最早登记的离线会话, 没有可请的才拒绝
  #evictAway(): void {
    for (const session of this.#byToken.values()) {
      if (session.connectionCount > 0) continue;
      this.#end(session);
      return;
    }
    throw new AppError('server_busy');
  }

  #end(session: Session): void {
    session.state = 'ended';
    this.#byToken.delete(session.token);
  }
}

// 键多半就是名字本身: 用同一个字符串, 不为每个人再留一份
function keyOf(name: string): string {
  const key = userNameKey(name);
  return key === name ? name : key;
}
