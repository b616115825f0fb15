// GET /api/users 的应答: 读成有类型的值; 不碰页面, 也不碰网络

/** online 是总人数; users 至多 500 个名字 */
export interface OnlineUsers {
  readonly online: number;
  readonly users: readonly string[];
}

/** 错误: 应答不是约定的形状 (例如被代理的错误页顶替) 时抛 TypeError */
export function parseOnlineUsers(body: unknown): OnlineUsers {
  if (typeof body !== 'object' || body === null || !('online' in body) || !('users' in body)) {
    throw new TypeError('应答缺少 online 或 users');
  }
  const { online, users } = body;
  if (typeof online !== 'number' || !Array.isArray(users)) throw new TypeError('online 或 users 的类型不对');
  return { online, users: users.filter((name): name is string => typeof name === 'string') };
}
