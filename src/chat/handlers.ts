// 每种客户端消息一个处理函数; 映射类型保证漏写一种就编译不过
import { decodeFrame, errorMessage } from '../protocol/codec.js';
import { AppError } from '../protocol/errors.js';
import type { ClientMessage, RoomEntry, Sender } from '../protocol/messages.js';
import { renamedFrom } from '../protocol/renamed-from.js';
import type { AddressQuota } from '../quota/ports.js';
import type { Member } from './member.js';
import type { FileDoor, SentBy, Tickets } from './ports.js';
import type { Room } from './room.js';
import type { Session } from './session.js';
import type { Speaker } from './text-pace.js';

type Handler<T extends ClientMessage['type']> = (
  member: Member,
  message: Extract<ClientMessage, { type: T }>,
) => void | Promise<void>;
type Handlers = { readonly [T in ClientMessage['type']]: Handler<T> };

export interface DispatcherOptions {
  readonly room: Room;
  readonly files: FileDoor;
  readonly quota: AddressQuota;
  readonly tickets: Tickets;
  /** 被拒的比被接受的多出这么多条时以 4010 断开 */
  readonly floodStrikes: number;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  /** 停机期间为 true: 不再接受新的消息与上传 */
  readonly stopping: () => boolean;
  /** 记录一个意外错误, 返回可报给用户的编号 */
  readonly reportInternal: (error: unknown) => string;
}

// 传输连接只搬文件字节, 没有聊天
const TRANSFER_TYPES: ReadonlySet<ClientMessage['type']> = new Set([
  'file_start',
  'file_resume',
  'file_chunk',
  'file_end',
  'file_pause',
  'file_cancel',
  'file_hash',
  'file_proof',
]);

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #handlers: Handlers;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#handlers = buildHandlers(options);
  }

  /** 处理一帧; 从不抛错: 一切失败都变成发给该成员的 error 消息 */
  receive(member: Member, frame: Uint8Array, isBinary: boolean): void {
    if (member.state === 'closing') return;
    if (frame.byteLength > member.connection.frameBytes) {
      this.#refuseFrame(member);
      return;
    }
    let message: ClientMessage | undefined;
    try {
      message = decodeFrame(frame, isBinary);
      this.#admit(member, message);
      const running = this.#run(member, message);
      running?.catch((error: unknown) => this.#fail(member, message, error));
    } catch (error) {
      this.#fail(member, message, error);
    }
  }

  /** 一个 ping 控制帧: 与消息共用配额, 超出的只记一次违规, 不应答 */
  ping(member: Member): void {
    if (member.state === 'closing' || member.rateLimit.take(this.#options.now())) return;
    this.#strike(member);
  }

  // 应用上限低于传输上限: 还来得及说明原因, 再以 1009 结束
  #refuseFrame(member: Member): void {
    const limit = member.connection.frameBytes;
    member.send(errorMessage(new AppError('frame_too_large', { facts: { limit } })));
    member.cut('frame_too_large');
  }

  #run(member: Member, message: ClientMessage): Promise<void> | undefined {
    // 表的键与消息类型一一对应, 但编译器不能把两者关联起来, 故在此收窄一次
    const handler = this.#handlers[message.type] as Handler<ClientMessage['type']>;
    return handler(member, message as never) ?? undefined;
  }

  // 分片由窗口限流, 不占消息配额; 其余每条一个令牌, 会话的与地址的各一个
  #admit(member: Member, message: ClientMessage): void {
    if (this.#options.stopping()) throw new AppError('server_stopping').withRef(referenceOf(message));
    if (member.kind === 'transfer' && !TRANSFER_TYPES.has(message.type)) {
      throw new AppError('unknown_type', { detail: `传输连接不接受 ${message.type}` });
    }
    if (message.type === 'file_chunk') return;
    if (!member.rateLimit.take(this.#options.now())) {
      throw tooFast(member).withRef(referenceOf(message));
    }
    // 换连接, 换会话也不重来
    this.#options.quota.spend(member.visitor, 'messages');
    // 逐条抵消而不是归零: 持续超速者总有几条被接受, 归零就永远断不开他
    member.strikes = Math.max(0, member.strikes - 1);
  }

  #fail(member: Member, message: ClientMessage | undefined, error: unknown): void {
    const known = this.#translate(error).withRef(referenceOf(message));
    member.send(errorMessage(known));
    if (this.#isStrike(member, message, known)) this.#strike(member);
  }

  #translate(error: unknown): AppError {
    if (error instanceof AppError) {
      // 磁盘引起的: 客户端会再试, 管理员得知道
      if (error.cause !== undefined) this.#options.reportInternal(error);
      return error;
    }
    const errorId = this.#options.reportInternal(error);
    return new AppError('internal', { detail: errorId, facts: { errorId } });
  }

  // 坏帧没有经过配额, 在这里补收; 自己刚中止的上传还在路上的分片不算
  #isStrike(member: Member, message: ClientMessage | undefined, error: AppError): boolean {
    if (error.code === 'rate_limited') return true;
    if (message === undefined) return !member.rateLimit.take(this.#options.now());
    if (message.type !== 'file_chunk') return false;
    return !member.usedUpload(message.uploadId) && !member.rateLimit.take(this.#options.now());
  }

  #strike(member: Member): void {
    member.strikes += 1;
    if (member.strikes >= this.#options.floodStrikes) member.cut('flooding');
  }
}

function tooFast({ rateLimit }: Member): AppError {
  const { perSecond, intervalMs } = rateLimit;
  const facts = { setting: 'chat.messagesPerSecond', limit: perSecond, retryAfterMs: Math.ceil(intervalMs) };
  return new AppError('rate_limited', { facts });
}

function referenceOf(message: ClientMessage | undefined): string | undefined {
  if (message === undefined) return undefined;
  if ('ref' in message) return message.ref;
  if ('clientId' in message && message.clientId !== undefined) return message.clientId;
  return 'uploadId' in message ? message.uploadId : undefined;
}

function buildHandlers({ room, files, tickets }: DispatcherOptions): Handlers {
  return {
    user_update: (member, message) => {
      if (message.action === 'join') return room.join(member, message);
      room.leave(member, 'left');
      member.become('connecting');
      return undefined;
    },
    text: async (member, { name, message, clientId }) => {
      const session = joined(room, member, name);
      if (clientId === undefined) {
        room.text(speakerOf(session, member), message);
        return;
      }
      member.send(
        await session.once(clientId, (sentBy) => sendOnce(room, { session, member }, message, sentBy)),
      );
    },
    file: async (member, message) => {
      const session = joined(room, member, message.name);
      const { clientId, originalName } = message;
      if (clientId === undefined) {
        await files.receive(member, session.name, message);
        return;
      }
      // 是否发过由 files 问日志: filedata 只在本次回调里有效, 须先解码
      const receive = (sentBy: SentBy) => files.receive(member, session.name, message, sentBy);
      const ack = await session.once(clientId, receive);
      // 重发的也照这一帧里的名字说: 应答只记一份, 名字不必另记
      member.send({ ...ack, ...renamedFrom(originalName, ack.originalName ?? originalName) });
    },
    file_start: async (member, message) => {
      const session = joined(room, member, message.name);
      member.rememberUpload(await files.start(member, session.name, message));
    },
    file_resume: (member, message) => {
      joined(room, member, undefined);
      member.rememberUpload(message.uploadId);
      return files.resume(member, message);
    },
    file_chunk: (member, message) => files.chunk(member, message),
    file_end: (member, message) => files.end(member, message),
    file_pause: (member, message) => files.pause(member, message),
    file_cancel: (member, message) => {
      member.rememberUpload(message.uploadId);
      return files.cancel(member, message);
    },
    file_hash: (member, message) => files.identify(member, message),
    file_proof: (member, message) => files.prove(member, message),
    history: (member, message) => {
      joined(room, member, undefined);
      return room.history(member, message);
    },
    search: (member, message) => {
      joined(room, member, undefined);
      return room.search(member, message);
    },
    transfer_ticket: (member, { ref }) => {
      const { token } = joined(room, member, undefined);
      const asked = ref === undefined ? {} : { ref };
      member.send({ type: 'transfer_ticket', ...tickets.issue(token), ...asked });
    },
  };
}

// 可能发过的 (重启, 挤出) 先问日志; 一定没发过的同步广播, 不多等一步
async function sendOnce(
  room: Room,
  { session, member }: { readonly session: Session; readonly member: Member },
  message: string,
  sentBy: SentBy,
): Promise<RoomEntry> {
  const earlier = session.mayHaveSent(sentBy.clientId) ? await room.findEarlier(session, sentBy) : undefined;
  if (earlier !== undefined) return earlier;
  const { entry, durable } = room.text(speakerOf(session, member), message, sentBy);
  await durable;
  return entry;
}

function speakerOf(session: Session, { visitor }: Member): Speaker & Sender {
  return { name: session.name, from: session.from, person: session.token, visitor };
}

// 隐式加入: 没有 join 过的连接, 第一条 text 或 file 的 name 就是它的名字
function joined(room: Room, member: Member, name: string | undefined): Session {
  if (member.session === undefined) {
    if (name === undefined) throw new AppError('unauthorized', { detail: '请先 join' });
    // 没有 after: 不补发, 也就没有要等的
    void room.join(member, { name });
  }
  if (member.session === undefined) throw new AppError('unauthorized');
  return member.session;
}
