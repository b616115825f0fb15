// 服务器忙或嫌太频繁时说的: 过多久再来 (错误附带的 retryAfterMs)

// 再久也不照办: 其间服务器可能重启过, 或换了设置
const MAX_MS = 5 * 60_000;

/** 毫秒; 没有说, 或说得不像话的为 0 */
export function retryAfterMs(error: object): number {
  const said: unknown = 'retryAfterMs' in error ? error.retryAfterMs : undefined;
  return typeof said === 'number' && said > 0 ? Math.min(said, MAX_MS) : 0;
}
