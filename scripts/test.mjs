// npm test: 装依赖, 构建, 检查, 再跑测试: 快的, 真的, 慢的轮到的一份; 参数见 test-options.mjs
import path from 'node:path';
import { runChecks } from './checks.mjs';
import { codeOf, ensureReady, failuresOf, main, ScriptError, say } from './lib.mjs';
import { runNodeTests } from './node-test.mjs';
import { runPytest } from './pytest.mjs';
import { ensurePythons, ensureScreen } from './python.mjs';
import { ensureTestEnvironment } from './python-environment.mjs';
import { slowestText } from './slowest.mjs';
import { selectTests } from './test-files.mjs';
import { readOptions, readSeed } from './test-options.mjs';
import { sayVersions } from './versions.mjs';
import { bundleWebTests, runWebTests } from './web-tests.mjs';

/** 各步一起往里记, 最后排出最慢的: { name, place, ms } */
const durations = [];

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  const seed = readSeed();
  await ensureReady();
  sayVersions();
  say(`种子: SLUICE_TEST_SEED=${seed} (缺省是日期) 重复这一次`);
  const tests = await selectTests(options, seed);
  const context = { environment: testEnvironment(seed), durations };
  const outcomes = [];
  for (const group of groupsOf(options, tests, context)) {
    outcomes.push(...(await Promise.all(group.map(runStep))));
  }
  say(slowestText(durations));
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  if (failed.length > 0) throw new ScriptError(`没有通过:\n${failed.map(summaryOf).join('\n')}`);
});

// 一组接一组, 组里的同时进行, 全部跑完再报: [名字, 返回没有通过的各项的函数, 用不用跑]。
// 网页与 Python 的测试各自多在等, 加起来用不满两个核; Python 的输出攒着, 不会混在一起
function groupsOf(options, tests, context) {
  const groups = [
    [['检查', () => runChecks(), options.checks]],
    fastSteps(tests, context),
    ...realSteps(tests, 'real', context),
    ...realSteps(tests, 'slow', context),
  ];
  return groups.map((group) => group.filter(([, , needed]) => needed));
}

function fastSteps(tests, context) {
  const [server, web, python] = ['server', 'web', 'python'].map((kind) => sourcesOf(tests, 'fast', kind));
  return [
    ['快的测试', () => runFastTests(server, web, context), server.length + web.length > 0],
    ['快的 Python 测试', () => runPythonTests(python, { ...context, needsScreen: false }), python.length > 0],
  ];
}

function realSteps(tests, lane, context) {
  const [server, web, python] = ['server', 'web', 'python'].map((kind) => sourcesOf(tests, lane, kind));
  const slow = lane === 'slow' ? ', 慢的' : '';
  return [
    [
      [`服务器测试${slow}`, () => runServerTests(server, context), server.length > 0],
      // 装 Python 的依赖与屏幕多在等网络: 与服务器测试同时进行
      [`准备 Python${slow}`, preparePython, python.length > 0 && !process.env['SLUICE_SKIP_PYTHON']],
    ],
    [
      [`浏览器测试${slow}`, () => runWebTests(web, context), web.length > 0],
      [
        `Python 测试${slow}`,
        () => runPythonTests(python, { ...context, needsScreen: true }),
        python.length > 0,
      ],
    ],
  ];
}

function sourcesOf(tests, lane, kind) {
  return tests.filter((test) => test.lane === lane && test.kind === kind).map(({ source }) => source);
}

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

async function runFastTests(server, web, context) {
  const files = [...server.map(compiled), ...(await bundleWebTests(web))];
  return runNodeTests(files, { ...context, nodeFlags: ['--enable-source-maps'], concurrency: 2 });
}

// 攻击的一个一个来: 旁人的快慢是量出来的, 两个一起跑就量到别的测试
async function runServerTests(sources, context) {
  const isAttack = (source) => path.basename(source).startsWith('attack-');
  const together = sources.filter((source) => !isAttack(source)).map(compiled);
  const alone = sources.filter(isAttack).map(compiled);
  return [
    ...(await runNodeTests(together, { ...context, nodeFlags: [], concurrency: 2 })),
    ...(await runNodeTests(alone, { ...context, nodeFlags: [], concurrency: 1 })),
  ];
}

function compiled(source) {
  return source.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js');
}

// 装不成的不算, 由用到它的那一步再试并说明
async function preparePython() {
  await codeOf(async () => {
    await ensureScreen();
    for (const python of await ensurePythons()) await ensureTestEnvironment(python);
  });
  return [];
}

async function runPythonTests(files, context) {
  if (!process.env['SLUICE_SKIP_PYTHON']) return runPytest(files, context);
  say(`!!! 跳过 ${files.length} 个 Python 测试文件 (SLUICE_SKIP_PYTHON) !!!`);
  return [];
}

// 开发者自己设的 SLUICE_PORT 之类不能左右测试
function testEnvironment(seed) {
  const kept = Object.entries(process.env).filter(([name]) => !/^SLUICE_(?!SKIP_|TEST_)/.test(name));
  const colors = process.stdout.isTTY ? '1' : '0';
  return { ...Object.fromEntries(kept), FORCE_COLOR: colors, SLUICE_TEST_SEED: String(seed) };
}
