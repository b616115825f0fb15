// 收下一个小的请求体
import { AppError } from '../protocol/errors.js';
import { BodyClock } from './body-clock.js';
import type { Exchange } from './http.js';

// 几百字节的请求体用不了这么久; 不同于大文件, 不必再长 (毫秒)
const IDLE_TIMEOUT_MS = 30_000;

/**
 * 整个请求体; 须在处理函数的同步部分调用。内存至多 maxBytes 外加 uWS 的一块 (至多 512 KB, 随即丢掉)。
 * 错误 (其余的还没有收): text_too_long (超过 maxBytes), request_timeout。对方中途离开则永不完成: 那时没有人在等
 */
export function readSmallBody(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let body = Buffer.alloc(0);
    const fail = (error: AppError): void => {
      clock.stop();
      reject(error);
    };
    const clock = new BodyClock(exchange, IDLE_TIMEOUT_MS, fail);
    exchange.onAbort = () => clock.stop();
    exchange.receive((piece, isLast) => {
      clock.arrived(isLast);
      // 超过之后, 停读生效之前还会来的都不要
      if (body.length > maxBytes) return;
      // 拷贝: 回调一返回, piece 的内存就不是我们的了
      body = Buffer.concat([body, Buffer.from(piece)]);
      if (body.length > maxBytes) {
        fail(new AppError('text_too_long', { detail: `至多 ${maxBytes} 字节`, facts: { limit: maxBytes } }));
      } else if (isLast) {
        clock.stop();
        resolve(body);
      }
    });
  });
}
