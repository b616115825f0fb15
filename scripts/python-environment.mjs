// Python 的虚拟环境: python_client/.venv/名字, 里面恰好是一份锁列出的包, 散列都对; 锁变了才重建
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, readText, run, ScriptError, say, withLock } from './lib.mjs';
import { OLDEST_MINOR, versionText } from './python-find.mjs';
import { isExecutable } from './system-packages.mjs';

const FOLDER = path.join(ROOT, 'python_client', '.venv');
/** 各份锁所在的文件夹 */
export const LOCKS = path.join(ROOT, 'python_client', 'locks');
// 约 40 MB 的 wheel; 慢的线路也够
const PIP_TIMEOUT_MS = 600_000;
// no-deps: 锁里已经齐了, pip 不再自己挑版本, 所以它自己是哪个版本不要紧 (随 Python 来, 不另装)。
// only-binary: 没有 wheel 的平台立即说明, 而不是在半路缺编译器
const PIP_INSTALL = [
  ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
  ...['--require-hashes', '--no-deps', '--only-binary=:all:'],
];

/** 跑测试的 python 的路径: 这个次版本自己的锁 */
export function ensureTestEnvironment(python) {
  return ensureEnvironment(python, { name: python.minor, lock: `test-${python.minor}.txt` });
}

/** 有 mypy 与 ruff 的 python 的路径; mypy 从 types 文件夹读 3.8 的那些包, 不读测试环境里的 */
export function ensureCheckEnvironment(python) {
  return ensureEnvironment(python, {
    name: 'check',
    lock: 'check.txt',
    // 只装能在 3.8 上运行的包, 所以它们的源码 mypy (以 3.8 为目标) 都读得懂, 与这里是哪个 Python 无关
    types: `test-${OLDEST_MINOR}.txt`,
  });
}

/** name 环境里的 python 的路径; 锁, Python 或平台变了才重建。错误: pip 失败时抛 ScriptError */
export async function ensureEnvironment(python, { name, lock, types }) {
  const folder = path.join(FOLDER, name);
  const executable = path.join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  const stamp = environmentStamp(python, [lock, ...(types ? [types] : [])]);
  const isReady = () => readText(path.join(folder, '.sluice-deps')) === stamp && isExecutable(executable);
  if (isReady()) return executable;
  await withLock(async () => {
    // 等锁时别的进程可能已经装好了
    if (isReady()) return;
    await createEnvironment(python, folder);
    await install(python, executable, [], lock);
    if (types) await addTypes(python, executable, folder, types);
    // 最后才写记号: 中断的安装下次从头来
    fs.writeFileSync(path.join(folder, '.sluice-deps'), stamp);
  });
  return executable;
}

function environmentStamp({ command, version }, locks) {
  const hash = createHash('sha256');
  for (const lock of locks) hash.update(`${lock}\0${readText(path.join(LOCKS, lock))}\0`);
  return `${hash.digest('hex')} ${versionText(version)} ${process.platform} ${process.arch} ${command}`;
}

async function createEnvironment({ command, version }, folder) {
  say(
    `正在为 Python ${versionText(version)} 建立 ${path.relative(ROOT, folder)} (pip), 首次运行需要半分钟 ...`,
  );
  // 清空: 旧版本的包留着会掩盖锁里漏写的
  fs.rmSync(folder, { recursive: true, force: true });
  const created = await run(command, ['-m', 'venv', folder], { timeout: PIP_TIMEOUT_MS });
  if (created !== 0) throw new ScriptError(`${command} -m venv 的退出码是 ${created}, 原因见上`);
}

async function install({ version }, executable, flags, lock) {
  const args = [...PIP_INSTALL, ...flags, '-r', path.join(LOCKS, lock)];
  const code = await run(executable, args, { timeout: PIP_TIMEOUT_MS });
  if (code !== 0) throw new ScriptError(explainPip(versionText(version), lock, code));
}

// 不直接装进环境: 那里的 typing_extensions 是 mypy 自己要的版本
async function addTypes(python, executable, folder, lock) {
  const target = path.join(folder, 'types');
  await install(python, executable, ['--target', target, '--python-version', OLDEST_MINOR], lock);
  const write =
    'import sys, sysconfig; open(sysconfig.get_path("purelib") + "/types.pth", "w").write(sys.argv[1])';
  const code = await run(executable, ['-c', write, target]);
  if (code !== 0) throw new ScriptError(`写 types.pth 失败, 退出码是 ${code}, 原因见上`);
}

function explainPip(version, lock, code) {
  return [
    `为 Python ${version} 安装 python_client/locks/${lock} 失败 (pip 的退出码是 ${code}, 原因见上): 多半是连不上 PyPI。`,
    '请检查网络与代理, 或用 PIP_INDEX_URL (或 pip config set global.index-url) 换成能到的镜像后重试;',
    '用 SLUICE_SKIP_PYTHON=1 可以跳过。',
  ].join('\n');
}
