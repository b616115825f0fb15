// 第一部分: 每次送达的 CPU; 第二部分: 单独到来的一条要多久。Sluice 两种客户端与裸 uWS, 同一批服务器
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
  type Part,
  spread,
  wholeClaim,
} from './bench.js';
import { type Contestant, interleave } from './contestant.js';

const DEFAULT_MS = 2500;
/** 每秒几条 -> Sluice 的 CPU 至多是裸 uWS 的几倍 */
const LIMITS: ReadonlyMap<number, number> = new Map([
  [50, 1.1],
  [300, 0.6],
  [1500, 0.6],
]);

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
  const rates = bench.options.onlyRate === undefined ? [...LIMITS.keys()] : [bench.options.onlyRate];
  const lanes: RateLane[] = rates.flatMap((ratePerSecond) =>
    [...sluices, raw].map((contestant) => ({ label: contestant.label, contestant, ratePerSecond, runs: [] })),
  );
  await interleave(bench.rounds, lanes, async (lane) => {
    const durationMs = bench.durationMs ?? DEFAULT_MS;
    const run = await lane.contestant.run({ ratePerSecond: lane.ratePerSecond, durationMs });
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
  const bytes = Math.round(spreadOf(lanes.flatMap(({ runs }) => runs.map(wireBytes))).median);
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
    claims: [...lanes.flatMap(claimOf), wholeClaim('每次送达的 CPU: 一条不丢', lanes)],
    notes: generatorNotes(
      lanes.map((lane) => ({ ...lane, label: `${lane.label} ${lane.ratePerSecond} 条/秒` })),
    ),
    raw: lanes.map(({ label, ratePerSecond, runs }) => ({ label, ratePerSecond, runs })),
  };
}

/** 平均每条的正文字节加 4 字节帧头; 合并的帧里帧头由几条分摊, 取逐条的中位数 */
function wireBytes(run: FanoutRun): number {
  return run.bytesPerMessage + 4;
}

const ALONE_PER_SECOND = 2;
const ALONE_JITTER_MS = 80;
const ALONE_MS = 9000;
const ALONE_LIMIT_MS = 1;

/** 三台同时在线, 轮流各说一条, 互相错开: 同一时刻只有一台有事做, 机器的快慢三家同受 */
export async function measureAlone(
  bench: FanoutBench,
  sluices: readonly Contestant[],
  raw: Contestant,
): Promise<Part> {
  const lanes = [...sluices, raw].map((contestant) => ({
    label: contestant.label,
    contestant,
    runs: [] as FanoutRun[],
  }));
  for (let round = 0; round < bench.rounds; round += 1) {
    const order = round % 2 === 0 ? lanes : [...lanes].reverse();
    const runs = await Promise.all(
      order.map(({ contestant }, index) =>
        contestant.run({
          ratePerSecond: ALONE_PER_SECOND,
          durationMs: ALONE_MS,
          jitterMs: ALONE_JITTER_MS,
          offsetMs: (index * 1000) / ALONE_PER_SECOND / order.length,
        }),
      ),
    );
    for (const [index, lane] of order.entries()) lane.runs.push(runs[index]!);
    console.log(
      `  单独一条, 第 ${round + 1} 轮: ${lanes.map(({ label, runs: all }) => `${label} p50 ${all.at(-1)!.latency.p50Ms.toFixed(2)} ms`).join('; ')}`,
    );
  }
  const base = lanes.at(-1)!;
  const over = (lane: Lane, pick: (run: FanoutRun) => number) =>
    spreadOf(lane.runs.map((run, index) => pick(run) - pick(base.runs[index]!)));
  const cells = (lane: Lane, pick: (run: FanoutRun) => number): string[] => [
    spread(lane, pick),
    lane === base ? '0' : formatSpread(over(lane, pick)),
  ];
  return {
    tables: [
      {
        title: `单独到来的一条: 约 ${1000 / ALONE_PER_SECOND} ms 一条, ${bench.receivers} 个听众; 各轮的中位数 (最小-最大)`,
        header: ['', 'p50 ms', '比裸 uWS 多', 'p99 ms', '比裸 uWS 多'],
        rows: lanes.map((lane) => [
          lane.label,
          ...cells(lane, (run) => run.latency.p50Ms),
          ...cells(lane, (run) => run.latency.p99Ms),
        ]),
      },
    ],
    claims: [
      ...lanes.slice(0, -1).map((lane): Claim => {
        const extra = over(lane, (run) => run.latency.p50Ms);
        const text = `${lane.label}: 单独到来的一条, p50 至多比裸 uWS 多 ${ALONE_LIMIT_MS} ms`;
        return { text, value: `${formatSpread(extra)} ms`, passed: extra.median <= ALONE_LIMIT_MS };
      }),
      wholeClaim('单独的一条: 一条不丢', lanes),
    ],
    notes: generatorNotes(lanes),
    raw: lanes.map(({ label, runs }) => ({ label, runs })),
  };
}
