// 聊天连接: 连上, 加入, 断了自己重连; 状态图见 model/connection.ts
import type { FileGroup } from '../../../src/protocol/file-kind.js';
import type { HistoryReply, SearchReply } from '../../../src/protocol/messages.js';
import type { CloseReason, ConnectionState } from '../model/connection.js';
import { retryDelayMs } from './backoff.js';
import { messagesIn, type SingleMessage } from './frame.js';
import type { Pace } from './pace.js';
import { Requests } from './requests.js';

export interface JoinRequest {
  readonly name: string;
  readonly session?: string;
  readonly after?: number;
}

export interface HistoryQuery {
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
  readonly kind?: 'file';
}

export interface SearchAsk {
  readonly query: string;
  readonly kind?: 'file';
  readonly group?: FileGroup;
  readonly before?: number;
  readonly limit: number;
}

export interface ChatEvents {
  /** 每次 (重新) 连上时问一次 */
  joinRequest(): JoinRequest;
  stateChanged(state: ConnectionState): void;
  /** 除自己要的历史与搜索之外的每一条; welcome 到来时状态已是 online */
  received(message: SingleMessage): void;
}

// 连上并加入的期限
const JOIN_TIMEOUT_MS = 15_000;
// 这么久没有收到任何帧, 就问一声; 再等 PROBE_MS 仍没有应答, 当作断线 (浏览器看不到 ping)
const QUIET_MS = 25_000;
const PROBE_MS = 10_000;
// 在线满这么久才算稳定, 退避从头开始
const STABLE_MS = 10_000;
// 刚在线就断的, 至多从这一级退避 (1 秒) 开始: 连续抖动时仍然很快回来
const SETTLED_ATTEMPT = 1;
// batch: 进出合成一帧; batch_text: 忙时几条消息一帧; offer: 正在上传的文件也要知道
const FEATURES = ['batch', 'batch_text', 'offer', 'people'];
const ABNORMAL: CloseReason = { code: 1006, reason: '' };

export class ChatConnection {
  readonly #url: string;
  readonly #events: ChatEvents;
  readonly #pace: Pace;
  readonly #requests = new Requests((query) => this.send(query));
  #state: ConnectionState = { phase: 'idle' };
  #socket: WebSocket | undefined;
  // 当前状态的期限: 加入的期限, 安静的期限或重连的时刻; 任何时候至多一个
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #onlineSince = 0;
  // 最近收到一帧的时刻
  #heardAt = 0;

  /** pace: 发出的每一帧都记在上面 */
  constructor(url: string, pace: Pace, events: ChatEvents) {
    this.#url = url;
    this.#pace = pace;
    this.#events = events;
  }

  get isOnline(): boolean {
    return this.#state.phase === 'online';
  }

  /** 开始连接; 已在连接或在线时不做事, 在等待重连时立即重连 */
  start(): void {
    if (this.#socket !== undefined) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#become({ phase: 'connecting' }, JOIN_TIMEOUT_MS, () => this.#lost(ABNORMAL));
    // 旧的套接字可能还有迟到的事件, 一律不理
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = () => isCurrent() && this.#join();
    socket.onmessage = (event) => isCurrent() && this.#receive(event.data);
    socket.onclose = (event) => isCurrent() && this.#lost({ code: event.code, reason: event.reason });
  }

  /** 不再重连, 直到 start() */
  stop(): void {
    this.#drop();
    this.#become({ phase: 'idle' });
  }

  /** 放弃现在这条连接, 过 delayMs 毫秒再加入一次 (0 = 马上) */
  rejoin(delayMs: number): void {
    this.#drop();
    if (delayMs === 0) this.start();
    else this.#wait(delayMs, ABNORMAL);
  }

  /** 不在线返回 false; 内容由调用者留着 */
  send(message: object): boolean {
    if (!this.isOnline || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    this.#pace.spent();
    return true;
  }

  /** 取一页历史。错误: RequestError */
  history(query: HistoryQuery): Promise<HistoryReply> {
    return this.#requests.ask('history', query);
  }

  /** 搜一页。错误: RequestError */
  search(query: SearchAsk): Promise<SearchReply> {
    // 搜索词里的日期按用户这里的时区
    return this.#requests.ask('search', { ...query, utcOffset: -new Date().getTimezoneOffset() });
  }

  /** 一条传输连接用的票: 用一次, 一分钟内。错误: RequestError */
  async transferTicket(): Promise<string> {
    return (await this.#requests.ask('transfer_ticket', {})).ticket;
  }

  #join(): void {
    this.#become({ phase: 'joining' }, JOIN_TIMEOUT_MS, () => this.#lost(ABNORMAL));
    const join = { type: 'user_update', action: 'join', ...this.#events.joinRequest() };
    this.#socket?.send(JSON.stringify({ ...join, features: FEATURES }));
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string') return;
    // 每帧只记时刻, 不动定时器: 满员的聊天室每秒几百帧
    this.#heardAt = Date.now();
    for (const message of messagesIn(data)) {
      if (message.type === 'welcome') this.#joined();
      if (!this.#requests.settle(message)) this.#events.received(message);
    }
  }

  #joined(): void {
    this.#onlineSince = Date.now();
    this.#attempt = Math.min(this.#attempt, SETTLED_ATTEMPT);
    this.#become({ phase: 'online' }, QUIET_MS, () => this.#watchQuiet());
  }

  // 半开的连接 (换了网络, 电脑刚醒) 不会有 close 事件, 只能自己试
  #watchQuiet(): void {
    const quietMs = Date.now() - this.#heardAt;
    if (quietMs < QUIET_MS) this.#setTimer(QUIET_MS - quietMs, () => this.#watchQuiet());
    else this.#probe();
  }

  #probe(): void {
    const askedAt = Date.now();
    this.#setTimer(PROBE_MS, () => (this.#heardAt < askedAt ? this.#lost(ABNORMAL) : this.#watchQuiet()));
    this.history({ limit: 1 }).catch(() => undefined);
  }

  #lost(reason: CloseReason): void {
    if (this.isOnline && Date.now() - this.#onlineSince > STABLE_MS) this.#attempt = 0;
    this.#drop();
    const delay = retryDelayMs(reason.code, this.#attempt);
    if (delay === undefined) {
      this.#become({ phase: 'stopped', reason });
      return;
    }
    this.#attempt += 1;
    this.#wait(delay, reason);
  }

  #wait(delayMs: number, reason: CloseReason): void {
    this.#become({ phase: 'waiting', retryAt: Date.now() + delayMs, reason }, delayMs, () => this.start());
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#requests.rejectAll();
  }

  #become(state: ConnectionState, timeoutMs?: number, onTimeout?: () => void): void {
    clearTimeout(this.#timer);
    if (timeoutMs !== undefined && onTimeout !== undefined) this.#setTimer(timeoutMs, onTimeout);
    this.#state = state;
    this.#events.stateChanged(state);
  }

  #setTimer(timeoutMs: number, onTimeout: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTimeout, timeoutMs);
  }
}
