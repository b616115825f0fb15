// 上线与下线的广播: 同一拍里的变化攒在一起; 认得 batch 的客户端一帧收完, 其余逐个收基础帧 (风暴里按配额, 会落后)
import { encode } from '../protocol/codec.js';
import type { PresenceMessage, PresenceSyncMessage } from '../protocol/messages.js';
import type { Fanout } from './fanout.js';
import type { Member } from './member.js';
import type { Bus, PresenceChange } from './ports.js';
import { type Change, PresenceBacklog } from './presence-backlog.js';
import { RateLimit } from './rate-limit.js';

const BASE_TOPIC = 'presence';
const BATCH_TOPIC = 'presence.batch';
// 攒到这么多个变化就不等这一拍结束
const MAX_PENDING = 1000;
// 一帧 sync 里来的与走的各至多这么多人: 寻常的名字约 10 KB, 装得进 uWS 合写的缓冲 (见 fanout.ts)
const NAMES_PER_FRAME = 200;
// 人多时一拍拉长到送一遍的这么多倍, 至多这么久 (毫秒): 进出的风暴至多占事件循环的一成
const TICK_FACTOR = 10;
const LONGEST_TICK_MS = 1000;
// 为说话的人提前播完一拍, 每秒至多这么多次: 一加入就说话的风暴里, 每个客户端每秒的帧数仍有界
const EARLY_FLUSHES_PER_SECOND = 20;

export interface PresenceOptions {
  readonly bus: Bus;
  readonly fanout: Fanout;
  readonly presenceTickMs: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  readonly online: () => number;
}

export class Presence {
  readonly #options: PresenceOptions;
  /** 等着合成一帧 sync 的 */
  #pending: Change[] = [];
  /** 等着逐个播给基础客户端的 */
  readonly #backlog: PresenceBacklog;
  #baseMembers = 0;
  /** pending 里出现的名字: 每条消息都要问一次, 不能逐个比 */
  readonly #names = new Set<string>();
  /** 加入已交给总线, 还没有回来的: 名字 -> 新人 */
  readonly #arriving = new Map<string, Member>();
  /** 等着订阅的新人 -> 它最近的一次加入; 中途离开又加入的, 只认最后一次 */
  readonly #awaiting = new Map<Member, Change>();
  readonly #early: RateLimit;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#backlog = new PresenceBacklog(options.now());
    this.#early = new RateLimit(EARLY_FLUSHES_PER_SECOND);
  }

  joined(name: string, newcomer: Member): void {
    if (!newcomer.batch) this.#baseMembers += 1;
    this.#arriving.set(name, newcomer);
    this.#options.bus.presence({ action: 'join', name });
  }

  left(name: string): void {
    this.#options.bus.presence({ action: 'leave', name });
  }

  /** 总线送来的一个变化 */
  changed({ action, name }: PresenceChange): void {
    const newcomer = action === 'join' ? this.#arriving.get(name) : undefined;
    const change: Change = { action, name, newcomer };
    if (newcomer !== undefined) {
      this.#arriving.delete(name);
      this.#awaiting.set(newcomer, change);
    }
    this.#pending.push(change);
    this.#names.add(name);
    if (this.#baseMembers > 0) this.#backlog.push(change);
    // 上限: 风暴里不等这一拍结束, 攒够就播
    if (this.#pending.length >= MAX_PENDING) this.flush();
    else this.#schedule();
  }

  /** 第二个窗口: 人已在线, 没有变化可播。排在已有的变化之后, 否则它会再听一遍刚列给它的人 */
  subscribe(member: Member): void {
    if (!member.batch) this.#baseMembers += 1;
    this.flush();
    const change: Change = { action: 'enter', name: '', newcomer: member };
    this.#awaiting.set(member, change);
    if (member.batch || this.#backlog.size === 0) this.#admit(change);
    else this.#backlog.push(change);
  }

  unsubscribe(member: Member): void {
    if (!member.batch) this.#baseMembers -= 1;
    this.#awaiting.delete(member);
    member.connection.unsubscribe(BASE_TOPIC);
    member.connection.unsubscribe(BATCH_TOPIC);
  }

  /** 某人的消息即将广播: 若他的 join 还在等, 先播出去, 免得先闻其声 (风暴里不保证) */
  flushFor(name: string): void {
    if (this.#names.has(name) && this.#early.take(this.#options.now())) this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changes = this.#pending;
    this.#pending = [];
    this.#names.clear();
    // batch 的新人也要听到自己, 所以先订阅再播
    for (const change of changes) if (change.newcomer?.batch) this.#admit(change);
    this.#publishBatch(changes);
    for (const change of this.#backlog.take(this.#options.now(), this.#baseMembers)) {
      this.#publishBase(change);
    }
    if (this.#backlog.size > 0) this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { fanout, presenceTickMs } = this.#options;
    const patienceMs = Math.min(fanout.flushMs * TICK_FACTOR, LONGEST_TICK_MS);
    this.#timer ??= setTimeout(() => this.flush(), Math.max(presenceTickMs, patienceMs));
  }

  #publishBase(change: Change): void {
    const { action, name } = change;
    if (change.newcomer?.batch === false) this.#admit(change);
    if (action === 'enter') return;
    this.#options.fanout.publish(BASE_TOPIC, encode({ type: 'user_update', action, name }));
  }

  // 等待期间已经断开或离开的新人不再订阅
  #admit(change: Change): void {
    const { newcomer } = change;
    if (newcomer === undefined) return;
    this.#options.fanout.inOrder(() => {
      if (this.#awaiting.get(newcomer) !== change) return;
      this.#awaiting.delete(newcomer);
      newcomer.connection.subscribe(newcomer.batch ? BATCH_TOPIC : BASE_TOPIC);
    });
  }

  #publishBatch(changes: readonly Change[]): void {
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
    for (const message of batchMessages(joined, left, this.#options.online())) {
      this.#options.fanout.publish(BATCH_TOPIC, encode(message));
    }
  }
}

// 只有一个变化的, 基础帧更短; 名字多的分成几帧
function batchMessages(
  joined: readonly string[],
  left: readonly string[],
  online: number,
): (PresenceMessage | PresenceSyncMessage)[] {
  const [name, second] = [...joined, ...left];
  if (name === undefined) return [];
  if (second === undefined) {
    return [{ type: 'user_update', action: joined.length > 0 ? 'join' : 'leave', name }];
  }
  const frames = Math.max(joined.length, left.length) / NAMES_PER_FRAME;
  return Array.from({ length: Math.ceil(frames) }, (_, index) => {
    const slice = (names: readonly string[]): readonly string[] =>
      names.slice(index * NAMES_PER_FRAME, (index + 1) * NAMES_PER_FRAME);
    return { type: 'user_update', action: 'sync', joined: slice(joined), left: slice(left), online };
  });
}
