// 跑 node --test: 照常打印, 另外收集没有通过的各项
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, readText, runNode } from './lib.mjs';

// 每个文件的上限; 卡住的测试不能让整套测试没有尽头
const FILE_TIMEOUT_MS = 300_000;
const FAILURE_REPORTER = path.join(ROOT, 'scripts', 'failure-reporter.mjs');

/** files 不能为空 (node --test 不带文件名会自己去找); 返回没有通过的各项, 每项是几行文字 */
export async function runNodeTests(files, { nodeFlags, concurrency, environment }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-failures-'));
  const report = path.join(folder, 'report.txt');
  const flags = [
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${FAILURE_REPORTER}`, `--test-reporter-destination=${report}`],
  ];
  try {
    const code = await runNode([...nodeFlags, '--test', ...flags, ...files], {
      stdio: 'inherit',
      env: environment,
    });
    return code === 0 ? [] : (failuresIn(report) ?? [`node --test 的退出码是 ${code}`]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// 每段以不缩进的一行起头; 一段也没有: node --test 自己没有跑完
function failuresIn(report) {
  const text = readText(report).trimEnd();
  return text === '' ? undefined : text.split(/\n(?=\S)/);
}
