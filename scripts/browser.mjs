// 浏览器测试用的 Chromium 或 Chrome: 先找, 找不到就装 (Debian, Ubuntu), 装不了就说清楚缺什么
import path from 'node:path';
import { missingFontPackages, warnAboutFonts } from './fonts.mjs';
import { ScriptError } from './lib.mjs';
import { findOnPath, installPackages, isExecutable, manualCommand, probe } from './system-packages.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const MAC_APPS = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
const WINDOWS_PATHS = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];
const BROWSER_PACKAGES = ['chromium'];

/** 返回浏览器的路径; Linux 上顺便保证有中文字体。错误: 没有浏览器又装不上时抛 ScriptError */
export async function ensureBrowser() {
  const chosen = process.env['SLUICE_TEST_BROWSER'];
  if (chosen && !isExecutable(chosen)) {
    throw new ScriptError(`SLUICE_TEST_BROWSER 指向的 ${chosen} 不存在或不能执行`);
  }
  const found = chosen || findBrowser();
  const missing = [...(found === undefined ? BROWSER_PACKAGES : []), ...missingFontPackages()];
  if (missing.length === 0) return found;
  const reason = await installPackages(missing);
  if (reason !== undefined && found !== undefined) warnAboutFonts(reason);
  const browser = found ?? findBrowser();
  if (browser === undefined) throw new ScriptError(explain(reason, missing));
  return browser;
}

/** 已经装好的; 没有则为 undefined */
export function findBrowser() {
  if (process.platform === 'win32') return windowsPaths().find(isExecutable);
  // 试运行一次: Ubuntu 的 chromium-browser 可能只是让人去装 snap 的脚本
  const onPath = NAMES.map(findOnPath).find((file) => file !== undefined && probe(file, ['--version']).ok);
  return onPath ?? MAC_APPS.map(macPath).find(isExecutable);
}

function macPath(name) {
  return `/Applications/${name}.app/Contents/MacOS/${name}`;
}

function windowsPaths() {
  const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].map((name) => process.env[name]);
  return roots.filter(Boolean).flatMap((root) => WINDOWS_PATHS.map((file) => path.join(root, file)));
}

function explain(reason, packages) {
  const install =
    process.platform === 'linux'
      ? `  Debian: ${manualCommand(packages)}\n  Ubuntu 与其他发行版: 安装 Google Chrome, Microsoft Edge 或发行版自己的 chromium (不要 snap)`
      : '  安装 Google Chrome, 或 Microsoft Edge';
  return [
    `浏览器测试需要 Chromium, Chrome 或 Edge, 但没有找到: ${reason ?? '装好的包里没有能运行的浏览器'}。`,
    '请先安装:',
    install,
    '装在别处时用 SLUICE_TEST_BROWSER=/路径 指明; 用 SLUICE_SKIP_BROWSER=1 可以跳过浏览器测试。',
  ].join('\n');
}
