// 处理函数之前对整个请求头的检查; 一次请求只走一遍
import type { HttpRequest } from 'uWebSockets.js';
import { AppError } from '../protocol/errors.js';

/** 请求头的上限, 字节; uWS 只对分几段到达的头执行它 (见 native.ts), 一段里到达的由这里执行 */
export const MAX_HEAD_BYTES = 16 * 1024;

// 只能有一个的头: 出现两次的, 代理与我们可能各信一个 (请求走私, 冒充), 所以整个请求都不受理。
// 一个头一位; getHeader 只给第一个, 看不出有几个
const BITS: ReadonlyMap<string, number> = new Map(
  ['host', 'origin', 'content-length', 'transfer-encoding', 'content-type', 'authorization'].map(
    (name, index) => [name, 1 << index],
  ),
);
// 每行的 ": " 与行尾
const LINE_EXTRA_BYTES = 4;

/** 错误: invalid_field, 指明重复的头; head_too_large */
export function requireSoundHead(req: HttpRequest): void {
  let seen = 0;
  let repeated = '';
  // 没有查询串时其实是 undefined, 类型里没有写
  const query: string | undefined = req.getQuery();
  let size = req.getUrl().length + (query?.length ?? 0);
  req.forEach((name, value) => {
    const bit = BITS.get(name) ?? 0;
    if ((seen & bit) !== 0) repeated = name;
    seen |= bit;
    size += name.length + value.length + LINE_EXTRA_BYTES;
  });
  if (repeated !== '') throw new AppError('invalid_field', { detail: `${repeated} 头出现了两次` });
  if (size > MAX_HEAD_BYTES) throw new AppError('head_too_large', { facts: { limit: MAX_HEAD_BYTES } });
}
