// npm run doctor: 离线检查 (与修复) 一个存储目录; 服务器须先停止
//   --storage PATH 缺省取自设置  --hashes 逐个核对 SHA-256  --repair 修复, 从不删除  --json 给程序看的报告
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { DIST, ensureReady, main, ScriptError, say } from './lib.mjs';

const EXIT_CANNOT_RUN = 2;
const FLAGS = {
  storage: { type: 'string' },
  repair: { type: 'boolean', default: false },
  hashes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  purge: { type: 'string' },
  since: { type: 'string' },
  apply: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};
const USAGE = `用法: npm run doctor -- [--storage PATH] [--hashes] [--repair] [--json]
  --storage PATH  存储目录, 缺省取自设置; 服务器须先停止
  --hashes        逐个核对文件的 SHA-256
  --repair        修复; 从不删除, 没有主的移到 lost+found
  --json          给程序看的报告
或: npm run doctor -- --purge 地址|网段|名字 --since 时刻|2h|3d [--apply]
  --purge         把一场灌水收回去: 它自 --since 起发的文字与文件; 先说要清除什么, --apply 才动手 (留有副本)
退出码: 0 没有问题, 1 有问题 (修复之后还剩的), 2 做不了`;

await main(async () => {
  const { help, ...values } = readArguments();
  if (help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  await ensureReady();
  const storage = path.resolve(values.storage ?? (await configuredStorage()));
  const options = { ...values, storage, print: (text) => process.stdout.write(text), progress: say };
  if (values.purge !== undefined) return (await load('doctor/purge.js')).runPurge(options);
  if (values.apply || values.since !== undefined)
    throw new ScriptError(`--apply 与 --since 只与 --purge 一起用\n${USAGE}`, EXIT_CANNOT_RUN);
  return (await load('doctor/doctor.js')).runDoctor(options);
});

function readArguments() {
  try {
    return parseArgs({ options: FLAGS }).values;
  } catch (error) {
    throw new ScriptError(`${error.message}\n${USAGE}`, EXIT_CANNOT_RUN);
  }
}

async function configuredStorage() {
  const { ConfigError, loadConfig } = await load('config.js');
  try {
    return loadConfig({ args: [] }).storage.path;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ScriptError(error.message, EXIT_CANNOT_RUN);
  }
}

function load(file) {
  return import(pathToFileURL(path.join(DIST, file)).href);
}
