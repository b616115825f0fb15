// 跑 node --test: 照常打印, 另外收集没有通过的各项与各测试的用时
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, readText, runNode, say } from './lib.mjs';

// 每个文件的上限; 卡住的测试不能让整套测试没有尽头
const FILE_TIMEOUT_MS = 300_000;
const RESULT_REPORTER = path.join(ROOT, 'scripts', 'result-reporter.mjs');

/** 返回没有通过的各项, 每项是几行文字; 每个测试的用时记进 durations */
export async function runNodeTests(files, { nodeFlags, concurrency, environment, durations }) {
  // node --test 不带文件名会自己去找
  if (files.length === 0) return [];
  say(`运行 ${files.length} 个测试文件`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-results-'));
  const report = path.join(folder, 'report.txt');
  const flags = [
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${RESULT_REPORTER}`, `--test-reporter-destination=${report}`],
  ];
  try {
    const code = await runNode([...nodeFlags, '--test', ...flags, ...[...files].sort()], {
      stdio: 'inherit',
      env: environment,
    });
    const results = resultsIn(report);
    durations.push(...results.filter(({ ms }) => ms !== undefined));
    if (code === 0) return [];
    const failures = results.flatMap(({ failure }) => failure ?? []);
    // 一段也没有: node --test 自己没有跑完
    return failures.length > 0 ? failures : [`node --test 的退出码是 ${code}`];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// 被强行结束时最后一行可能只有半截
function resultsIn(report) {
  const lines = readText(report).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}
