// 登录: 核对名字, 进入, 记住会话; 没进去时说清原因, 重名时给一个没人用的名字
import { AppError } from '../../../src/protocol/errors.js';
import type { ErrorMessage, WelcomeMessage } from '../../../src/protocol/messages.js';
import { cleanUserName, MAX_NAME_CODE_POINTS, userNameKey } from '../../../src/protocol/user-name.js';
import type { ConnectionState, LoginFailure } from '../model/connection.js';
import type { Model } from '../model/model.js';
import { fetchLimits, fetchUserNames } from '../net/api.js';
import type { ChatConnection } from '../net/chat-connection.js';
import type { Sessions } from './sessions.js';

// 回来时名字被占: 多半是自己的另一个标签页先回来了, 等它存下新的令牌 (毫秒, 次数)
const NAME_RETRY_MS = 700;
const MAX_NAME_RETRIES = 4;
// 建议的名字试到这个数为止
const MAX_SUFFIX = 99;

export class SignIn {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  readonly #sessions: Sessions;
  #name = '';
  // 刷新之后自己回来的: 服务器暂时不在也一直等, 不退回登录
  #returning = false;
  #nameRetries = 0;
  // 最近一次断开时看到的关闭码
  #seenCode: number | undefined;

  constructor(model: Model, connection: ChatConnection, sessions: Sessions) {
    this.#model = model;
    this.#connection = connection;
    this.#sessions = sessions;
  }

  /** join 用的名字与令牌 */
  get request(): { name: string; session?: string } {
    const session = this.#sessions.tokenFor(this.#name);
    return { name: this.#name, ...(session === undefined ? {} : { session }) };
  }

  /** 刷新之后: 这个标签页进入过就直接回去 */
  resume(): void {
    const known = this.#sessions.current;
    if (known === undefined) return;
    this.#returning = true;
    this.#begin(known.name);
  }

  enter(rawName: string): void {
    this.#returning = false;
    try {
      // 名字的规则与服务器同一份代码, 不合法的不必去问
      this.#begin(cleanUserName(rawName));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#fail({ code: error.code, message: error.message });
    }
  }

  leave(): void {
    this.#connection.send({ type: 'user_update', action: 'leave' });
    this.#sessions.forget();
    this.#connection.stop();
  }

  welcomed(message: WelcomeMessage): void {
    const { name, session, limits, features } = message;
    this.#name = name;
    this.#returning = false;
    this.#nameRetries = 0;
    this.#sessions.remember({ name, token: session });
    this.#model.identity.set({ name, session, limits, features });
    this.#model.people.reset(message.users, message.online);
    this.#model.login.set({ phase: 'in' });
    // 看到过关闭码的, 横幅当时已经说了
    if (message.lastClose?.code !== undefined && message.lastClose.code !== this.#seenCode) {
      this.#model.lateReason.emit(message.lastClose);
    }
    this.#seenCode = undefined;
  }

  /** 连接断了: 还在登录页上的, 说连不上; 已经进去的由连接自己重连 */
  connectionChanged(state: ConnectionState): void {
    const failed = state.phase === 'waiting' || state.phase === 'stopped';
    if (failed) this.#seenCode = state.reason.code;
    if (!failed || this.#returning || this.#model.login.get().phase !== 'entering') return;
    void this.#explainOutage();
  }

  /** 加入之前的错误: 没进去。可重试的 (服务器忙) 在已进去时由重连再试 */
  refused(error: ErrorMessage): void {
    if (error.retryable && this.#model.login.get().phase === 'in') return;
    if (error.code === 'name_taken' && this.#tryOtherToken()) return;
    this.#fail({ code: error.code, message: error.message });
    // 保留的名字后面加个数字, 还是像它
    if (error.code === 'name_taken' && error['reserved'] === undefined) void this.#suggest(this.#name);
  }

  // 服务器换了存储, 旧令牌作废: 两个标签页里先回来的得到新令牌, 后回来的要用它的
  #tryOtherToken(): boolean {
    const refused = this.request.session;
    if (refused !== undefined) this.#sessions.discard(refused);
    const hasOther = this.#sessions.tokenFor(this.#name) !== undefined;
    const isReturning = this.#returning || this.#model.login.get().phase === 'in';
    if (this.#nameRetries >= MAX_NAME_RETRIES || !(hasOther || isReturning)) return false;
    this.#nameRetries += 1;
    this.#connection.rejoin(hasOther ? 0 : NAME_RETRY_MS);
    return true;
  }

  #begin(name: string): void {
    this.#name = name;
    this.#nameRetries = 0;
    this.#model.login.set({ phase: 'entering' });
    this.#connection.start();
  }

  #fail(failure: LoginFailure): void {
    // 先换状态再停: 停的时候不会又当成连不上
    this.#model.login.set({ phase: 'form', failure });
    this.#connection.stop();
  }

  // 浏览器不说升级为什么被拒: 网页的接口还答, 就是服务器不收这条连接 (名额满了), 不是网络与地址的错
  async #explainOutage(): Promise<void> {
    this.#connection.stop();
    const isThere = await fetchLimits().then(
      () => true,
      () => false,
    );
    this.#fail({ code: isThere ? 'refused' : 'unreachable', message: '' });
  }

  async #suggest(name: string): Promise<void> {
    // 名单只为避开已有的名字; 取不到时仍给一个, 再重名也会再说
    const taken = new Set((await fetchUserNames().catch(() => [])).map(userNameKey));
    const suggestion = freeName(name, taken);
    const login = this.#model.login.get();
    // 等的时候用户可能已经改了名字或进去了
    if (login.phase !== 'form' || login.failure?.code !== 'name_taken' || suggestion === undefined) return;
    this.#model.login.set({ phase: 'form', failure: { ...login.failure, suggestion } });
  }
}

/** 在后面加 2, 3 ... 直到没有人用; 长度仍不超过上限 */
function freeName(name: string, taken: ReadonlySet<string>): string | undefined {
  for (let suffix = 2; suffix <= MAX_SUFFIX; suffix++) {
    const stem = [...name].slice(0, MAX_NAME_CODE_POINTS - String(suffix).length).join('');
    const candidate = `${stem}${suffix}`;
    if (!taken.has(userNameKey(candidate))) return candidate;
  }
  return undefined;
}
