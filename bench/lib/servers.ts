// 被测的几种服务器各怎么启动; 地址, 端口与存储目录都由压测给定
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INSPECTABLE } from './heap-census.js';
import type { Options } from './options.js';
import { ServerProcess } from './server-process.js';
import { parseTarget } from './target.js';

/** scripts/bench.mjs 总在项目根启动压测 */
const ROOT = process.cwd();

type Environment = Readonly<Record<string, string>>;

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
      // 各轮的人用同样的名字, 断开就走
      SLUICE_CHAT_NAME_HOLD_MS: '0',
      SLUICE_TRUSTED_ADDRESSES: '127.0.0.0/8,::1/128',
      ...settings,
    },
    logFile: join(options.work, 'sluice.log'),
  });
}

/** 对照组里收文件的几种: 脚本在 bench/peers/, 唯一的参数是存储目录 */
const FILE_PEERS = {
  'multer + express': 'multer-express.mjs',
  formidable: 'formidable.mjs',
  'node http + pipe': 'node-http.mjs',
  '@tus/server': 'tus-server.mjs',
} as const;

export type FilePeer = keyof typeof FILE_PEERS;

export function startFilePeer(options: Options, name: FilePeer, storage: string): Promise<ServerProcess> {
  const script = FILE_PEERS[name];
  return ServerProcess.start({
    name,
    command: process.execPath,
    args: [join(ROOT, 'bench/peers', script), storage],
    // express 的生产模式: 对照组按最快的方式跑
    env: { NODE_ENV: 'production' },
    logFile: join(options.work, `${script}.log`),
  });
}

/** program 由 buildGoPeer('tusd') 得来 */
export function startTusd(options: Options, program: string, storage: string): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'tusd',
    command: program,
    args: [storage],
    logFile: join(options.work, 'tusd.log'),
  });
}

export function startBareUws(options: Options): Promise<ServerProcess> {
  return startUwsPeer(options, '裸 uWebSockets.js', 'bare-uws');
}

export function startIdleUws(options: Options): Promise<ServerProcess> {
  return startUwsPeer(options, '裸 uWebSockets.js, 只订阅', 'idle-uws', INSPECTABLE);
}

/** 只有发布循环的裸 uWebSockets.js: 扇出的对照 */
export function startPublishUws(options: Options): Promise<ServerProcess> {
  return startUwsPeer(options, '裸 uWebSockets.js', 'publish-uws');
}

// 与压测一起打包的对照组 (peers/*.ts)
function startUwsPeer(
  options: Options,
  name: string,
  program: string,
  env: Environment = {},
): Promise<ServerProcess> {
  return ServerProcess.start({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`./peers/${program}.js`, import.meta.url))],
    env,
    logFile: join(options.work, `${program}.log`),
  });
}

export function startWsBroadcast(options: Options, env: Environment = {}): Promise<ServerProcess> {
  return startPeer(options, 'ws', 'ws-broadcast', env);
}

export function startSocketIo(options: Options, env: Environment = {}): Promise<ServerProcess> {
  return startPeer(options, 'Socket.IO', 'socket-io', env);
}

/** writeDelayMs: 它攒消息的时间, 0 为默认 (不攒) */
export function startCentrifuge(
  options: Options,
  program: string,
  writeDelayMs: number,
): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'centrifuge',
    command: program,
    args: [String(writeDelayMs)],
    // 比的是一个核: Go 默认会用上全部的核, 与发生器争抢
    env: { GOMAXPROCS: '1' },
    logFile: join(options.work, `centrifuge-${writeDelayMs}.log`),
  });
}

/** peers/ 里直接运行的程序, 生产模式 */
function startPeer(options: Options, name: string, file: string, env: Environment): Promise<ServerProcess> {
  return ServerProcess.start({
    name,
    command: process.execPath,
    args: [join(ROOT, `bench/peers/${file}.mjs`)],
    env: { NODE_ENV: 'production', ...env },
    logFile: join(options.work, `${file}.log`),
  });
}
