// npm test: 装依赖, 构建, 检查, 再跑全部测试; 参数是测试文件名的一部分, 例如 npm test -- codec
import path from 'node:path';
import { ensureReady, listFiles, main, ROOT, runNode, ScriptError, say } from './lib.mjs';

// 每个文件的上限; 卡住的测试不能让整套测试没有尽头
const FILE_TIMEOUT_MS = 300_000;

const filters = process.argv.slice(2);

// 按顺序执行, 全部跑完再报; Python 与浏览器的测试加在这里: [名字, 返回退出码的函数]
const STEPS = [
  ['检查', () => (process.env['SLUICE_SKIP_CHECK'] ? 0 : runNode([path.join(ROOT, 'scripts', 'check.mjs')]))],
  ['服务器测试', runServerTests],
];

await main(async () => {
  await ensureReady();
  const failures = [];
  for (const [name, run] of STEPS) {
    const code = await run();
    if (code !== 0) failures.push({ name, code });
  }
  if (failures.length === 0) return 0;
  throw new ScriptError(`没有通过: ${failures.map(({ name }) => name).join(', ')}`, failures[0].code);
});

async function runServerTests() {
  const files = listFiles('dist/test').filter((file) => file.endsWith('.test.js') && isWanted(file));
  if (files.length === 0) throw new ScriptError(`没有名字含 ${filters.join(', ')} 的测试文件`);
  say(`运行 ${files.length} 个测试文件`);
  const flags = ['--test-concurrency=2', `--test-timeout=${FILE_TIMEOUT_MS}`, '--test-reporter=spec'];
  return runNode(['--test', ...flags, ...files.sort()], { stdio: 'inherit', env: testEnvironment() });
}

function isWanted(file) {
  return filters.length === 0 || filters.some((filter) => path.basename(file).includes(filter));
}

// 开发者自己设的 SLUICE_PORT 之类不能左右测试
function testEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^SLUICE_(?!SKIP_|TEST_)/.test(name));
  return { ...Object.fromEntries(kept), FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
}
