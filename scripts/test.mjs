// npm test: 装依赖, 构建, 检查, 再跑全部测试; 参数是测试文件名的一部分, 例如 npm test -- codec
import fs from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { runChecks } from './checks.mjs';
import { codeOf, ensureReady, failuresOf, listFiles, main, ROOT, ScriptError, say } from './lib.mjs';
import { runNodeTests } from './node-test.mjs';
import { runPytest } from './pytest.mjs';
import { ensurePythons, ensureScreen } from './python.mjs';
import { ensureTestEnvironment } from './python-environment.mjs';

const filters = process.argv.slice(2);

// 一组接一组, 组里的同时进行, 全部跑完再报: [名字, 返回没有通过的各项的函数]。
// 网页与 Python 的测试各自多在等, 加起来用不满两个核; Python 的输出攒着, 不会混在一起
const GROUPS = [
  [['检查', () => (process.env['SLUICE_SKIP_CHECK'] ? [] : runChecks())]],
  [['服务器测试', runServerTests]],
  [
    ['浏览器测试', runWebTests],
    ['Python 测试', runPythonTests],
  ],
];
// 各步一共选中多少个测试文件; 0 说明过滤的名字写错了
let selected = 0;
// 装 Python 的依赖多在等网络: 与服务器测试同时进行
let pythonReady = Promise.resolve();

await main(async () => {
  await ensureReady();
  const outcomes = [];
  for (const group of GROUPS) outcomes.push(...(await Promise.all(group.map(runStep))));
  if (selected === 0) throw new ScriptError(`没有名字含 ${filters.join(', ')} 的测试文件`);
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  if (failed.length > 0) throw new ScriptError(`没有通过:\n${failed.map(summaryOf).join('\n')}`);
});

async function runStep([name, run]) {
  const startedMs = performance.now();
  const failures = await failuresOf(run);
  say(`${name}: 用时 ${((performance.now() - startedMs) / 1000).toFixed(0)} 秒`);
  return { name, failures };
}

// 在最后再说一遍: CI 的记录往往只留下结尾
function summaryOf({ name, failures }) {
  return `${name}: ${failures.length} 项\n${failures.join('\n').replace(/^/gm, '  ')}`;
}

// 装不成的不算, 由用到它的那一步再试并说明
async function preparePython() {
  if (process.env['SLUICE_SKIP_PYTHON'] || pythonTestFiles().length === 0) return;
  await codeOf(async () => {
    await ensureScreen();
    for (const python of await ensurePythons()) await ensureTestEnvironment(python);
  });
}

async function runServerTests() {
  pythonReady = preparePython();
  // 意外的错误由等它的那一步抛出, 不在这里中断进程
  pythonReady.catch(() => {});
  return runTestFiles(listFiles('dist/test').filter((file) => file.endsWith('.test.js')));
}

// 各子文件夹里是纯逻辑, 不需要浏览器: 只选中它们时不装, 跳过浏览器时照跑
async function runWebTests() {
  // 到这里才加载: 它需要 esbuild, 而依赖可能是刚装的
  const { buildWebTests } = await import('./build-web-test.mjs');
  const files = (await buildWebTests()).filter(isWanted);
  const models = files.filter((file) => /^dist\/web-test\/[^/]+\//.test(file));
  // 源码映射: 打包后的行号对不上源文件。一次一个: 一个 Chromium 就占满两个核, 两个并不更快
  const options = { nodeFlags: ['--enable-source-maps'], concurrency: 1 };
  if (models.length === files.length) return runTestFiles(files, options);
  if (process.env['SLUICE_SKIP_BROWSER']) {
    say(`!!! 跳过 ${files.length - models.length} 个浏览器测试文件 (SLUICE_SKIP_BROWSER) !!!`);
    selected += files.length - models.length;
    return runTestFiles(models, options);
  }
  // 系统的包一次只能装一个
  await pythonReady;
  const environment = { SLUICE_TEST_BROWSER: await ensureBrowser(), ...(await desktopFor(files)) };
  return runTestFiles(files, { ...options, environment });
}

// 与桌面客户端同处一室的测试从这个变量得到它的 Python; 打包后的文件里提到才准备
async function desktopFor(files) {
  const name = 'SLUICE_TEST_PYTHON';
  if (process.env['SLUICE_SKIP_PYTHON']) return {};
  if (!files.some((file) => fs.readFileSync(path.join(ROOT, file), 'utf8').includes(name))) return {};
  let executable;
  const code = await codeOf(async () => {
    await ensureScreen();
    executable = await ensureTestEnvironment((await ensurePythons()).at(-1));
    return 0;
  });
  // 准备不成只让用到它的测试失败
  return code === 0 ? { [name]: executable } : {};
}

async function runPythonTests() {
  const files = pythonTestFiles();
  selected += files.length;
  if (files.length === 0) return [];
  if (process.env['SLUICE_SKIP_PYTHON']) {
    say(`!!! 跳过 ${files.length} 个 Python 测试文件 (SLUICE_SKIP_PYTHON) !!!`);
    return [];
  }
  await pythonReady;
  return runPytest(files, testEnvironment());
}

function pythonTestFiles() {
  return listFiles('python_client/tests').filter((file) => /\/test_\w+\.py$/.test(file) && isWanted(file));
}

async function runTestFiles(candidates, { nodeFlags = [], concurrency = 2, environment = {} } = {}) {
  const files = candidates.filter(isWanted).sort();
  selected += files.length;
  if (files.length === 0) return [];
  say(`运行 ${files.length} 个测试文件`);
  return runNodeTests(files, {
    nodeFlags,
    concurrency,
    environment: { ...testEnvironment(), ...environment },
  });
}

function isWanted(file) {
  return filters.length === 0 || filters.some((filter) => path.basename(file).includes(filter));
}

// 开发者自己设的 SLUICE_PORT 之类不能左右测试
function testEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^SLUICE_(?!SKIP_|TEST_)/.test(name));
  return { ...Object.fromEntries(kept), FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
}
