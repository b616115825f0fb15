// 压测的入口: 选名字, 逐项运行, 写结果; 有一项未达到就以 1 退出
import { rmSync } from 'node:fs';
import { runDesktopLargeBench } from './desktop-large.js';
import { runDownloadBench } from './download.js';
import { runDurableBench } from './durable.js';
import { runFollowBench } from './follow.js';
import { runHistoryBench } from './history.js';
import { runIdleBench } from './idle.js';
import { runLargeBench } from './large.js';
import { FOREIGN_LIMIT, watchForeignLoad } from './lib/foreign-load.js';
import { HELP, type Options, parseOptions } from './lib/options.js';
import { processStatsAvailable } from './lib/process-stats.js';
import { publishReport, type Report } from './lib/report.js';
import { runMixedBench } from './mixed.js';
import { runRestartBench } from './restart.js';
import { runSlowBench } from './slow.js';
import { runSoakBench } from './soak.js';
import { runStormBench } from './storm.js';
import { runUploadBench } from './upload.js';
import { runWebLargeBench } from './web-large.js';
import { runWebLoadBench } from './web-load.js';

type Bench = (options: Options) => Promise<Report>;

/** 不写名称时跑这几项 */
const DEFAULT_BENCHES: readonly (readonly [string, Bench])[] = [
  ['upload', runUploadBench],
  ['download', runDownloadBench],
  ['mixed', runMixedBench],
  ['large', runLargeBench],
  ['durable', runDurableBench],
];
const BENCHES = new Map<string, Bench>([
  ...DEFAULT_BENCHES,
  ['idle', runIdleBench],
  ['storm', runStormBench],
  ['slow', runSlowBench],
  ['restart', runRestartBench],
  // 要几分钟, 又占满两个核: 点名才跑
  ['follow', runFollowBench],
  // 半小时: 点名才跑
  ['soak', runSoakBench],
  // 一百万条消息要灌一两分钟: 点名才跑
  ['history', runHistoryBench],
  // 要装 Chromium (desktop-large 还要 Python 与虚拟屏幕), 且各要几分钟: 点名才跑
  ['web-large', runWebLargeBench],
  ['web-load', runWebLoadBench],
  ['desktop-large', runDesktopLargeBench],
]);

/** 返回是否全部达到 */
async function main(argv: readonly string[]): Promise<boolean> {
  if (argv.includes('--help')) {
    console.log(HELP);
    return true;
  }
  const { names, options } = parseOptions(argv);
  if (!processStatsAvailable()) throw new Error('压测要读 /proc 里的 CPU 与内存, 只能在 Linux 上运行');
  let passed = true;
  for (const name of names.length > 0 ? names : DEFAULT_BENCHES.map(([known]) => known)) {
    const run = BENCHES.get(name);
    if (run === undefined) throw new Error(`没有名为 ${name} 的压测; 可选 ${[...BENCHES.keys()].join(', ')}`);
    console.log(`\n== ${name} ==`);
    const foreign = watchForeignLoad();
    const report = await run(options);
    publishReport(withForeignLoad(report, foreign(report.hiddenCpuSeconds)), options.publish);
    passed &&= report.claims.every((claim) => claim.passed);
  }
  // 中途出错时不到这里: 日志留着备查
  rmSync(options.work, { recursive: true, force: true });
  return passed;
}

function withForeignLoad(report: Report, share: number): Report {
  const percent = `别的进程占用了全机 CPU 的 ${(share * 100).toFixed(1)}%`;
  const note = share > FOREIGN_LIMIT ? `${percent}, 机器不安静, 这些数字不作数` : percent;
  return { ...report, notes: [...report.notes, note] };
}

// Ctrl+C: 走正常退出, 服务器与发生器随 exit 事件与 IPC 断开一并结束
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

main(process.argv.slice(2)).then(
  (passed) => process.exit(passed ? 0 : 1),
  (error: unknown) => {
    console.error(`压测中止: ${error instanceof Error ? error.message : String(error)}`);
    console.error('服务器的日志留在临时目录的 run-* 里');
    process.exit(2);
  },
);
