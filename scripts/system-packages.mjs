// 用 apt-get 安装测试需要的系统包 (Debian, Ubuntu); 别的系统只能请用户自己装
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { exitCodeOf, say } from './lib.mjs';

// 两条命令各自的上限: Chromium 连依赖约 100 MB, 慢的线路也够
const COMMAND_TIMEOUT_MS = 600_000;
const APT_OPTIONS = [
  // 连不上的镜像半分钟内放弃, 不是默认的两分钟乘以每个索引
  '-o',
  'Acquire::http::Timeout=30',
  '-o',
  'Acquire::Retries=2',
  // 别的 apt 正在运行时等它, 而不是立即失败
  '-o',
  'DPkg::Lock::Timeout=120',
];

/**
 * 安装 names; 成功返回 undefined, 装不了或失败返回一句原因 (不抛出: 缺字体只值得警告)。
 * 副作用: 以 root (或免密码的 sudo) 运行 apt-get, 输出到 stderr。
 */
export async function installPackages(names) {
  const apt = aptCommand();
  if (apt.reason !== undefined) return apt.reason;
  say(`正在安装系统包: ${names.join(' ')} ...`);
  // update 的退出码说明不了什么: 源全不通时也是 0, 只有一个源不通时包仍可能装得上
  await run([...apt.command, 'update', '-q']);
  const code = await run([...apt.command, 'install', '-q', '-y', '--no-install-recommends', ...names]);
  // 版本由这台机器的软件源定, 说出来
  if (code === 0) await run(['dpkg-query', '-W', ...names]);
  return code === 0 ? undefined : `apt-get install 的退出码是 ${code}, 多半是连不上软件源, 原因见上`;
}

/** 给用户看的手动安装命令 */
export function manualCommand(names) {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

/** 在 PATH 里找可执行文件; 返回完整路径或 undefined */
export function findOnPath(name) {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

export function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    // 不存在与不可执行, 对调用者都是没有
    return false;
  }
}

/** 运行至多 timeoutMs, 只看成败与 stdout; 命令不存在也算失败 */
export function probe(command, args, timeoutMs = 20_000) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { ok: status === 0, output: stdout ?? '' };
}

function aptCommand() {
  const apt = findOnPath('apt-get');
  if (apt === undefined) return { reason: '这个系统没有 apt-get, 不能自动安装' };
  // env 放在 sudo 之后: sudo 默认清掉环境变量
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', apt, ...APT_OPTIONS];
  if (process.getuid?.() === 0) return { command };
  // -n: 要密码就失败, 不在测试里停下来等输入
  if (probe('sudo', ['-n', 'true']).ok) return { command: ['sudo', '-n', ...command] };
  return { reason: '当前用户不是 root, 也没有免密码的 sudo, 不能自动安装' };
}

async function run([command, ...args]) {
  return exitCodeOf(spawn(command, args, { stdio: ['ignore', 2, 2], timeout: COMMAND_TIMEOUT_MS }));
}
