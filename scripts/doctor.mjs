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
};

await main(async () => {
  const values = readArguments();
  await ensureReady();
  const { runDoctor } = await load('doctor/doctor.js');
  const storage = path.resolve(values.storage ?? (await configuredStorage()));
  return runDoctor({ ...values, storage, print: (text) => process.stdout.write(text), progress: say });
});

function readArguments() {
  try {
    return parseArgs({ options: FLAGS }).values;
  } catch (error) {
    throw new ScriptError(
      `${error.message}\n用法: npm run doctor -- [--storage PATH] [--hashes] [--repair] [--json]`,
      EXIT_CANNOT_RUN,
    );
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
