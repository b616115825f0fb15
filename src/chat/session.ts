// 一个用户的会话: 令牌, 名字, 属于他的连接, 以及重发去重所需的应答记录
//   active (有聊天连接) --最后一条断开--> away (保留令牌; 名字留一会儿, 见 Names)
//   away --凭令牌回来--> active;  away --超过保留期--> ended
import { AppError } from '../protocol/errors.js';
import type { AckMessage, LastClose, RoomEntry } from '../protocol/messages.js';
import type { Visitor } from '../quota/ports.js';
import type { Member } from './member.js';
import { personTag } from './person-tag.js';
import type { NameHolder, SentBy } from './ports.js';
import type { RateLimit } from './rate-limit.js';
import { SentIds } from './sent-ids.js';
import { SessionTokens } from './session-tokens.js';

export type SessionState = 'active' | 'away' | 'ended';

export interface SessionIdentity {
  readonly token: string;
  readonly name: string;
  readonly restored: boolean;
  readonly visitor: Visitor;
}

interface Attempt {
  readonly ack: Promise<AckMessage>;
  settled: boolean;
}

// 一个会话同时等着落盘的上限: 磁盘卡住时内存才有界
const MAX_UNSETTLED = 4096;
// 空的大家共用: 几万个会话里, 多半没有传输连接
const NOBODY: readonly Member[] = [];

// 在线而没说话的会话占多数: 去重要用的, 发过消息才建
export class Session implements NameHolder {
  readonly token: string;
  readonly rateLimit: RateLimit;
  name: string;
  state: SessionState = 'away';
  /** 最近一次加入来自哪里 */
  visitor: Visitor;
  keptBy: NameHolder['keptBy'] = 'address';
  /** 最后一条聊天连接是被服务器切断的: 它的原因; 下一次 welcome 说一遍后清除 */
  lastClose: LastClose | undefined;
  /** 最后一条连接离开的时刻 (单调毫秒), 清扫时据此过期; 还有连接时为 undefined */
  idleSinceMs: number | undefined;
  /** 按加入的先后排列。换新的而不改旧的: 至多几条, 数组比 Set 省 */
  #chats = NOBODY;
  #transfers = NOBODY;
  #sender: string | undefined;
  #from: string | undefined;
  #acks: Map<string, Attempt> | undefined;
  readonly #maxAcks: number;
  /** 内存里已没有应答, 而确实发过的; 一个也没有挤出时不建 */
  #forgotten: SentIds | undefined;
  /** 重启或过期之前发过哪些: 还没问过日志; 都记下了; 太多, 只能逐条问 */
  #past: 'unknown' | 'known' | 'too many';
  #recalling: Promise<void> | undefined;

  constructor(identity: SessionIdentity, rateLimit: RateLimit, maxAcks: number) {
    this.token = identity.token;
    this.#past = identity.restored ? 'unknown' : 'known';
    this.name = identity.name;
    this.visitor = identity.visitor;
    this.rateLimit = rateLimit;
    this.#maxAcks = maxAcks;
  }

  get connectionCount(): number {
    return this.#chats.length + this.#transfers.length;
  }

  get chatCount(): number {
    return this.#chats.length;
  }

  /** 令牌的散列: 随消息保存的, 与别处要认人时用的, 都是它 */
  get sender(): string {
    this.#sender ??= SessionTokens.senderOf(this.token);
    return this.#sender;
  }

  get id(): string {
    return this.sender;
  }

  /** 公开的标识: 随每条消息告诉别人, 看得出同一个名字换了人 */
  get from(): string {
    this.#from ??= personTag(this.sender);
    return this.#from;
  }

  /** 收下一条连接; 这一种已有 limit 条时, 返回要被替换的最早的一条 (由调用者断开) */
  add(member: Member, limit: number): Member | undefined {
    const group = member.kind === 'chat' ? this.#chats : this.#transfers;
    // concat 恰好要多大给多大; 展开写法会预留十几个位置
    if (member.kind === 'chat') this.#chats = group.concat(member);
    else this.#transfers = group.concat(member);
    return group.length >= limit ? group[0] : undefined;
  }

  remove(member: Member): void {
    if (member.kind === 'chat') this.#chats = without(this.#chats, member);
    else this.#transfers = without(this.#transfers, member);
  }

  /**
   * 幂等: 同一个 clientId 只执行一次 run, 重发得到同一个应答。
   * 失败的不记, 客户端可以用同一个 clientId 再试。错误: server_busy (没有结果的太多)
   */
  once(clientId: string, run: (sentBy: SentBy) => Promise<RoomEntry>): Promise<AckMessage> {
    this.#acks ??= new Map();
    const acks = this.#acks;
    const known = acks.get(clientId);
    if (known !== undefined) return known.ack;
    this.#forgetOldest(acks);
    const ack = run({ sender: this.sender, clientId }).then((entry) => ackOf(entry, clientId));
    const attempt: Attempt = { ack, settled: false };
    acks.set(clientId, attempt);
    ack.then(
      () => {
        attempt.settled = true;
      },
      () => acks.delete(clientId),
    );
    return ack;
  }

  /** 以这个 clientId 发过而应答已不在内存里: 可能如此 (去问日志) 则 true; false 是一定没有 */
  mayHaveSent(clientId: string): boolean {
    return this.#past !== 'known' || this.#forgotten?.mayContain(clientId) === true;
  }

  /**
   * 重启之前签发的令牌: 问一次日志他发过哪些, 之后就不必逐条问了。
   * load 给出全部; 太多 (没有全给) 时为 undefined, 那就一直逐条问
   */
  recall(load: (sender: string) => Promise<readonly string[] | undefined>): Promise<void> {
    if (this.#past !== 'unknown') return Promise.resolve();
    this.#recalling ??= load(this.sender)
      .then((clientIds) => {
        for (const clientId of clientIds ?? []) this.#remember(clientId);
        this.#past = clientIds === undefined ? 'too many' : 'known';
      })
      // 问不到 (日志正忙) 的, 下一条再问
      .finally(() => {
        this.#recalling = undefined;
      });
    return this.#recalling;
  }

  // 只记最近若干个: Map 按插入次序迭代, 第一个就是最旧的。没有结果的不能忘: 忘了, 重发就会说第二遍
  #forgetOldest(acks: Map<string, Attempt>): void {
    if (acks.size < this.#maxAcks) return;
    for (const [clientId, { settled }] of acks) {
      if (!settled) break;
      acks.delete(clientId);
      this.#remember(clientId);
      return;
    }
    const limit = this.#maxAcks;
    if (acks.size < limit + MAX_UNSETTLED) return;
    throw new AppError('server_busy', { facts: { setting: 'chat.rememberedClientIds', limit } });
  }

  #remember(clientId: string): void {
    this.#forgotten ??= new SentIds();
    this.#forgotten.add(clientId);
  }
}

function without(group: readonly Member[], member: Member): readonly Member[] {
  const others = group.filter((other) => other !== member);
  return others.length === 0 ? NOBODY : others;
}

function ackOf(entry: RoomEntry, clientId: string): AckMessage {
  const { seq, time } = entry;
  if (entry.kind === 'text') return { type: 'ack', clientId, id: entry.id, seq, time };
  const { id, originalName } = entry.file;
  return { type: 'ack', clientId, id, seq, time, originalName };
}
