// Authorization: Bearer SESSION
import type { Session } from '../chat/session.js';
import type { Sessions } from '../chat/sessions.js';
import { AppError } from '../protocol/errors.js';

/** 头所指的会话; 没有这个头则 undefined。错误: unauthorized (给了却无效: 不能悄悄当作陌生人) */
export function bearerSession(authorization: string, sessions: Sessions): Session | undefined {
  if (authorization === '') return undefined;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const session = token === undefined ? undefined : sessions.find(token);
  if (session === undefined) throw new AppError('unauthorized');
  return session;
}
