// 测试桌面客户端用的 Python: 支持的版本里最旧与最新的; 只找, 不装
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ScriptError } from './lib.mjs';
import { findOnPath, isExecutable, probe } from './system-packages.mjs';

// 客户端承诺的最低版本
const OLDEST = [3, 8, 8];
export const OLDEST_MINOR = '3.8';
// requirements.in 里固定的 Pillow 有 wheel 的最新版本; 升级那里时一起改, 再 npm run locks
const NEWEST_MINOR = 14;
/** 支持的各个次版本, 旧的在前: 3.8, 3.9, ...; 每个有自己的锁 */
export const MINORS = Array.from(
  { length: NEWEST_MINOR - OLDEST[1] + 1 },
  (_, index) => `${OLDEST[0]}.${OLDEST[1] + index}`,
);
export const SUPPORTED = `${versionText(OLDEST)} 到 ${OLDEST[0]}.${NEWEST_MINOR}`;
const IS_WINDOWS = process.platform === 'win32';
// tkinter 与 ensurepip 在 Debian 上是单独的包, 有 python3 不等于有它们
const PROBE = `
import json, sys
missing = []
for name in ("tkinter", "venv", "ensurepip"):
    try:
        __import__(name)
    except ImportError:
        missing.append(name)
print(json.dumps([sys.executable, list(sys.version_info[:3]), sys.implementation.name, missing]))
`;

/**
 * 返回 { pythons: [{ command, version, minor }], rejected: [一句原因] }; 旧的在前, 两个, 一个或没有。
 * SLUICE_TEST_PYTHONS (以 path.delimiter 分隔) 指定时就是它们; 其中有不能用的抛 ScriptError。
 */
export function findPythons() {
  const chosen = process.env['SLUICE_TEST_PYTHONS'];
  const found = (chosen ? chosen.split(path.delimiter) : candidates()).map(examine);
  const usable = found.filter(({ reason }) => reason === undefined).sort(byVersion);
  // 起不来的候选不值得说: pyenv 给没有启用的版本也留着空壳
  const rejected = unique(found.filter(({ runs }) => chosen || runs).flatMap(({ reason }) => reason ?? []));
  if (!chosen) return { pythons: ends(usable), rejected };
  if (rejected.length === 0) return { pythons: usable, rejected };
  throw new ScriptError(`SLUICE_TEST_PYTHONS 里有不能用的: ${rejected.join('; ')}`);
}

/** [3, 8, 18] -> 3.8.18 */
export function versionText(version) {
  return version.join('.');
}

// 同一个次版本取补丁号大的
function ends(sorted) {
  const newest = sorted.at(-1);
  const oldest = sorted.findLast(({ minor }) => minor === sorted[0].minor);
  return unique([oldest, newest].filter((python) => python !== undefined));
}

/** 一个候选; 能用的没有 reason */
function examine(command) {
  const { ok, output } = probe(command, ['-c', PROBE]);
  if (!ok) return { runs: false, reason: `${command} 不能运行` };
  const [executable, version, implementation, missing] = JSON.parse(output);
  const problem = problemOf(version, implementation, missing);
  if (problem === undefined) return { command: executable, version, minor: versionText(version.slice(0, 2)) };
  return { runs: true, reason: `${executable} (${versionText(version)}) ${problem}` };
}

function problemOf(version, implementation, missing) {
  if (compare(version, OLDEST) < 0) return '太旧';
  if (version[0] > OLDEST[0] || version[1] > NEWEST_MINOR) return '太新, 固定的依赖还不支持';
  // PyPy 没有 Pillow 的 wheel
  if (implementation !== 'cpython') return '不是 CPython';
  return missing.length === 0 ? undefined : `缺 ${missing.join(', ')}`;
}

function candidates() {
  const names = IS_WINDOWS
    ? ['python.exe']
    : ['python3', 'python', ...MINORS.map((minor) => `python${minor}`)];
  const onPath = names.map(findOnPath).filter((file) => file !== undefined);
  const files = [...onPath, ...pyenvPythons(), ...launcherPythons()].filter(isExecutable);
  // 系统自带的 python3 也是 python3.11 的链接: 只试一次
  return unique(files.map((file) => fs.realpathSync(file)));
}

function pyenvPythons() {
  const versions = path.join(process.env['PYENV_ROOT'] || path.join(os.homedir(), '.pyenv'), 'versions');
  if (!fs.existsSync(versions)) return [];
  const names = fs.readdirSync(versions);
  return names.map((name) => path.join(versions, name, 'bin', 'python'));
}

// Windows 的启动器列出全部已安装的: " -V:3.12 *        C:\...\python.exe"
function launcherPythons() {
  if (!IS_WINDOWS) return [];
  return [...probe('py', ['-0p']).output.matchAll(/[A-Za-z]:\\.*python\.exe/g)].map(([file]) => file);
}

function byVersion(left, right) {
  return compare(left.version, right.version);
}

function compare(left, right) {
  const index = left.findIndex((part, position) => part !== right[position]);
  return index < 0 ? 0 : left[index] - right[index];
}

function unique(items) {
  return [...new Set(items)];
}
