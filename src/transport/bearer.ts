// Authorization: Bearer SESSION
import type { Session } from '../chat/session.js';
import type { Sessions } from '../chat/sessions.js';
import { AppError } from '../protocol/errors.js';

/** 头所指的会话; 没有这个头则 undefined。错误: unauthorized (给了却无效: 不能悄悄当作陌生人) */
export function bearerSession(authorization: string, sessions: Sessions): Session | undefined {
  if (authorization === '') return undefined;
  const session = sessions.find(tokenIn(authorization));
  if (session === undefined) throw new AppError('unauthorized');
  return session;
}

/** 令牌; 只要是我们签发的, 重启之后还没有再加入的也算; 没有这个头则 undefined。错误: unauthorized */
export function bearerToken(authorization: string, sessions: Sessions): string | undefined {
  if (authorization === '') return undefined;
  const token = tokenIn(authorization);
  if (!sessions.isOurs(token)) throw new AppError('unauthorized');
  return token;
}

function tokenIn(authorization: string): string {
  return /^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? '';
}
