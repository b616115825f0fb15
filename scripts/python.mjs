// 桌面客户端的测试环境: Python, 各自的虚拟环境与依赖, Linux 上还有虚拟屏幕; 缺的先装, 装不了就说清楚
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { missingFontPackages, warnAboutFonts } from './fonts.mjs';
import { ROOT, readText, run, ScriptError, say, withLock } from './lib.mjs';
import { findPythons, SUPPORTED, versionText } from './python-find.mjs';
import { findOnPath, installPackages, isExecutable, manualCommand } from './system-packages.mjs';

const FOLDER = path.join(ROOT, 'python_client');
const REQUIREMENTS = ['requirements.txt', 'requirements-test.txt'].map((name) => path.join(FOLDER, name));
const PYTHON_PACKAGES = ['python3', 'python3-tk', 'python3-venv'];
const SCREEN_PACKAGES = ['xvfb'];
// 约 40 MB 的 wheel; 慢的线路也够
const PIP_TIMEOUT_MS = 600_000;

/** 找到的 Python, 旧的在前, 一个或两个; 一个也没有又装不上时抛 ScriptError */
export async function ensurePythons() {
  const first = findPythons();
  if (first.pythons.length > 0) return first.pythons;
  const reason = await installPackages(PYTHON_PACKAGES);
  const { pythons, rejected } = findPythons();
  if (pythons.length === 0) throw new ScriptError(explainPython(reason, rejected));
  return pythons;
}

/** 装好依赖的虚拟环境里的 python 的路径; 依赖, 版本或平台变了才重建。错误: pip 失败时抛 ScriptError */
export async function ensureEnvironment(python) {
  const folder = path.join(FOLDER, '.venv', python.minor);
  const executable = path.join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  const isReady = () =>
    readText(path.join(folder, '.sluice-deps')) === environmentStamp(python) && isExecutable(executable);
  if (isReady()) return executable;
  await withLock(async () => {
    // 等锁时别的进程可能已经装好了
    if (isReady()) return;
    await createEnvironment(python, folder, executable);
    // 最后才写记号: 中断的安装下次从头来
    fs.writeFileSync(path.join(folder, '.sluice-deps'), environmentStamp(python));
  });
  return executable;
}

/** 测试窗口要的虚拟屏幕 (由测试自己启动) 与中文字体; 没有屏幕又装不上时抛 ScriptError */
export async function ensureScreen() {
  if (process.platform !== 'linux') return;
  const hasScreen = findOnPath('Xvfb') !== undefined;
  const missing = [...(hasScreen ? [] : SCREEN_PACKAGES), ...missingFontPackages()];
  if (missing.length === 0) return;
  const reason = await installPackages(missing);
  if (reason === undefined) return;
  if (!hasScreen) throw new ScriptError(explainScreen(reason, missing));
  warnAboutFonts(reason);
}

function environmentStamp({ command, version }) {
  const hash = createHash('sha256');
  for (const file of REQUIREMENTS) hash.update(`${readText(file)}\0`);
  return `${hash.digest('hex')} ${versionText(version)} ${process.platform} ${process.arch} ${command}`;
}

async function createEnvironment({ command, version }, folder, executable) {
  say(`正在为 Python ${versionText(version)} 安装测试依赖 (pip), 首次运行需要半分钟 ...`);
  // 清空: 旧版本的包留着会掩盖清单里漏写的
  fs.rmSync(folder, { recursive: true, force: true });
  const created = await run(command, ['-m', 'venv', folder], { timeout: PIP_TIMEOUT_MS });
  if (created !== 0) throw new ScriptError(`${command} -m venv 的退出码是 ${created}, 原因见上`);
  // only-binary: 没有 wheel 的平台立即说明, 而不是在半路缺编译器
  const flags = ['--quiet', '--disable-pip-version-check', '--no-input', '--only-binary=:all:'];
  const install = ['-m', 'pip', 'install', ...flags, '-r', REQUIREMENTS.at(-1)];
  const code = await run(executable, install, { timeout: PIP_TIMEOUT_MS });
  if (code !== 0) throw new ScriptError(explainPip(versionText(version), code));
}

function explainPython(reason, rejected) {
  const seen = rejected.length === 0 ? '' : `\n找到而不能用的: ${rejected.join('; ')}。`;
  const install =
    process.platform === 'linux'
      ? `  Debian, Ubuntu: ${manualCommand(PYTHON_PACKAGES)}\n  其他发行版: 安装 python3 与它的 tkinter`
      : '  从 python.org 安装 (自带 tkinter)';
  return [
    `桌面客户端的检查与测试需要带 tkinter 的 Python ${SUPPORTED}, 但没有找到: ${reason ?? '装好的包里没有合适的版本'}。${seen}`,
    '请先安装:',
    install,
    '装在别处时用 SLUICE_TEST_PYTHONS=/路径 指明; 用 SLUICE_SKIP_PYTHON=1 可以跳过。',
  ].join('\n');
}

function explainPip(version, code) {
  return [
    `为 Python ${version} 安装测试依赖失败 (pip 的退出码是 ${code}, 原因见上): 多半是连不上 PyPI。`,
    '请检查网络与代理, 或用 PIP_INDEX_URL (或 pip config set global.index-url) 换成能到的镜像后重试;',
    '用 SLUICE_SKIP_PYTHON=1 可以跳过。',
  ].join('\n');
}

function explainScreen(reason, packages) {
  return [
    `桌面客户端的测试需要虚拟屏幕 Xvfb, 但没有找到: ${reason}。`,
    `请先安装: ${manualCommand(packages)}`,
    '用 SLUICE_SKIP_PYTHON=1 可以跳过。',
  ].join('\n');
}
