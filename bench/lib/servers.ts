// 被测的几种服务器各怎么启动; 地址, 端口与存储目录都由压测给定
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INSPECTABLE } from './heap-census.js';
import type { Options } from './options.js';
import { ServerProcess } from './server-process.js';
import { parseTarget } from './target.js';

/** scripts/bench.mjs 总在项目根启动压测 */
const ROOT = process.cwd();

/** settings: 另加的环境变量, 例如换一种消息日志 */
export async function startSluice(
  options: Options,
  storage: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  if (options.url !== undefined)
    return ServerProcess.external('Sluice', parseTarget(options.url), options.pid);
  const profile = options.cpuProfile
    ? ['--cpu-prof', `--cpu-prof-dir=${join(options.temp, 'profiles')}`]
    : [];
  return ServerProcess.start({
    name: 'Sluice',
    command: process.execPath,
    args: [...profile, join(ROOT, 'dist/main.js')],
    env: {
      SLUICE_PORT: '0',
      SLUICE_HOST: '127.0.0.1',
      SLUICE_STORAGE: storage,
      SLUICE_MESSAGES_PER_SECOND: '0',
      SLUICE_CONNECTIONS_PER_ADDRESS: '100000',
      ...settings,
    },
    logFile: join(options.work, 'sluice.log'),
  });
}

export function startMulter(options: Options, storage: string): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'multer + express',
    command: process.execPath,
    args: [join(ROOT, 'bench/peers/multer-express.mjs'), storage],
    // express 的生产模式: 对照组按最快的方式跑
    env: { NODE_ENV: 'production' },
    logFile: join(options.work, 'multer.log'),
  });
}

export function startBareUws(options: Options): Promise<ServerProcess> {
  return ServerProcess.start({
    name: '裸 uWebSockets.js',
    command: process.execPath,
    args: [fileURLToPath(new URL('./peers/bare-uws.js', import.meta.url))],
    logFile: join(options.work, 'bare-uws.log'),
  });
}

export function startIdleUws(options: Options): Promise<ServerProcess> {
  return ServerProcess.start({
    name: '裸 uWebSockets.js, 只订阅',
    command: process.execPath,
    args: [fileURLToPath(new URL('./peers/idle-uws.js', import.meta.url))],
    env: INSPECTABLE,
    logFile: join(options.work, 'idle-uws.log'),
  });
}
