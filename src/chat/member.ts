// 一条连接在聊天里的身份
//   connecting --join 或首条消息--> active --leave--> connecting
//       \------------ 断开 / 被切断 ------------/--> closing

import { encode } from '../protocol/codec.js';
import type { CloseName } from '../protocol/errors.js';
import { CLOSES } from '../protocol/errors.js';
import type { LastClose, ServerMessage } from '../protocol/messages.js';
import type { Visitor } from '../quota/ports.js';
import type { Connection, FileOwner } from './ports.js';
import type { RateLimit } from './rate-limit.js';
import type { Session } from './session.js';

export type MemberKind = 'chat' | 'transfer';
export type MemberState = 'connecting' | 'active' | 'closing';

// 记住最近用过的上传: 它们中止后仍在路上的分片不算攻击
const RECENT_UPLOADS = 16;

export class Member implements FileOwner {
  readonly connection: Connection;
  readonly kind: MemberKind;
  /** 从哪个地址来 */
  readonly visitor: Visitor;
  /** 加入之前的限速; 加入之后改用会话的。由它新建的会话也用它: 反复离开再加入得不到新的配额 */
  readonly ownLimit: RateLimit;
  /** 传过文件的才建 */
  #recentUploads: string[] | undefined;
  #state: MemberState = 'connecting';
  #session: Session | undefined;
  #lastClose: LastClose | undefined;
  /** 是否认得 user_update 的 sync 与 history */
  batch = false;
  /** 是否认得 batch 帧: 一拍里的几条文字一帧收完 */
  batchText = false;
  /** 是否要听正在上传的文件 (file_offer) */
  offer = false;
  /** 是否认得 from: 同一个名字换了人看得出 */
  people = false;
  /** 第几次加入: 排着队的订阅只认发起它的那一次 */
  visits = 0;
  /** 被拒的消息比被接受的多出几条; 不低于零 */
  strikes = 0;

  constructor(connection: Connection, kind: MemberKind, visitor: Visitor, limit: RateLimit) {
    this.connection = connection;
    this.kind = kind;
    this.visitor = visitor;
    this.ownLimit = limit;
  }

  get state(): MemberState {
    return this.#state;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  /** 服务器切断这条连接的原因; 对方自己断开的为 undefined */
  get lastClose(): LastClose | undefined {
    return this.#lastClose;
  }

  get origin(): string {
    return this.connection.origin;
  }

  get sessionKey(): string {
    return this.#session?.token ?? '';
  }

  get from(): string | undefined {
    return this.#session?.from;
  }

  get gone(): boolean {
    return this.#state === 'closing';
  }

  get rateLimit(): RateLimit {
    return this.#session?.rateLimit ?? this.ownLimit;
  }

  /** 唯一改变状态的方法; closing 是终态 */
  become(state: 'active', session: Session): void;
  become(state: 'connecting' | 'closing'): void;
  become(state: MemberState, session?: Session): void {
    if (this.#state === 'closing') return;
    this.#state = state;
    if (state === 'active') this.#session = session;
    if (state === 'connecting') this.#session = undefined;
  }

  send(message: ServerMessage): void {
    this.connection.send(encode(message));
  }

  /** 一串消息; 同 send, 但不一次塞满套接字 */
  sendAll(messages: readonly ServerMessage[]): void {
    this.connection.sendAll(messages.map(encode));
  }

  /** 服务器主动切断; 原因随后记进会话 (detach), 下次 welcome 的 lastClose 告诉用户 */
  cut(name: CloseName): void {
    this.blame(name);
    this.connection.close(name);
  }

  /** 记下断开的原因; 以最先的为准 */
  blame(name: CloseName): void {
    this.#lastClose ??= { code: CLOSES[name].code, reason: CLOSES[name].reason };
  }

  rememberUpload(uploadId: string): void {
    this.#recentUploads ??= [];
    this.#recentUploads.push(uploadId);
    if (this.#recentUploads.length > RECENT_UPLOADS) this.#recentUploads.shift();
  }

  usedUpload(uploadId: string): boolean {
    return this.#recentUploads?.includes(uploadId) === true;
  }
}
