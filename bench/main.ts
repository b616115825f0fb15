// 压测的入口: 选名字, 逐项运行, 写结果; 有一项未达到就以 1 退出
import { rmSync } from 'node:fs';
import { desktopLargeBench } from './desktop-large.js';
import { downloadBench } from './download.js';
import { durableBench } from './durable.js';
import { fanoutBench } from './fanout.js';
import { followBench } from './follow.js';
import { historyBench } from './history.js';
import { idleBench } from './idle.js';
import { largeBench } from './large.js';
import { benchHelp, overview } from './lib/bench-help.js';
import { FOREIGN_LIMIT, watchForeignLoad } from './lib/foreign-load.js';
import {
  type Bench,
  expectedSeconds,
  type Options,
  optionsFor,
  parseCommand,
  UsageError,
} from './lib/options.js';
import { processStatsAvailable } from './lib/process-stats.js';
import { publishReport, type Report } from './lib/report.js';
import { mixedBench } from './mixed.js';
import { restartBench } from './restart.js';
import { slowBench } from './slow.js';
import { soakBench } from './soak.js';
import { stormBench } from './storm.js';
import { uploadBench } from './upload.js';
import { webLargeBench } from './web-large.js';
import { webLoadBench } from './web-load.js';

/** 不写名称时按这个次序跑 byDefault 的几项 */
const BENCHES: readonly Bench[] = [
  uploadBench,
  downloadBench,
  mixedBench,
  largeBench,
  durableBench,
  fanoutBench,
  idleBench,
  stormBench,
  slowBench,
  restartBench,
  soakBench,
  followBench,
  historyBench,
  webLargeBench,
  webLoadBench,
  desktopLargeBench,
];

/** 返回是否全部达到 */
async function main(argv: readonly string[]): Promise<boolean> {
  const command = parseCommand(argv, BENCHES);
  const { benches, given } = command;
  if (given.help === true) {
    const named = argv.some((word) => !word.startsWith('-'));
    console.log(named ? benches.map(benchHelp).join('\n\n') : overview(BENCHES));
    return true;
  }
  if (!processStatsAvailable()) throw new Error('压测要读 /proc 里的 CPU 与内存, 只能在 Linux 上运行');
  // 先全部算出: 参数不对时一项也不跑
  const plan = benches.map((bench) => {
    const options = optionsFor(bench, command);
    return { bench, options, seconds: expectedSeconds(bench, options) };
  });
  const total = plan.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`共 ${plan.length} 项, 约 ${Math.ceil(total / 60)} 分钟`);
  let passed = true;
  for (const [index, { bench, options, seconds }] of plan.entries()) {
    console.log(`\n== ${index + 1}/${plan.length} ${bench.name} (约 ${seconds} s) ==`);
    passed = (await runOne(bench, options)) && passed;
  }
  // 中途出错时不到这里: 日志留着备查
  for (const { options } of plan) rmSync(options.work, { recursive: true, force: true });
  return passed;
}

async function runOne(bench: Bench, options: Options): Promise<boolean> {
  const startedMs = performance.now();
  const foreign = watchForeignLoad();
  const report = await bench.run(options);
  publishReport(withForeignLoad(report, foreign(report.hiddenCpuSeconds)), options.publish);
  console.log(`${bench.name} 用了 ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  return report.claims.every((claim) => claim.passed);
}

function withForeignLoad(report: Report, share: number): Report {
  const percent = `别的进程占用了全机 CPU 的 ${(share * 100).toFixed(1)}%`;
  const note = share > FOREIGN_LIMIT ? `${percent}, 机器不安静, 这些数字不作数` : percent;
  return { ...report, notes: [...report.notes, note] };
}

// Ctrl+C: 走正常退出, 服务器与发生器随 exit 事件与 IPC 断开一并结束
// 一直接着: 再来一次 (连按, 或 npm 又转发一遍) 也不能打断 exit 里的清扫
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

main(process.argv.slice(2)).then(
  (passed) => process.exit(passed ? 0 : 1),
  (error: unknown) => {
    console.error(`压测中止: ${error instanceof Error ? error.message : String(error)}`);
    if (!(error instanceof UsageError)) console.error('服务器的日志留在临时目录的 run-* 里');
    process.exit(2);
  },
);
