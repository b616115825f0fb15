// 端口的预检: uWS 以 SO_REUSEPORT 监听, 误开的第二个服务器也会成功, 把用户分成两半
// 先试着占一下还有一个好处: 失败发生在碰存储之前, 而且说得出原因
import { connect, createServer } from 'node:net';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', '端口已被占用'],
  ['EACCES', '没有权限; 1024 以下的端口通常要管理员'],
  ['EADDRNOTAVAIL', '本机没有这个地址'],
  ['ENOTFOUND', '不认识这个主机名'],
]);
// 有人监听而迟迟不接 (队列满了) 也算占用
const CONNECT_TIMEOUT_MS = 1000;

/** 端口 0 总是可用。错误: 一行中文, 说明为什么不能监听 */
export async function requireFreePort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const error = await tryListen(host, port);
  if (error === undefined) return;
  // 占不到却没有人应: 只是刚停的服务器留下的 TIME_WAIT, SO_REUSEPORT 不受它影响
  if (error.code === 'EADDRINUSE' && !(await isListening(host, port))) return;
  throw new Error(`无法监听 ${host}:${port}: ${REASONS.get(error.code ?? '') ?? error.message}`);
}

function tryListen(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    // exclusive: 在 cluster 里也由本进程自己监听
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: reachable(host), port, timeout: CONNECT_TIMEOUT_MS });
    const answer = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

// 通配地址不能作目的地 (Windows); 本机回环总在其中
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
