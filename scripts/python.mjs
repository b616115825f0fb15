// 桌面客户端的检查与测试要的 Python, Linux 上还有虚拟屏幕; 缺的先装, 装不了就说清楚
import { missingFontPackages, warnAboutFonts } from './fonts.mjs';
import { ScriptError } from './lib.mjs';
import { findPythons, SUPPORTED } from './python-find.mjs';
import { findOnPath, installPackages, manualCommand } from './system-packages.mjs';

const PYTHON_PACKAGES = ['python3', 'python3-tk', 'python3-venv'];
const SCREEN_PACKAGES = ['xvfb'];

let found;

/** 找到的 Python, 旧的在前, 一个或两个; 一个也没有又装不上时抛 ScriptError。只找一次: 每个候选都要试运行 */
export function ensurePythons() {
  found ??= findOrInstall();
  return found;
}

async function findOrInstall() {
  const first = findPythons();
  if (first.pythons.length > 0) return first.pythons;
  const reason = await installPackages(PYTHON_PACKAGES);
  const { pythons, rejected } = findPythons();
  if (pythons.length === 0) throw new ScriptError(explainPython(reason, rejected));
  return pythons;
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

function explainScreen(reason, packages) {
  return [
    `桌面客户端的测试需要虚拟屏幕 Xvfb, 但没有找到: ${reason}。`,
    `请先安装: ${manualCommand(packages)}`,
    '用 SLUICE_SKIP_PYTHON=1 可以跳过。',
  ].join('\n');
}
