// 第四部分: 每秒两百万次送达; 第五部分: 一百, 一千, 一万个听众, 每次送达的花费平不平
import type { Claim } from '../report.js';
import { formatSpread, pairedRatios, spreadOf } from '../statistics.js';
import { cpuPerDelivery, type FanoutRun, isWhole } from './audience.js';
import {
  COMMON_HEADER,
  commonCells,
  describe,
  type FanoutBench,
  generatorNotes,
  type Lane,
  linesOf,
  type Part,
  spread,
  wholeClaim,
} from './bench.js';
import { Contestant, type Entry, interleave } from './contestant.js';

const DELIVERIES_PER_SECOND = 2_000_000;
/** 比别的部分长: 积压要几秒才看得出来 */
const LONGER = 1.5;
const MILLIONS_P99_MS = 100;

interface Heavy extends Lane {
  readonly contestant: Contestant;
}

async function attempt(bench: FanoutBench, lane: Heavy, ratePerSecond: number): Promise<void> {
  const run = await lane.contestant.run({ ratePerSecond, durationMs: bench.durationMs * LONGER });
  lane.runs.push(run);
  console.log(`  ${describe(`${lane.label}, ${lane.contestant.receivers} 人`, run)}`);
  if (!isWhole(run)) await lane.contestant.reopen();
}

/** 这两部分的承诺不是比值: 对照组只为看清量级, 跑一轮 */
async function measureLanes(
  bench: FanoutBench,
  lanes: readonly Heavy[],
  ratePerSecond: number,
): Promise<void> {
  await interleave(1, lanes, (lane) => attempt(bench, lane, ratePerSecond));
  await interleave(bench.rounds - 1, lanes.filter(isSluice), (lane) => attempt(bench, lane, ratePerSecond));
}

/** 各家须已启动 */
export async function measureMillions(bench: FanoutBench, contestants: readonly Contestant[]): Promise<Part> {
  const lanes = contestants.map((contestant) => ({
    label: contestant.label,
    contestant,
    runs: [] as FanoutRun[],
  }));
  const ratePerSecond = DELIVERIES_PER_SECOND / bench.receivers;
  await measureLanes(bench, lanes, ratePerSecond);
  return {
    tables: [
      {
        title: `${bench.receivers} 个听众, 每秒 ${ratePerSecond} 条: 两百万次送达; 各轮的中位数 (最小-最大)`,
        header: ['', '万次送达/秒', ...COMMON_HEADER],
        rows: lanes.map((lane) => [
          lane.label,
          spread(lane, (run) => run.deliveries / run.seconds / 1e4, 1),
          ...commonCells(lane),
        ]),
      },
    ],
    claims: lanes.filter(isSluice).map(millionsClaim),
    charts: [],
    notes: generatorNotes('两百万次', lanes),
    raw: lanes.map(({ label, runs }) => ({ label, runs })),
  };
}

function isSluice({ contestant }: Heavy): boolean {
  return contestant.entry.dialect.startsWith('sluice');
}

function millionsClaim(lane: Lane): Claim {
  const p99 = spreadOf(lane.runs.map((run) => run.latency.p99Ms));
  const reached = spread(lane, (run) => run.deliveries / run.seconds / 1e4, 1);
  return {
    text: `${lane.label}: 每秒两百万次送达, p99 < ${MILLIONS_P99_MS} ms, 一条不丢`,
    value: `${reached} 万次/秒, p99 ${formatSpread(p99, 1)} ms`,
    passed: p99.median < MILLIONS_P99_MS && lane.runs.every(isWhole),
  };
}

const SIZES = [100, 1000, 10_000] as const;
const CROWD_RATE = 100;
const CROWD_P99_MS = 250;
const FLATNESS = 1.5;

/** 每种人数一台服务器, 同时在线, 轮流测 */
export async function measureCrowds(bench: FanoutBench, entries: readonly Entry[]): Promise<Part> {
  const lanes = entries.flatMap((entry) =>
    SIZES.map((size) => ({
      label: entry.label,
      contestant: new Contestant(bench.options, entry, size),
      runs: [] as FanoutRun[],
    })),
  );
  try {
    for (const { label, contestant } of lanes) {
      const startedMs = performance.now();
      await contestant.open();
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`  ${label}: ${contestant.receivers} 人加入, ${seconds} s`);
    }
    await measureLanes(bench, lanes, CROWD_RATE);
  } finally {
    await Promise.all(lanes.map(({ contestant }) => contestant.close()));
  }
  return {
    tables: [
      {
        title: `每秒 ${CROWD_RATE} 条, 听众从一百到一万; 各轮的中位数 (最小-最大)`,
        header: ['', '听众', ...COMMON_HEADER],
        rows: lanes.map((lane) => [lane.label, String(lane.contestant.receivers), ...commonCells(lane)]),
      },
    ],
    claims: entries.flatMap(({ label }) =>
      crowdClaims(lanes.filter((lane) => lane.label === label && isSluice(lane))),
    ),
    charts: [
      {
        kind: 'lines',
        title: `每次送达的服务器 CPU, 微秒, 每秒 ${CROWD_RATE} 条 (越低越好)`,
        xLabel: '听众',
        lines: linesOf(lanes, ({ contestant }) => contestant.receivers),
      },
    ],
    notes: generatorNotes('一百到一万人', lanes.map(withSize)),
    raw: lanes.map(({ label, contestant, runs }) => ({ label, receivers: contestant.receivers, runs })),
  };
}

function withSize({ label, contestant, runs }: Heavy): Lane {
  return { label: `${label} ${contestant.receivers} 人`, runs };
}

function crowdClaims(lanes: readonly Heavy[]): Claim[] {
  const [smallest] = lanes;
  const largest = lanes.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const p99 = spreadOf(largest.runs.map((run) => run.latency.p99Ms));
  const ratio = pairedRatios(largest.runs.map(cpuPerDelivery), smallest.runs.map(cpuPerDelivery));
  return [
    {
      text: `${largest.label}: 一万个听众, 每秒 ${CROWD_RATE} 条: p99 < ${CROWD_P99_MS} ms`,
      value: `${formatSpread(p99, 1)} ms`,
      passed: p99.median < CROWD_P99_MS,
    },
    {
      text: `${largest.label}: 每次送达的 CPU, 一万个听众时不超过一百个时的 ${FLATNESS} 倍`,
      value: formatSpread(ratio),
      passed: ratio.median <= FLATNESS,
    },
    wholeClaim(`${largest.label}: 一百到一万个听众, 一条不丢, 没有人被断开`, lanes),
  ];
}
