// 第三部分: 各家最高能持续的速率, 与在那里每个 CPU 秒送达多少次
import type { Claim } from '../report.js';
import { formatSpread, pairedRatios } from '../statistics.js';
import { cpuPerDelivery, type FanoutRun, isWhole } from './audience.js';
import {
  barOf,
  COMMON_HEADER,
  commonCells,
  describe,
  type FanoutBench,
  generatorNotes,
  type Lane,
  type Part,
  spread,
} from './bench.js';
import { type Contestant, interleave } from './contestant.js';

const SUSTAINED_P99_MS = 250;
/** 最后一条说完之后至多再等这么久 (秒): 积压在涨的, 段再短也看得出来 */
const SUSTAINED_TAIL_SECONDS = 0.1;
const STEP = 1.6;
/** 上下界之比小于此就不再细分 */
const RESOLUTION = 1.3;
const MAX_STEPS = 8;
const HIGHEST_RATE = 12_000;

/** 从哪里起试 (条/秒, 一千个听众时): 估得近就少试几步 */
export interface Seeker {
  readonly contestant: Contestant;
  readonly startRate: number;
}

interface LimitLane extends Lane {
  readonly contestant: Contestant;
  readonly ratePerSecond: number;
}

function isSustained(run: FanoutRun): boolean {
  const tailSeconds = run.seconds - (run.sent - 1) / run.ratePerSecond;
  return isWhole(run) && run.latency.p99Ms < SUSTAINED_P99_MS && tailSeconds < SUSTAINED_TAIL_SECONDS;
}

/** 各家须已启动。sluice 是第一个 */
export async function measureLimit(bench: FanoutBench, seekers: readonly Seeker[]): Promise<Part> {
  const lanes: LimitLane[] = [];
  for (const { contestant, startRate } of seekers) {
    const ratePerSecond = await seek(bench, contestant, (startRate * 1000) / bench.receivers);
    console.log(`  ${contestant.label} 至多 ${ratePerSecond} 条/秒`);
    lanes.push({ label: contestant.label, contestant, ratePerSecond, runs: [] });
  }
  // 找到之后再交替复测: 每 CPU 秒的送达取自这几轮
  await interleave(bench.rounds, lanes, async (lane) => {
    const run = await attempt(bench, lane.contestant, lane.ratePerSecond);
    lane.runs.push(run);
    if (!isWhole(run)) await lane.contestant.reopen();
  });
  return {
    tables: [
      {
        title:
          `${bench.receivers} 个听众, 各家最高能持续的速率 (一条不丢, p99 < ${SUSTAINED_P99_MS} ms, 说完 ${SUSTAINED_TAIL_SECONDS * 1000} ms 之内送完); ` +
          '复测各轮的中位数 (最小-最大)',
        header: ['', '条/秒', '万次送达/秒', '万次送达/CPU 秒', '复测合格', ...COMMON_HEADER],
        rows: lanes.map((lane) => [
          lane.label,
          String(lane.ratePerSecond),
          spread(lane, (run) => run.deliveries / run.seconds / 1e4, 1),
          spread(lane, (run) => 100 / cpuPerDelivery(run), 1),
          `${lane.runs.filter(isSustained).length} / ${lane.runs.length}`,
          ...commonCells(lane),
        ]),
      },
    ],
    claims: claims(lanes),
    charts: [
      {
        kind: 'bars',
        title: `各家最高能持续的速率上, 万次送达/CPU 秒, ${bench.receivers} 个听众 (越高越好)`,
        bars: lanes.map((lane) => barOf(lane, (run) => 100 / cpuPerDelivery(run))),
        digits: 0,
      },
    ],
    notes: generatorNotes('最高速率', lanes),
    raw: lanes.map(({ label, ratePerSecond, runs }) => ({ label, ratePerSecond, runs })),
  };
}

async function attempt(
  bench: FanoutBench,
  contestant: Contestant,
  ratePerSecond: number,
): Promise<FanoutRun> {
  const run = await contestant.run({ ratePerSecond, durationMs: bench.durationMs });
  console.log(`  ${describe(contestant.label, run)}`);
  return run;
}

/** 几何级数上探 (或下探) 到夹住, 再折半一两次; 返回能持续的最高速率, 一步都不成则为试过的最低者 */
async function seek(bench: FanoutBench, contestant: Contestant, startRate: number): Promise<number> {
  let good: number | undefined;
  let bad: number | undefined;
  let rate = Math.round(startRate);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const run = await attempt(bench, contestant, rate);
    if (isSustained(run)) good = rate;
    else bad = rate;
    if (!isWhole(run)) await contestant.reopen();
    if (good !== undefined && (good >= HIGHEST_RATE || (bad !== undefined && bad / good < RESOLUTION))) break;
    rate = nextRate(good, bad);
  }
  return good ?? rate;
}

function nextRate(good: number | undefined, bad: number | undefined): number {
  if (good === undefined) return Math.max(1, Math.round(bad! / STEP));
  if (bad === undefined) return Math.min(HIGHEST_RATE, Math.round(good * STEP));
  return Math.round(Math.sqrt(good * bad));
}

const LEAST_RATIO: ReadonlyMap<string, number> = new Map([
  ['Socket.IO', 10],
  ['ws', 8],
]);

function claims(lanes: readonly LimitLane[]): Claim[] {
  const perCpuSecond = (lane: LimitLane): number[] => lane.runs.map((run) => 1e6 / cpuPerDelivery(run));
  const sluices = lanes.filter(({ contestant }) => contestant.entry.dialect.startsWith('sluice'));
  return sluices.flatMap((sluice) =>
    lanes.flatMap((other): Claim[] => {
      const least = LEAST_RATIO.get(other.label);
      if (least === undefined) return [];
      const ratio = pairedRatios(perCpuSecond(sluice), perCpuSecond(other));
      const text = `${sluice.label}: 每 CPU 秒的送达不少于 ${other.label} 的 ${least} 倍, 各在自己最高能持续的速率上`;
      return [{ text, value: formatSpread(ratio, 1), passed: ratio.median >= least }];
    }),
  );
}
