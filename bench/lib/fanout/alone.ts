// 第二部分: 单独到来的一条要多久; Sluice 的两种客户端对裸 uWS
import type { Claim } from '../report.js';
import { type Spread, spreadOf } from '../statistics.js';
import type { FanoutRun } from './audience.js';
import { type FanoutBench, generatorNotes, type Lane, type Part, spread, wholeClaim } from './bench.js';
import type { Contestant } from './contestant.js';

const MESSAGES_PER_SECOND = 2;
const JITTER_MS = 80;
const DURATION_MS = 8000;
const LIMIT_MS = 1;

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
          ratePerSecond: MESSAGES_PER_SECOND,
          durationMs: DURATION_MS,
          jitterMs: JITTER_MS,
          offsetMs: (index * 1000) / MESSAGES_PER_SECOND / order.length,
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
    lane === base ? '0' : formatDifference(over(lane, pick)),
  ];
  return {
    tables: [
      {
        title: `单独到来的一条: 约 ${1000 / MESSAGES_PER_SECOND} ms 一条, ${bench.receivers} 个听众; 各轮的中位数 (最小-最大)`,
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
        const text = `${lane.label}: 单独到来的一条, p50 至多比裸 uWS 多 ${LIMIT_MS} ms`;
        return { text, value: `${formatDifference(extra)} ms`, passed: extra.median <= LIMIT_MS };
      }),
      wholeClaim('单独的一条: 一条不丢', lanes),
    ],
    charts: [],
    notes: generatorNotes('单独的一条', lanes),
    raw: lanes.map(({ label, runs }) => ({ label, runs })),
  };
}

/** 差可以是负的: 不用连字符隔开 */
function formatDifference({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} 到 ${max.toFixed(2)})`;
}
