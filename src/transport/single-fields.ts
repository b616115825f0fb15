// 只能有一个的请求头: 出现两次的, 代理与我们可能各信一个 (请求走私, 冒充), 所以整个请求都不受理
import type { HttpRequest } from 'uWebSockets.js';
import { AppError } from '../protocol/errors.js';

// 一个头一位; getHeader 只给第一个, 看不出有几个
const BITS: ReadonlyMap<string, number> = new Map(
  ['host', 'origin', 'content-length', 'transfer-encoding', 'content-type', 'authorization'].map(
    (name, index) => [name, 1 << index],
  ),
);

/** 错误: invalid_field, 指明哪一个头 */
export function requireSingleFields(req: HttpRequest): void {
  let seen = 0;
  let repeated = '';
  req.forEach((name) => {
    const bit = BITS.get(name) ?? 0;
    if ((seen & bit) !== 0) repeated = name;
    seen |= bit;
  });
  if (repeated !== '') throw new AppError('invalid_field', { detail: `${repeated} 头出现了两次` });
}
