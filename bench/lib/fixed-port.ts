// 重启还要用的端口: 不在系统自动分配的范围之内 (Linux 默认 32768 起), 否则停机期间会被某条向外的连接占去,
// 甚至被一次重连自己连上自己
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 10_000;
const MAX_TRIES = 50;

/** 一个此刻空闲的端口。错误: 试了几十个都被占用 */
export async function findFixedPort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`${FIRST} 到 ${FIRST + COUNT} 之间没有找到空闲的端口`);
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
