// 房间: 谁在里面, 说了什么, 补发什么。一条消息只编码一次 (文件消息: 每个来源一次), 其余交给扇出
import { v7 as uuidv7 } from 'uuid';
import { encode, toBroadcast } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import {
  DEFAULT_HISTORY_LIMIT,
  type FileEntry,
  type FileRecord,
  type Limits,
  MAX_LISTED_USERS,
  type MessagesBody,
  type Person,
  type RoomEntry,
  type SearchMessage,
  type Sender,
  type TextEntry,
  type WelcomeMessage,
} from '../protocol/messages.js';
import { type DailyShare, textCost } from '../quota/daily-share.js';
import type { Archive, Reader } from './archive.js';
import type { Fanout, TextTopic } from './fanout.js';
import { limitsWithin } from './frame-limits.js';
import type { HistoryRange } from './history-page.js';
import type { Member } from './member.js';
import type { OfferBoard } from './offer-board.js';
import { Origins } from './origins.js';
import type { Answer, Appended, Bus, MessageLog, Provenance, SentBy } from './ports.js';
import type { Presence } from './presence.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import type { Speaker, TextPace } from './text-pace.js';

// 加入时按 after 补发的条数上限; 另受一页的字节上限约束, 没给完的由 more 说明
const CATCH_UP_LIMIT = 1000;

export interface RoomOptions {
  readonly bus: Bus;
  readonly fanout: Fanout;
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly log: MessageLog;
  readonly archive: Archive;
  readonly pace: TextPace;
  readonly daily: DailyShare;
  readonly offers: OfferBoard;
  readonly limits: Limits;
  /** 随 welcome 告知的可选能力 */
  readonly features: readonly string[];
  /** Unix 毫秒 */
  readonly now: () => number;
}

export interface JoinRequest {
  readonly name: string;
  readonly session?: string;
  readonly after?: number;
  readonly features?: readonly string[];
}

export class Room {
  readonly #options: RoomOptions;
  readonly #origins = new Origins('file');
  /** 声明了 people 的另成一组: 多一个 from */
  readonly #signed = new Origins('file.people');

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /**
   * 加入房间; welcome 先于其他一切送达。已加入的连接再次 join 只得到新的 welcome。
   * 返回时已加入; 补发的历史要读盘时, 兑现于送出之后。错误: name_invalid, name_taken, server_busy
   */
  join(member: Member, request: JoinRequest): Promise<void> | undefined {
    const { sessions, presence, offers } = this.#options;
    if (member.session !== undefined) {
      this.#welcome(member, member.session);
      return undefined;
    }
    const session = sessions.claim(request, member);
    // 每次加入重新声明: 离开前声明过的不算
    member.batch = request.features?.includes('batch') ?? false;
    member.batchText = request.features?.includes('batch_text') ?? false;
    member.people = request.features?.includes('people') ?? false;
    member.offer = request.features?.includes('offer') ?? false;
    const { replaced, cameOnline } = sessions.attach(session, member);
    this.#welcome(member, session);
    this.#enter(member);
    offers.enter(member);
    const introduced = this.#introduce(member, request, cameOnline)?.then(() => offers.list(member));
    if (introduced === undefined) offers.list(member);
    if (cameOnline) presence.joined(session.name, member);
    else presence.subscribe(member);
    // 被替换的最后才断: 它的离开不能让用户短暂下线
    replaced?.cut('replaced');
    return introduced;
  }

  /** 离开房间 (自己说了 leave, 或断开了); 该用户最后一条聊天连接离开时广播 leave */
  leave(member: Member, how: 'left' | 'dropped'): void {
    const session = member.session;
    if (session === undefined) return;
    const { sessions, presence, offers, fanout } = this.#options;
    if (member.kind === 'chat') {
      fanout.memberLeft(textTopic(member));
      member.connection.unsubscribe(textTopic(member));
      member.connection.unsubscribe(this.#originsOf(member).exit(member.origin));
      offers.exit(member);
      presence.unsubscribe(member);
    }
    if (sessions.detach(member, how)) presence.left(session.name);
  }

  /** 广播一行文字。错误: text_too_long, invalid_field, rate_limited, 日志的 storage_full 与 server_busy (都没有广播) */
  text(speaker: Speaker & Sender, message: string, sentBy?: SentBy): Appended<TextEntry> {
    const { limits, bus, fanout, pace, daily, presence, now } = this.#options;
    const { name, from } = speaker;
    // 按 UTF-8 字节计: 汉字占 3 字节, 字符数会低估
    const bytes = Buffer.byteLength(message);
    if (bytes > limits.textBytes) {
      throw new AppError('text_too_long', { facts: { limit: limits.textBytes } });
    }
    if (message.length === 0) {
      throw new AppError('invalid_field', { detail: 'message 为空', facts: { field: 'message' } });
    }
    fanout.requireRoom();
    const cost = textCost(bytes);
    daily.require(speaker.visitor, cost);
    pace.admit(speaker, bytes);
    presence.flushFor(name);
    const said = { id: uuidv7(), time: now(), name, from, message: wellFormed(message) };
    const draft = { kind: 'text', ...said } as const;
    const appended = bus.text(draft, { sentBy, address: speaker.visitor.address });
    daily.count(speaker.visitor, cost);
    const published = fanout.published();
    if (published !== undefined) void published.then(pace.waiting(speaker, bytes));
    return afterBroadcast(appended, published);
  }

  /** 广播一个已发布的文件。错误同 text, 但不因广播来不及送出而拒绝: 文件已经收下了 */
  announce(file: FileRecord, provenance?: Provenance, time = this.#options.now()): Appended<FileEntry> {
    const { bus, presence } = this.#options;
    presence.flushFor(file.name);
    const appended = bus.file({ time, file }, provenance);
    return afterBroadcast(appended, this.#options.fanout.published());
  }

  /** 总线送来的一条记录: 文字编码一次, 文件每个来源编码一次 (链接各自可打开) */
  deliver(entry: RoomEntry): void {
    const { fanout } = this.#options;
    if (entry.kind === 'text') {
      fanout.text(encode(toBroadcast(entry, { origin: '', people: false })), entry.from);
      return;
    }
    for (const people of [false, true]) {
      for (const [origin, topic] of this.#originsOf({ people }).topics()) {
        fanout.publish(topic, encode(toBroadcast(entry, { origin, people })));
      }
    }
  }

  #originsOf({ people }: { readonly people: boolean }): Origins {
    return people ? this.#signed : this.#origins;
  }

  /** 这个人以这个 clientId 发过的那一条; 会话不知道他从前发过什么的, 先问一次全部 */
  async findEarlier(session: Session, sentBy: SentBy): Promise<RoomEntry | undefined> {
    const { log } = this.#options;
    await session.recall((sender) => log.sentIds(sender));
    return session.mayHaveSent(sentBy.clientId) ? log.findSent(sentBy) : undefined;
  }

  /** 一页历史; ref 原样返回, 同时要几页的客户端据此对号。尾部答得出时同步送出 */
  history(member: Member, request: HistoryRange & { readonly ref?: string }): Promise<void> | undefined {
    const { kind, ref } = request;
    const reply = ({ messages, more, total }: MessagesBody): void =>
      member.send({
        type: 'history',
        messages,
        more,
        ...(kind === undefined ? {} : { kind }),
        ...(total === undefined ? {} : { total }),
        ...(ref === undefined ? {} : { ref }),
      });
    return deliver(this.#options.archive.page(request, readerOf(member)), reply);
  }

  async search(member: Member, message: SearchMessage): Promise<void> {
    const found = await this.#options.archive.search(message, readerOf(member));
    member.send({ type: 'search', ...found, ...(message.ref === undefined ? {} : { ref: message.ref }) });
  }

  // 还在等着送出的都在 welcome.seq 之内, 由补发的历史给出: 排在它们之后才订阅, 才不重不漏
  #enter(member: Member): void {
    const { fanout } = this.#options;
    fanout.memberEntered(textTopic(member));
    const fileTopic = this.#originsOf(member).enter(member.origin);
    member.visits += 1;
    const visit = member.visits;
    fanout.inOrder(() => {
      // 等的时候已经离开, 断开, 或离开又回来 (那一次另排着)
      if (member.session === undefined || member.visits !== visit) return;
      member.connection.subscribe(textTopic(member));
      member.connection.subscribe(fileTopic);
    });
  }

  #welcome(member: Member, session: Session): void {
    const { sessions, bus, limits, features } = this.#options;
    const welcome: WelcomeMessage = {
      type: 'welcome',
      name: session.name,
      session: session.token,
      users: sessions.onlineNames(MAX_LISTED_USERS),
      online: sessions.onlineCount,
      epoch: bus.epoch,
      seq: bus.seq,
      limits: limitsWithin(limits, Math.min(limits.frameBytes, member.connection.frameBytes)),
      features,
      ...(member.people ? { person: personOf(session) } : {}),
      ...(session.lastClose === undefined ? {} : { lastClose: session.lastClose }),
    };
    session.lastClose = undefined;
    member.send(welcome);
  }

  // 基础客户端靠逐个 join 填满名单; 声明过能力的客户端看 welcome, 并得到一页历史
  #introduce(
    member: Member,
    { after, features }: JoinRequest,
    cameOnline: boolean,
  ): Promise<void> | undefined {
    const { sessions } = this.#options;
    if (features !== undefined) {
      const latest = { limit: DEFAULT_HISTORY_LIMIT };
      return this.history(member, after === undefined ? latest : { after, limit: CATCH_UP_LIMIT });
    }
    const self = member.session?.name;
    // 刚上线的人稍后从广播里听到自己
    const names = sessions.onlineNames(MAX_LISTED_USERS).filter((name) => !(cameOnline && name === self));
    member.sendAll(names.map((name) => ({ type: 'user_update', action: 'join', name })));
    return after === undefined ? undefined : this.#replay(member, after);
  }

  // 没有声明能力而给了 after: 逐条补发, 与广播同形
  #replay(member: Member, after: number): Promise<void> | undefined {
    const page = this.#options.archive.page({ after, limit: CATCH_UP_LIMIT }, readerOf(member));
    return deliver(page, ({ messages }) => member.sendAll(messages));
  }
}

// 应答在广播之后: 发送者先看到自己的消息
function afterBroadcast<E extends RoomEntry>(
  { entry, durable }: Appended<E>,
  published: Promise<void> | undefined,
): Appended<E> {
  return { entry, durable: published === undefined ? durable : durable.then(() => published) };
}

// 此刻的样子: 等着的时候他也许已经离开
function readerOf(member: Member): Reader {
  const { visitor, origin, people, sessionKey } = member;
  return {
    ...{ visitor, origin, people, person: sessionKey, isGuest: false },
    get gone() {
      return member.gone;
    },
  };
}

function textTopic({ batchText, people }: Member): TextTopic {
  if (people) return batchText ? 'text.batch.people' : 'text.people';
  return batchText ? 'text.batch' : 'text';
}

function personOf({ from: id, name }: Session): Person {
  return { id, name, role: 'guest', kind: 'guest' };
}

// 已经有的同步送出: 排在加入之后的一切广播之前
function deliver<T>(answer: Answer<T>, send: (value: T) => void): Promise<void> | undefined {
  if (answer instanceof Promise) return answer.then(send);
  send(answer);
  return undefined;
}

// 孤立代理项换成 U+FFFD: 否则有的客户端 (Python) 存盘或显示时会出错
function wellFormed(message: string): string {
  return message.replace(/\p{Cs}/gu, '\uFFFD');
}
