// 可以 kill -9 再起的服务器: 端口与存储不变, 页面因此能自己重连
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { type Running, type RunningProcess, spawnServer, temporaryFolder } from '../../src/test/harness.js';

// 低于各系统的临时端口 (Linux 32768 起): 否则停机期间的重连有机会连上自己, 把端口占住
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const PORT_TRIES = 50;

export interface Restartable extends Running {
  /** 当前的进程; restart 之后换成新的 */
  readonly process: RunningProcess;
  /** kill -9 并等它消失 */
  kill(): Promise<void>;
  /** 先 kill -9 (若还活着), 再在同一端口与存储上启动; 返回时已在监听 */
  restart(): Promise<void>;
}

/** env 同 spawnServer, 每次启动都用; 测试结束时 kill -9 并删除存储 */
export async function restartable(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
): Promise<Restartable> {
  const storage = await temporaryFolder(t);
  const port = await freePort();
  const start = (): Promise<RunningProcess> => spawnServer(t, storage, { ...env, SLUICE_PORT: String(port) });
  let current = await start();
  return {
    port,
    http: current.http,
    ws: current.ws,
    storage,
    get process() {
      return current;
    },
    kill: () => killOnce(current),
    async restart() {
      await killOnce(current);
      current = await start();
    },
  };
}

async function killOnce({ child, kill }: RunningProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await kill();
}

/** 此刻空闲的端口; 起点随机, 同时运行的测试文件不会挑中同一个 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_TRIES; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await canListen(port)) return port;
  }
  throw new Error(`${FIRST_PORT} 到 ${LAST_PORT} 之间没有找到空闲的端口`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
