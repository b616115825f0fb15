// 在每个选中的 Python 上运行 pytest; 同时运行: 测试多在等服务器与窗口, 两个一起约快一倍。输出各自攒着, 跑完再印。
// 窗口的测试只在最旧的上跑 (Tk 是同一套), 其余的 Python 上只跑一个 test_window_smoke.py
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exitCodeOf, failuresOf, ROOT, readText, say } from './lib.mjs';
import { ensurePythons, ensureScreen } from './python.mjs';
import { ensureTestEnvironment } from './python-environment.mjs';
import { OLDEST_MINOR, versionText } from './python-find.mjs';

// 一个 Python 的全部测试 (平日三四分钟, 与浏览器的同时跑); 单个测试卡住时, faulthandler_timeout (pyproject.toml) 早已打印各线程的栈
const TIMEOUT_MS = 600_000;
// 超时先当作 Ctrl-C, 让测试停下自己起的服务器与虚拟屏幕; 再等这么久就强行结束
const GRACE_MS = 15_000;
const SETTINGS = ['-c', 'python_client/pyproject.toml', '--rootdir', '.'];

// 结尾的摘要: 每个没有通过的测试一行 (CI=true 时是错误的全文)
const SUMMARY = /^=+ short test summary info =+$/m;
const SUMMARY_CHARACTERS = 8000;

const WINDOW = /\/test_window_(?!smoke\.py$)\w+\.py$/;
// pytest 说它写好了 report.xml
const XML_NOTE = /^-+ generated xml file: .*\n/m;
// 属性里的换行与引号已经转义, 所以一个标签总在一行里
const CASE = /<testcase classname="([^"]*)" name="([^"]*)" time="([\d.]+)"/g;

/**
 * 返回没有通过的各项; 一个 Python 没有通过或装不上不妨碍下一个。每个测试的用时记进 durations。
 * 错误: 没有 Python, 或 needsScreen 而没有屏幕时抛 ScriptError
 */
export async function runPytest(files, { environment, durations, needsScreen }) {
  if (needsScreen) await ensureScreen();
  const pythons = await ensurePythons();
  warnAboutVersions(pythons);
  const failures = await Promise.all(
    pythons.map((python, index) => {
      const own = index === 0 ? files : files.filter((file) => !WINDOW.test(file));
      return failuresOf(() => runOn(python, own, { environment, durations }));
    }),
  );
  return failures.flat();
}

async function runOn(python, files, { environment, durations }) {
  if (files.length === 0) return [];
  const executable = await ensureTestEnvironment(python);
  const version = versionText(python.version);
  say(`在 Python ${version} 上运行 ${files.length} 个测试文件`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-pytest-'));
  const output = path.join(folder, 'output.txt');
  const report = path.join(folder, 'report.xml');
  try {
    const code = await runInto(output, executable, [...files, `--junit-xml=${report}`], environment);
    say(`---- Python ${version} ----`);
    const text = fs.readFileSync(output, 'utf8');
    process.stdout.write(text.replace(XML_NOTE, ''));
    durations.push(...durationsIn(report, version));
    if (code === 0) return [];
    const summary = (text.split(SUMMARY)[1] ?? '').trimEnd().slice(0, SUMMARY_CHARACTERS);
    return [`Python ${version}, 退出码 ${code}${summary}`];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function durationsIn(report, version) {
  return [...readText(report).matchAll(CASE)].map(([, module, name, seconds]) => ({
    name,
    place: `${module.split('.').at(-1)}.py, Python ${version}`,
    ms: Number(seconds) * 1000,
  }));
}

// 输出写进文件而不是管道: 没有收尾的孙进程会一直占着管道
async function runInto(output, executable, args, environment) {
  const descriptor = fs.openSync(output, 'w');
  const child = spawn(executable, ['-m', 'pytest', ...SETTINGS, ...args], {
    cwd: ROOT,
    stdio: ['ignore', descriptor, descriptor],
    // pytest 把 FORCE_COLOR=0 也当作要颜色, PY_COLORS 压过它
    env: { ...environment, PYTHONDONTWRITEBYTECODE: '1', PY_COLORS: process.stdout.isTTY ? '1' : '0' },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGINT',
  });
  fs.closeSync(descriptor);
  const kill = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS + GRACE_MS);
  return exitCodeOf(child).finally(() => clearTimeout(kill));
}

function warnAboutVersions(pythons) {
  if (process.env['SLUICE_TEST_PYTHONS']) return;
  const versions = pythons.map(({ version }) => versionText(version)).join(', ');
  if (pythons.length === 1) say(`警告: 只有一个合适的 Python, 只在 ${versions} 上测试`);
  else if (pythons[0].minor !== OLDEST_MINOR) say(`警告: 没有 Python ${OLDEST_MINOR}, 在 ${versions} 上测试`);
}
