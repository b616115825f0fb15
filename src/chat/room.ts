// 房间: 成员, seq 与扇出。一条消息只编码一次 (文件消息: 每个来源一次), 其余交给发布端
import { v7 as uuidv7 } from 'uuid';
import { encode, toBroadcast } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import {
  type AckMessage,
  DEFAULT_HISTORY_LIMIT,
  type FileEntry,
  type FileRecord,
  type Limits,
  MAX_HISTORY_LIMIT,
  MAX_LISTED_USERS,
  SERVER_FEATURES,
  type TextEntry,
  type WelcomeMessage,
} from '../protocol/messages.js';
import { type HistoryRange, readPage } from './history-page.js';
import type { Member } from './member.js';
import { Origins } from './origins.js';
import type { MessageLog, Publisher } from './ports.js';
import type { Presence } from './presence.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';

const TEXT_TOPIC = 'text';

export interface RoomOptions {
  readonly publisher: Publisher;
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly log: MessageLog;
  readonly limits: Limits;
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
  readonly #origins = new Origins();

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /**
   * 加入房间; welcome 先于其他一切送达。已加入的连接再次 join 只得到新的 welcome。
   * 错误: name_invalid, name_taken, server_busy
   */
  join(member: Member, request: JoinRequest): void {
    const { sessions, presence } = this.#options;
    if (member.session !== undefined) {
      this.#welcome(member, member.session);
      return;
    }
    const session = sessions.claim(request.name, request.session, member.ownLimit);
    // 每次加入重新声明: 离开前声明过的不算
    member.batch = request.features?.includes('batch') ?? false;
    const { replaced, cameOnline } = sessions.attach(session, member);
    this.#welcome(member, session);
    member.connection.subscribe(TEXT_TOPIC);
    member.connection.subscribe(this.#origins.enter(member.origin));
    this.#introduce(member, request, cameOnline);
    if (cameOnline) presence.joined(session.name, member);
    else presence.subscribe(member);
    // 被替换的最后才断: 它的离开不能让用户短暂下线
    replaced?.cut('replaced');
  }

  /** 离开房间; 该用户最后一条聊天连接离开时广播 leave */
  leave(member: Member): void {
    const session = member.session;
    if (session === undefined) return;
    const { sessions, presence } = this.#options;
    if (member.kind === 'chat') {
      member.connection.unsubscribe(TEXT_TOPIC);
      member.connection.unsubscribe(this.#origins.exit(member.origin));
      presence.unsubscribe(member);
    }
    if (sessions.detach(member)) presence.left(session.name);
  }

  /** 广播一行文字; 兑现值是持久之后的应答。错误: text_too_long, invalid_field */
  async text(name: string, message: string, clientId: string | undefined): Promise<AckMessage | undefined> {
    const { limits, log, presence, publisher, now } = this.#options;
    // 按 UTF-8 字节计: 汉字占 3 字节, 字符数会低估
    if (Buffer.byteLength(message) > limits.textBytes) {
      throw new AppError('text_too_long', { facts: { limit: limits.textBytes } });
    }
    if (message.length === 0) {
      throw new AppError('invalid_field', { detail: 'message 为空', facts: { field: 'message' } });
    }
    presence.flushFor(name);
    const draft = { kind: 'text', id: uuidv7(), time: now(), name, message: wellFormed(message) } as const;
    const { entry, durable } = log.appendText(draft);
    publisher.publish(TEXT_TOPIC, encode(toBroadcast(entry, '')));
    if (clientId === undefined) return undefined;
    await durable;
    return ackOf(entry, clientId);
  }

  /** 广播一个已发布的文件: 每个来源编码一次, 链接各自可打开 */
  announce(file: FileRecord): FileEntry {
    const { log, presence, publisher, now } = this.#options;
    presence.flushFor(file.name);
    const { entry } = log.appendFile({ time: now(), file });
    for (const [origin, topic] of this.#origins.topics()) {
      publisher.publish(topic, encode(toBroadcast(entry, origin)));
    }
    return entry;
  }

  /** 一页历史, 以收件人的来源编码; ref 原样返回, 同时要几页的客户端据此对号 */
  history(member: Member, request: HistoryRange & { readonly ref?: string }): void {
    const { entries, more } = readPage(this.#options.log, request);
    member.send({
      type: 'history',
      messages: entries.map((entry) => toBroadcast(entry, member.origin)),
      more,
      ...(request.kind === undefined ? {} : { kind: request.kind }),
      ...(request.ref === undefined ? {} : { ref: request.ref }),
    });
  }

  #welcome(member: Member, session: Session): void {
    const { sessions, log, limits } = this.#options;
    const welcome: WelcomeMessage = {
      type: 'welcome',
      name: session.name,
      session: session.token,
      users: sessions.onlineNames(MAX_LISTED_USERS),
      online: sessions.onlineCount,
      epoch: log.epoch,
      seq: log.seq,
      limits,
      features: SERVER_FEATURES,
      ...(session.lastClose === undefined ? {} : { lastClose: session.lastClose }),
    };
    session.lastClose = undefined;
    member.send(welcome);
  }

  // 基础客户端靠逐个 join 填满名单; 声明过能力的客户端看 welcome, 并得到一页历史
  #introduce(member: Member, { after, features }: JoinRequest, cameOnline: boolean): void {
    const { sessions, log } = this.#options;
    if (features !== undefined) {
      this.history(
        member,
        after === undefined ? { limit: DEFAULT_HISTORY_LIMIT } : { after, limit: MAX_HISTORY_LIMIT },
      );
      return;
    }
    const self = member.session?.name;
    for (const name of sessions.onlineNames(MAX_LISTED_USERS)) {
      // 刚上线的人稍后从广播里听到自己
      if (cameOnline && name === self) continue;
      member.send({ type: 'user_update', action: 'join', name });
    }
    if (after === undefined) return;
    for (const entry of readPage(log, { after, limit: MAX_HISTORY_LIMIT }).entries) {
      member.send(toBroadcast(entry, member.origin));
    }
  }
}

export function ackOf(entry: TextEntry | FileEntry, clientId: string): AckMessage {
  const id = entry.kind === 'text' ? entry.id : entry.file.id;
  return { type: 'ack', clientId, id, seq: entry.seq, time: entry.time };
}

// 孤立代理项换成 U+FFFD: 否则有的客户端 (Python) 存盘或显示时会出错
function wellFormed(message: string): string {
  return message.replace(/\p{Cs}/gu, '\uFFFD');
}
