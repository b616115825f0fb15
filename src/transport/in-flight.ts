// 还没有应答完的请求所占的名额: 挂路由的地方 (doors.ts) 占下, 应答的一方 (Exchange) 领走, 应答完就归还
import type { HttpResponse } from 'uWebSockets.js';
import type { Held } from '../quota/ports.js';

const waiting = new WeakMap<HttpResponse, Held>();

/** 处理函数执行之前; 随后没有人领走的 (当场应答完的) 由调用者自己领回归还 */
export function occupy(res: HttpResponse, held: Held): void {
  waiting.set(res, held);
}

/** 领走: 从此由领走的一方归还。没有登记过, 或已被领走, 则 undefined */
export function claim(res: HttpResponse): Held | undefined {
  const held = waiting.get(res);
  waiting.delete(res);
  return held;
}
