// 连接与登录的状态; 网络层写, 界面读
import type { ErrorCode } from '../../../src/protocol/errors.js';
import type { Limits } from '../../../src/protocol/messages.js';

/** 断开的原因: 关闭码, 或 welcome 的 lastClose */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/**
 *   idle --进入--> connecting --open--> joining --welcome--> online
 *                    ^  ^                  |  断开             | 断开
 *                    |  +--时间到-- waiting <------------------+
 *                    +--用户点重连-- stopped  (关闭码说不要自己重连)
 */
export type ConnectionState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'connecting' }
  | { readonly phase: 'joining' }
  | { readonly phase: 'online' }
  /** retryAt: Unix 毫秒 */
  | { readonly phase: 'waiting'; readonly retryAt: number; readonly reason: CloseReason }
  | { readonly phase: 'stopped'; readonly reason: CloseReason };

/** 没进去的原因; suggestion 是没有人用的相近的名字 */
export interface LoginFailure {
  readonly code: ErrorCode | 'unreachable' | 'refused';
  readonly message: string;
  readonly suggestion?: string;
}

/** form: 显示登录; entering: 等 welcome; in: 聊天界面 (断线重连时也在这里) */
export type LoginState =
  | { readonly phase: 'form'; readonly failure?: LoginFailure }
  | { readonly phase: 'entering' }
  | { readonly phase: 'in' };

/** welcome 告诉我们的 */
export interface Identity {
  readonly name: string;
  readonly session: string;
  readonly limits: Limits;
  readonly features: readonly string[];
}
