// WebSocket 的边缘: 升级时的准入, 回调 -> Dispatcher, 各种期限与预算
import type { HttpRequest, HttpResponse, us_socket_context_t, WebSocketBehavior } from 'uWebSockets.js';
import type { Dispatcher } from '../chat/handlers.js';
import { Member } from '../chat/member.js';
import type { FileDoor, Tickets } from '../chat/ports.js';
import { RateLimit } from '../chat/rate-limit.js';
import type { Room } from '../chat/room.js';
import type { Sessions } from '../chat/sessions.js';
import { AppError, type CloseName } from '../protocol/errors.js';
import type { AddressQuota } from '../quota/ports.js';
import { Admission } from './admission.js';
import { type Socket, type SocketData, WsConnection } from './connection.js';
import type { Doors, Handler } from './doors.js';
import { FRAME_SLACK_BYTES, type FrameClass, frameClasses } from './frame-class.js';
import { Exchange, refuseAndClose } from './http.js';
import { MemoryWatch } from './memory-watch.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { ReceiveBudget } from './receive-budget.js';
import { Upkeep } from './upkeep.js';
import { handshakeAnswer, requireHandshake, wantsWebSocket } from './ws-handshake.js';

export interface WsOptions {
  readonly maxConnections: number;
  readonly maxOrigins: number;
  readonly joinTimeoutMs: number;
  readonly idleTimeoutS: number;
  readonly slowConsumerBytes: number;
  readonly receiveBudgetBytes: number;
  readonly messagesPerSecond: number;
  readonly frameBytes: number;
  /** 常驻内存的水位, 字节 */
  readonly memoryBytes: number;
}

export interface WsParts {
  readonly room: Room;
  readonly sessions: Sessions;
  readonly dispatcher: Dispatcher;
  readonly files: FileDoor;
  readonly tickets: Tickets;
  readonly origins: OriginRules;
  readonly patrol: Patrol;
  readonly peers: Peers;
  readonly quota: AddressQuota;
  readonly stopping: () => boolean;
  readonly reportInternal: (error: unknown) => string;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  /** 进程的常驻内存, 字节 */
  readonly rssBytes: () => number;
  /** 一条连接因为 uWS 的上限被切断: 记进日志 */
  readonly cutByTransport: (address: string, reason: string) => void;
}

// uWS 的硬上限取软预算的四倍: 检查的间隙里还装得下突发, 关闭帧也发得出去
const HARD_BACKPRESSURE_FACTOR = 4;
// uWS 切断过大的帧时给 close 回调的话 (实测); 对方只看到 1006
const TOO_BIG = 'Received too big message';
// 聊天连接的地址
const CHAT_PATHS: ReadonlySet<string> = new Set(['/', '/ws']);
// 客户端在网址里说它只发小帧: 聊天连接不必占整帧的名额
const SMALL_FRAMES = 'small';

export class WsEdge {
  readonly #options: WsOptions;
  readonly #parts: WsParts;
  readonly #members = new Map<WsConnection, Member>();
  readonly #admission: Admission;
  readonly #budget: ReceiveBudget;
  readonly #upkeep: Upkeep;
  #socketClosed: () => void = () => {};

  constructor(options: WsOptions, parts: WsParts) {
    this.#options = options;
    this.#parts = parts;
    const memory = new MemoryWatch({ memoryBytes: options.memoryBytes, rssBytes: parts.rssBytes });
    this.#upkeep = new Upkeep(options, { members: this.#members, memory, now: parts.now });
    this.#admission = new Admission(options, {
      ...parts,
      isFull: () => memory.isFull,
      makeRoomForHost: () => this.#makeRoomForHost(),
    });
    this.#budget = new ReceiveBudget(options.receiveBudgetBytes, (connection) => {
      this.#members.get(connection)?.cut('release_memory');
    });
  }

  /** socketClosed: 一条升级过的连接断开了, 每条调用一次 */
  mount(doors: Doors, socketClosed: () => void): void {
    this.#socketClosed = socketClosed;
    const { large, small, transfer } = frameClasses(this.#options.frameBytes);
    const malformed: Handler = (res, req) => this.#malformed(res, req);
    const chat = this.#behavior(large, (res, req) => this.#wantsSmall(res, req, large));
    doors
      .ws('/', chat)
      // 同一地址也是网页: 不要求升级的交给它
      .get('/', malformed, (req) => wantsWebSocket((name) => req.getHeader(name)))
      .ws('/ws', chat)
      .get('/ws', malformed)
      .ws(
        '/ws/transfer',
        this.#behavior(transfer, () => false),
      )
      .get('/ws/transfer', malformed)
      // uWS 的单帧上限属于路由: 同样的两个地址, 由通配的一条接住让下来的
      .ws(
        '/*',
        this.#behavior(small, (_res, req) => !CHAT_PATHS.has(req.getUrl())),
      );
  }

  /** 以同一个原因断开所有连接; 返回断开了几条 */
  closeAll(name: CloseName): number {
    const members = [...this.#members.values()];
    for (const member of members) member.cut(name);
    return members.length;
  }

  /** 又广播了这么多字节 */
  published(bytes: number): void {
    this.#upkeep.published(bytes);
  }

  stop(): void {
    this.#upkeep.stop();
  }

  // yields: 让给后面的路由
  #behavior(
    frames: FrameClass,
    yields: (res: HttpResponse, req: HttpRequest) => boolean,
  ): WebSocketBehavior<SocketData> {
    const { idleTimeoutS, slowConsumerBytes } = this.#options;
    return {
      maxPayloadLength: frames.frameBytes + FRAME_SLACK_BYTES,
      idleTimeout: idleTimeoutS,
      maxBackpressure: slowConsumerBytes * HARD_BACKPRESSURE_FACTOR,
      sendPingsAutomatically: true,
      // 压缩会对每个订阅者各做一遍 (platform.md), 关闭
      compression: 0,
      upgrade: (res, req, context) => {
        if (yields(res, req)) req.setYield(true);
        else this.#upgrade(frames, res, req, context);
      },
      open: (socket) => this.#open(frames, socket),
      message: (socket, data, isBinary) => this.#message(socket, data, isBinary),
      // 巡查来不及时的后盾: 缺了一条的连接不能再往下送, 否则对方不知道自己漏了。此时 4008 也塞不进去
      closeOnBackpressureLimit: 1,
      // 只记下原因: 在这个回调里断开会让进程崩溃 (实测段错误)
      dropped: (socket) => {
        socket.getUserData().connection.overflowed = true;
      },
      ping: (socket) => this.#ping(socket),
      close: (socket, _code, message) => this.#close(socket, Buffer.from(message).toString('latin1')),
    };
  }

  // 说了只发小帧的, 与这个地址的整帧名额用完之后来的; 小帧的聊天照旧, 大文件走分片
  #wantsSmall(res: HttpResponse, req: HttpRequest, large: FrameClass): boolean {
    return req.getQuery('frames') === SMALL_FRAMES || !this.#admission.fits(res, req, large);
  }

  #upgrade(frames: FrameClass, res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const header = (name: string): string => req.getHeader(name);
    try {
      // 名额在此占下: upgrade 之内同步进入 open, 两者之间不会断开
      const admitted = this.#admission.admit(res, req, frames);
      const joinDeadlineMs = this.#parts.now() + this.#options.joinTimeoutMs;
      res.upgrade<SocketData>(
        {
          connection: new WsConnection(admitted, {
            frameBytes: frames.frameBytes,
            joinDeadlineMs,
            pressed: this.#upkeep.pressed,
          }),
          visitor: admitted.visitor,
          // 名额都占下了才用掉票: 因为忙被拒的, 还可以拿着它再来
          token: frames.kind === 'transfer' ? this.#transferToken(req) : undefined,
        },
        header('sec-websocket-key'),
        header('sec-websocket-protocol'),
        header('sec-websocket-extensions'),
        context,
      );
    } catch (error) {
      this.#decline(res, req, error);
    }
  }

  // 会话令牌; 票不对的是 '', 同令牌无效一样, 连上之后以 4001 说明
  #transferToken(req: HttpRequest): string {
    const ticket = req.getQuery('ticket');
    if (ticket === undefined) return req.getQuery('session') ?? '';
    return this.#parts.tickets.redeem(ticket) ?? '';
  }

  // 没有 24 个字符的密钥, uWS 不当作升级
  #malformed(res: HttpResponse, req: HttpRequest): void {
    try {
      requireHandshake((name) => req.getHeader(name));
      throw new AppError('upgrade_required');
    } catch (error) {
      this.#decline(res, req, error);
    }
  }

  // 被拒的升级也是一次请求: 又多又快的, 应答之后断开
  #decline(res: HttpResponse, req: HttpRequest, error: unknown): void {
    const { patrol, peers, quota, reportInternal } = this.#parts;
    try {
      quota.spend(peers.of(res, req), 'requests');
    } catch (tooFast) {
      refuseAndClose(res, tooFast, reportInternal, false);
      return;
    }
    new Exchange(res, patrol).fail(error, reportInternal, handshakeAnswer(error));
  }

  #open({ kind }: FrameClass, socket: Socket): void {
    const { connection, visitor, token } = socket.getUserData();
    const { sessions } = this.#parts;
    connection.attach(socket);
    const member = new Member(connection, kind, visitor, new RateLimit(this.#options.messagesPerSecond));
    this.#members.set(connection, member);
    if (kind === 'chat') return;
    const session = sessions.find(token ?? '');
    // 浏览器看不到升级失败的状态码, 所以先升级再以 4001 说明
    if (session === undefined) member.cut('unauthorized');
    else sessions.attach(session, member).replaced?.cut('replaced');
  }

  #message(socket: Socket, data: ArrayBuffer, isBinary: boolean): void {
    const { connection } = socket.getUserData();
    const member = this.#members.get(connection);
    if (member === undefined) return;
    const frameBytes = data.byteLength;
    // Buffer 视图 (不拷贝): 它的 indexOf 走 memchr, 比 Uint8Array 的快一个数量级
    this.#parts.dispatcher.receive(member, Buffer.from(data), isBinary);
    // 处理之后还在线才记账: 已断开的缓冲也已归还
    if (this.#members.has(connection)) this.#budget.record(connection, frameBytes);
  }

  // uWS 已自动回了 pong; 这里只让它占消息配额, 否则 ping 洪水不受限
  #ping(socket: Socket): void {
    const member = this.#members.get(socket.getUserData().connection);
    if (member !== undefined) this.#parts.dispatcher.ping(member);
  }

  #close(socket: Socket, reason: string): void {
    const { connection, visitor } = socket.getUserData();
    const member = this.#members.get(connection);
    if (member === undefined) return;
    if (connection.overflowed) member.blame('slow_consumer');
    if (reason === TOO_BIG) {
      member.blame('frame_too_large');
      this.#parts.cutByTransport(visitor.address, reason);
    }
    connection.release();
    this.#members.delete(connection);
    this.#upkeep.forget(connection);
    this.#budget.forget(connection);
    this.#admission.leave({ visitor, origin: connection.origin, held: connection.held });
    this.#socketClosed();
    this.#parts.room.leave(member, 'dropped');
    member.become('closing');
    this.#parts.files.detach(member);
  }

  // 只有没加入的人用着的来源: 他们还没有收到任何链接
  #makeRoomForHost(): boolean {
    const waiting = new Map<string, Member[]>();
    for (const member of this.#members.values()) {
      if (member.session !== undefined) continue;
      const group = waiting.get(member.origin);
      if (group === undefined) waiting.set(member.origin, [member]);
      else group.push(member);
    }
    for (const [origin, members] of waiting) {
      if (this.#admission.usersOf(origin) > members.length) continue;
      for (const member of members) member.cut('release_memory');
      return true;
    }
    return false;
  }
}
