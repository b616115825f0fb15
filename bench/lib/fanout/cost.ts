// 第一部分: 每次送达的 CPU; Sluice 的两种客户端对裸 uWS
import type { Claim } from '../report.js';
import { formatSpread, pairedRatios } from '../statistics.js';
import { cpuPerDelivery, isWhole } from './audience.js';
import {
  COMMON_HEADER,
  commonCells,
  describe,
  type FanoutBench,
  generatorNotes,
  type Lane,
  linesOf,
  type Part,
  wholeClaim,
} from './bench.js';
import { type Contestant, interleave } from './contestant.js';

/** 一帧的帧头: 正文 126 到 65535 字节时 */
const HEAD_BYTES = 4;
/** 每秒几条 -> Sluice 的 CPU 至多是裸 uWS 的几倍 */
export const LIMITS: ReadonlyMap<number, number> = new Map([
  [50, 1.1],
  [300, 0.6],
  [1500, 0.6],
]);

const limitOf = (lane: RateLane): number => LIMITS.get(lane.ratePerSecond) ?? 1;
const byLimit = (left: RateLane, right: RateLane): number => limitOf(left) - limitOf(right);

interface RateLane extends Lane {
  readonly contestant: Contestant;
  readonly ratePerSecond: number;
}

/** sluices 与 raw 都已启动; raw 是分母 */
export async function measureCost(
  bench: FanoutBench,
  sluices: readonly Contestant[],
  raw: Contestant,
): Promise<Part> {
  const lanes: RateLane[] = bench.rates.flatMap((ratePerSecond) =>
    [...sluices, raw].map((contestant) => ({ label: contestant.label, contestant, ratePerSecond, runs: [] })),
  );
  await interleave(bench.rounds, lanes, async (lane) => {
    const { ratePerSecond } = lane;
    const run = await lane.contestant.run({ ratePerSecond, durationMs: bench.durationMs });
    lane.runs.push(run);
    console.log(`  ${describe(lane.label, run)}`);
    if (!isWhole(run)) await lane.contestant.reopen();
  });
  const rawAt = (rate: number): RateLane =>
    lanes.find((lane) => lane.contestant === raw && lane.ratePerSecond === rate)!;
  const ratios = (lane: RateLane) =>
    pairedRatios(lane.runs.map(cpuPerDelivery), rawAt(lane.ratePerSecond).runs.map(cpuPerDelivery));
  const claimOf = (lane: RateLane): Claim[] => {
    const limit = LIMITS.get(lane.ratePerSecond);
    if (lane.contestant === raw || limit === undefined) return [];
    const ratio = ratios(lane);
    const text = `${lane.label}: 每秒 ${lane.ratePerSecond} 条, 每次送达的 CPU 不超过裸 uWS 的 ${limit} 倍`;
    return [{ text, value: formatSpread(ratio), passed: ratio.median <= limit }];
  };
  const rawRuns = lanes.filter((lane) => lane.contestant === raw).flatMap(({ runs }) => runs);
  const bytes = Math.max(...rawRuns.map(({ bytesPerMessage }) => Math.round(bytesPerMessage + HEAD_BYTES)));
  return {
    tables: [
      {
        title: `${bench.receivers} 个听众, 正文 120 字节, 逐条的一帧 ${bytes} 字节; 各轮的中位数 (最小-最大)`,
        header: ['', '条/秒', '与裸 uWS 之比', ...COMMON_HEADER],
        rows: lanes.map((lane) => [
          lane.label,
          String(lane.ratePerSecond),
          lane.contestant === raw ? '1' : formatSpread(ratios(lane)),
          ...commonCells(lane),
        ]),
      },
    ],
    // 要紧的在前: 根目录 README 只写第一条
    claims: [...[...lanes].sort(byLimit).flatMap(claimOf), wholeClaim('每次送达的 CPU: 一条不丢', lanes)],
    charts: [
      {
        kind: 'lines',
        title: `每次送达的服务器 CPU, 微秒, ${bench.receivers} 个听众 (越低越好)`,
        xLabel: '条/秒',
        lines: linesOf(lanes, (lane) => lane.ratePerSecond),
      },
    ],
    notes: generatorNotes(
      '每次送达的 CPU',
      lanes.map((lane) => ({ ...lane, label: `${lane.label} ${lane.ratePerSecond} 条/秒` })),
    ),
    raw: lanes.map(({ label, ratePerSecond, runs }) => ({ label, ratePerSecond, runs })),
  };
}
