// 画出哪些人: 自己在最前, 至多 MAX_DRAWN 个; 纯函数

/** 再多就请读者搜索: 几千行没有人会看完 */
export const MAX_DRAWN = 200;

export interface Drawn {
  readonly names: readonly string[];
  /** 没有画出来的人数 */
  readonly hidden: number;
}

/** sorted 不含顺序以外的意思; query 为空时 hidden 按真实的在线人数算 */
export function drawnPeople(
  sorted: readonly string[],
  own: string | undefined,
  query: string,
  online: number,
): Drawn {
  const wanted = query.trim().toLowerCase();
  const found = wanted === '' ? sorted : sorted.filter((name) => name.toLowerCase().includes(wanted));
  const total = wanted === '' ? Math.max(online, found.length) : found.length;
  // 先截再挪: 自己可能排在截断处之后, 所以多查一次全体
  const others = found.filter((name) => name !== own);
  const self = own !== undefined && found.length > others.length ? [own] : [];
  const names = [...self, ...others.slice(0, MAX_DRAWN - self.length)];
  return { names, hidden: total - names.length };
}
