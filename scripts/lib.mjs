// 各脚本共用: 装依赖, 按需构建, 起子进程; 只用 Node 自带的模块, 因为这时依赖可能还没有装
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCi } from './npm-ci.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const DIST = path.join(ROOT, 'dist');
const MODULES = path.join(ROOT, 'node_modules');
const DEPS_STAMP = path.join(MODULES, '.sluice-deps');
const BUILD_STAMP = path.join(DIST, '.build-hash');
// 在临时文件夹里: npm ci 会清空 node_modules; 名字含 ROOT 的散列, 各份代码互不相干
const LOCK_DIR = path.join(
  os.tmpdir(),
  `sluice-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}.lock`,
);
const LOCK_WAIT_MS = 180_000;

/** 已经向用户说清楚的失败; 入口只打印 message, 不打印栈 */
export class ScriptError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** 进度写 stderr: stdout 留给服务器日志和 npm run config 的输出 */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

/** 脚本入口: 失败时一行中文, 退出码原样传出 */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    const known = error instanceof ScriptError;
    say(known ? error.message : String(error?.stack ?? error));
    process.exitCode = known ? error.exitCode : 1;
  }
}

/** 一步缺少条件 (如装不上浏览器) 时说明原因, 返回退出码: 不妨碍后面的步骤 */
export async function codeOf(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    say(error.message);
    return error.exitCode;
  }
}

/** 同上, 用于报出没有通过的各项的步骤: 缺少条件也是一项 */
export async function failuresOf(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    say(error.message);
    return [error.message];
  }
}

/** 用当前的 Node 跑一个脚本, 不经 shell (Windows 上也一样); 返回退出码 */
export async function runNode(args, options = {}) {
  return run(process.execPath, args, options);
}

/** 跑一个命令, 不经 shell, 输出到 stderr; 返回退出码 */
export async function run(command, args, options = {}) {
  return exitCodeOf(spawn(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], ...options }));
}

/** 被信号结束时按惯例返回 128 + 信号编号 */
export function exitCodeOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (os.constants.signals[signal] ?? 0)));
  });
}

export async function tsc(project, ...args) {
  return runNode([path.join(MODULES, 'typescript', 'bin', 'tsc'), '-p', project, ...args]);
}

/** 依赖与构建都就绪; 已就绪时只花几十毫秒 */
export async function ensureReady() {
  await ensureDependencies();
  await ensureBuilt();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 9) || major >= 22) return;
  throw new ScriptError(
    `Node ${process.versions.node} 不能运行本项目, 请安装 Node 20 (20.9 起) 或 22 以上的版本`,
  );
}

/** package-lock.json 变了, 或换了 Node 大版本与平台 (预编译文件不通用), 就重新安装 */
export async function ensureDependencies() {
  checkNode();
  if (readText(DEPS_STAMP) === dependencyStamp()) return;
  await withLock(async () => {
    if (!installedMatchesLock()) await installDependencies();
    fs.writeFileSync(DEPS_STAMP, dependencyStamp());
  });
}

function dependencyStamp() {
  const lock = createHash('sha256')
    .update(readText(path.join(ROOT, 'package-lock.json')))
    .digest('hex');
  return `${lock} ${process.platform} ${process.arch} ${process.versions.modules}`;
}

async function installDependencies() {
  say('正在安装依赖 (npm ci), 首次运行需要一两分钟 ...');
  const failure = await npmCi(ROOT);
  if (failure !== undefined) throw new ScriptError(failure);
}

// 用户自己运行过 npm install 或 npm ci: npm 留下的清单与锁文件相符, 不必再装
function installedMatchesLock() {
  const wanted = readJson(path.join(ROOT, 'package-lock.json'))?.packages;
  const installed = readJson(path.join(MODULES, '.package-lock.json'))?.packages;
  // 有记号却对不上平台或 Node 版本: 清单看不出来, 重装
  const stamp = readText(DEPS_STAMP).split(' ').slice(1).join(' ');
  if (!wanted || !installed || (stamp !== '' && !dependencyStamp().endsWith(stamp))) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '' || entry.link) return true;
    const found = installed[name];
    // optional: 别的平台的预编译包, npm 不装
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** 源文件的内容变了才构建; 按内容而不是时间: git checkout 会改时间 */
export async function ensureBuilt({ force = false } = {}) {
  if (!force && readText(BUILD_STAMP) === sourceHash()) return;
  await withLock(async () => {
    // 等锁时别的进程可能已经构建好了
    const hash = sourceHash();
    if (!force && readText(BUILD_STAMP) === hash) return;
    say('正在构建 ...');
    fs.rmSync(BUILD_STAMP, { force: true });
    const started = Date.now();
    // 到这里才加载: 它需要 esbuild, 而依赖可能是刚装的
    const { compile } = await import('./compile.mjs');
    if (!(await compile())) throw new ScriptError('构建失败: 类型检查或打包没有通过, 原因见上');
    // 用开始时的散列: 构建期间改过的文件下次会再构建
    fs.writeFileSync(BUILD_STAMP, hash);
    say(`构建完成, 用时 ${((Date.now() - started) / 1000).toFixed(1)} 秒`);
  });
}

function sourceHash() {
  const single = ['tsconfig.json', 'package-lock.json', 'scripts/compile.mjs', 'scripts/build-web.mjs'];
  const files = [
    ...single,
    ...listFiles('src'),
    ...listFiles('web').filter((file) => !file.startsWith('web/test/')),
  ];
  const hash = createHash('sha256').update(process.versions.modules);
  // 长度写在内容之前, 避免两个文件的边界混淆
  for (const file of files.sort()) {
    const content = fs.readFileSync(path.join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** 列出文件夹里的全部文件, 路径相对 ROOT, 一律用 /; 没有这个文件夹时为空 */
export function listFiles(folder) {
  const directory = path.join(ROOT, folder);
  if (!fs.existsSync(directory)) return [];
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap((item) => {
    const file = `${folder}/${item.name}`;
    if (item.name === 'node_modules') return [];
    return item.isDirectory() ? listFiles(file) : [file];
  });
}

/** 同一棵树里可能同时有 npm start 与 npm test; mkdir 是各平台都有的原子操作 */
export async function withLock(run) {
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!tryLock()) {
    if (Date.now() > deadline)
      throw new ScriptError(`等待另一个构建或安装超时; 若没有别的 npm 命令在运行, 请删除 ${LOCK_DIR}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await run();
  } finally {
    fs.rmSync(LOCK_DIR, { recursive: true, force: true });
  }
}

function tryLock() {
  const owner = path.join(LOCK_DIR, 'pid');
  try {
    fs.mkdirSync(LOCK_DIR);
    fs.writeFileSync(owner, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const pid = Number(readText(owner));
  // 刚建好还没写 pid 时读到空, 当作活着
  if (pid > 0 && !isAlive(pid)) fs.rmSync(LOCK_DIR, { recursive: true, force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // 没有这个文件等于没有记号
    return '';
  }
}

function readJson(file) {
  const text = readText(file);
  return text === '' ? undefined : JSON.parse(text);
}
