// 打开的套接字有上限: 描述符用尽之后 accept 失败, 等着的连接让 libuv 一圈圈地空转 (实测一核全满)
import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';

/** 超出的一接受就由 turnAway 应答并断开; 它须同步完成 */
export function capSockets(
  app: TemplatedApp,
  maxSockets: number,
  turnAway: (res: HttpResponse) => void,
): void {
  let open = 0;
  // 每条连接打开 (1) 与断开 (-1) 时各一次
  const count = (res: HttpResponse, change: unknown): void => {
    open += Number(change);
    if (Number(change) > 0 && open > maxSockets) turnAway(res);
  };
  app.filter(count);
}
