// 还没有应答完的请求: 谁发的, 占着的名额。挂路由的地方 (doors.ts) 登记, 应答的一方 (Exchange) 领走, 应答完就归还
import type { HttpResponse } from 'uWebSockets.js';
import type { Held, Visitor } from '../quota/ports.js';

const waiting = new WeakMap<HttpResponse, Held>();
const senders = new WeakMap<HttpResponse, Visitor>();

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

/** 带着请求体的, 处理函数执行之前: 拒绝时余下的请求体算在他头上 */
export function introduce(res: HttpResponse, sender: Visitor): void {
  senders.set(res, sender);
}

export function senderOf(res: HttpResponse): Visitor | undefined {
  return senders.get(res);
}
