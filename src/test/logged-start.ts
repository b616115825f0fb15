// 起一个看得到日志的服务器 (同一进程里): 开头的警告, 起不来的原因
import type { TestContext } from 'node:test';
import { loadConfig } from '../config.js';
import { type Acts, NO_ACTS } from '../config-acts.js';
import { createLogger } from '../log.js';
import { type Server, startServer } from '../server.js';
import { atEnd } from './harness.js';

export interface LoggedServer {
  readonly server: Server;
  /** 警告与错误的文字 */
  readonly warned: readonly string[];
}

// 这台机器的描述符上限也许不高: 那一行警告另有测试
const ROOMY = { maxConnections: 100 };

/** 测试结束时停下 */
export async function startLogged(
  t: TestContext,
  storage: string,
  acts: Acts = NO_ACTS,
): Promise<LoggedServer> {
  const warned: string[] = [];
  const write = (line: string): void => void warned.push((JSON.parse(line) as { msg: string }).msg);
  const overrides = { server: { host: '127.0.0.1', port: 0, ...ROOMY }, storage: { path: storage } };
  const config = loadConfig({ env: {}, args: [], overrides });
  const log = createLogger({ level: 'warn', pretty: 'never' }, { write });
  const server = await startServer(config, log, acts);
  atEnd(t, () => server.stop());
  return { server, warned };
}
