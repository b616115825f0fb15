// 一个用户的会话: 令牌, 名字, 属于他的连接, 以及重发去重所需的应答记录
//   active (有聊天连接) --最后一条断开--> away (保留令牌, 名字可被别人取走)
//   away --凭令牌回来--> active;  away --超过保留期--> ended
import type { AckMessage, LastClose, RoomEntry } from '../protocol/messages.js';
import type { Member } from './member.js';
import type { SentBy } from './ports.js';
import type { RateLimit } from './rate-limit.js';

export type SessionState = 'active' | 'away' | 'ended';

export interface SessionIdentity {
  readonly token: string;
  /** 令牌的散列, 随消息保存 */
  readonly sender: string;
  readonly name: string;
  readonly restored: boolean;
}

export class Session {
  readonly token: string;
  readonly rateLimit: RateLimit;
  /** 按加入的先后排列; 超过每会话上限时最早的先被替换 */
  readonly chats = new Set<Member>();
  readonly transfers = new Set<Member>();
  name: string;
  state: SessionState = 'away';
  /** 最后一条聊天连接是被服务器切断的: 它的原因; 下一次 welcome 说一遍后清除 */
  lastClose: LastClose | undefined;
  /** 进入 away 的时刻 (单调毫秒); 清扫时据此过期 */
  awaySinceMs = 0;
  readonly #sender: string;
  readonly #acks = new Map<string, Promise<AckMessage>>();
  readonly #maxAcks: number;
  #mayHaveForgotten: boolean;

  /** restored: 令牌是重启或过期之前签发的, 那时的应答已不在内存里 */
  constructor(identity: SessionIdentity, rateLimit: RateLimit, maxAcks: number) {
    this.token = identity.token;
    this.#sender = identity.sender;
    this.#mayHaveForgotten = identity.restored;
    this.name = identity.name;
    this.rateLimit = rateLimit;
    this.#maxAcks = maxAcks;
  }

  /** 不在内存里的 clientId 也可能发过: 先问日志 */
  get mayHaveForgotten(): boolean {
    return this.#mayHaveForgotten;
  }

  get connectionCount(): number {
    return this.chats.size + this.transfers.size;
  }

  /**
   * 幂等: 同一个 clientId 只执行一次 run, 重发得到同一个应答。
   * 失败的不记, 客户端可以用同一个 clientId 再试。
   */
  once(clientId: string, run: (sentBy: SentBy) => Promise<RoomEntry>): Promise<AckMessage> {
    const known = this.#acks.get(clientId);
    if (known !== undefined) return known;
    const ack = run({ sender: this.#sender, clientId }).then((entry) => ackOf(entry, clientId));
    this.#acks.set(clientId, ack);
    ack.catch(() => {
      // 只删自己那一条: 它可能早被挤出, 位置上已是另一次尝试
      if (this.#acks.get(clientId) === ack) this.#acks.delete(clientId);
    });
    this.#forgetOldest();
    return ack;
  }

  // 只记最近若干个: Map 按插入次序迭代, 第一个就是最旧的。挤出之后, 更早的重发要问日志
  #forgetOldest(): void {
    if (this.#acks.size <= this.#maxAcks) return;
    const oldest = this.#acks.keys().next().value;
    if (oldest === undefined) return;
    this.#acks.delete(oldest);
    this.#mayHaveForgotten = true;
  }
}

function ackOf(entry: RoomEntry, clientId: string): AckMessage {
  const id = entry.kind === 'text' ? entry.id : entry.file.id;
  return { type: 'ack', clientId, id, seq: entry.seq, time: entry.time };
}
