// 上线与下线的广播: 同一拍里的变化攒在一起; 认得 batch 的客户端一帧收完, 其余逐个收基础帧
import { encode } from '../protocol/codec.js';
import type { Member } from './member.js';
import type { Publisher } from './ports.js';

const BASE_TOPIC = 'presence';
const BATCH_TOPIC = 'presence.batch';
// 一帧 sync 最多的变化数; 名字至多 32 码点, 帧长因此有界
const MAX_PENDING = 1000;

interface Change {
  readonly action: 'join' | 'leave';
  readonly name: string;
  /** 刚加入的连接: 轮到它自己的 join 时才订阅, 因此不会重复听到加入时已列出的人 */
  readonly newcomer?: Member;
}

export class Presence {
  readonly #publisher: Publisher;
  readonly #online: () => number;
  readonly #tickMs: number;
  #pending: Change[] = [];
  /** pending 里出现的名字: 每条消息都要问一次, 不能逐个比 */
  readonly #names = new Set<string>();
  /** 等着订阅的新人 -> 它最近的一次 join; 中途离开又加入的, 只认最后一次 */
  readonly #awaiting = new Map<Member, Change>();
  #timer: NodeJS.Timeout | undefined;

  constructor(publisher: Publisher, online: () => number, tickMs: number) {
    this.#publisher = publisher;
    this.#online = online;
    this.#tickMs = tickMs;
  }

  joined(name: string, newcomer: Member): void {
    const change: Change = { action: 'join', name, newcomer };
    this.#awaiting.set(newcomer, change);
    this.#add(change);
  }

  left(name: string): void {
    this.#add({ action: 'leave', name });
  }

  /** 第二个窗口: 人已在线, 没有变化可播。先播完这一拍, 否则它会再听一遍刚列给它的人 */
  subscribe(member: Member): void {
    this.flush();
    this.#subscribe(member);
  }

  unsubscribe(member: Member): void {
    this.#awaiting.delete(member);
    member.connection.unsubscribe(BASE_TOPIC);
    member.connection.unsubscribe(BATCH_TOPIC);
  }

  /** 某人的消息即将广播: 若他的 join 还在等, 先播出去, 免得先闻其声 */
  flushFor(name: string): void {
    if (this.#names.has(name)) this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changes = this.#pending;
    if (changes.length === 0) return;
    this.#pending = [];
    this.#names.clear();
    // batch 的新人也要听到自己, 所以先订阅再播
    for (const change of changes) if (change.newcomer?.batch) this.#admit(change);
    this.#publishBatch(changes);
    for (const change of changes) this.#publishBase(change);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #add(change: Change): void {
    this.#pending.push(change);
    this.#names.add(change.name);
    // 上限: 风暴里不等这一拍结束, 攒够就播
    if (this.#pending.length >= MAX_PENDING) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#tickMs);
  }

  #publishBase(change: Change): void {
    const { action, name, newcomer } = change;
    if (newcomer?.batch === false) this.#admit(change);
    this.#publisher.publish(BASE_TOPIC, encode({ type: 'user_update', action, name }));
  }

  // 等待期间已经断开或离开的新人不再订阅
  #admit(change: Change): void {
    const { newcomer } = change;
    if (newcomer === undefined || this.#awaiting.get(newcomer) !== change) return;
    this.#awaiting.delete(newcomer);
    this.#subscribe(newcomer);
  }

  #subscribe(member: Member): void {
    member.connection.subscribe(member.batch ? BATCH_TOPIC : BASE_TOPIC);
  }

  #publishBatch(changes: readonly Change[]): void {
    const only = changes[0];
    if (changes.length === 1 && only !== undefined) {
      const { action, name } = only;
      this.#publisher.publish(BATCH_TOPIC, encode({ type: 'user_update', action, name }));
      return;
    }
    const first = new Map<string, Change['action']>();
    const last = new Map<string, Change['action']>();
    for (const { name, action } of changes) {
      if (!first.has(name)) first.set(name, action);
      last.set(name, action);
    }
    const names = [...last.keys()];
    // 走了又来的仍列入 joined (对集合是幂等的), 这样新人总能听到自己
    const joined = names.filter((name) => last.get(name) === 'join');
    // 同一拍里来了又走的人对旁观者等于没有变化
    const left = names.filter((name) => last.get(name) === 'leave' && first.get(name) === 'leave');
    if (joined.length + left.length === 0) return;
    const online = this.#online();
    this.#publisher.publish(
      BATCH_TOPIC,
      encode({ type: 'user_update', action: 'sync', joined, left, online }),
    );
  }
}
