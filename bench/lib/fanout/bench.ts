// 扇出一项的公共部分: 参数, 每一部分的结果, 各段的记录与表里共同的列
import type { Bar, Chart, Line, Role } from '../chart.js';
import type { Options } from '../options.js';
import type { Claim, Table } from '../report.js';
import { formatSpread, spreadOf } from '../statistics.js';
import { cpuPerDelivery, type FanoutRun, generatorTrouble, isWhole, troubleOf } from './audience.js';

export interface FanoutBench {
  readonly options: Options;
  readonly receivers: number;
  readonly rounds: number;
  /** cost 的几种速率 (条/秒) */
  readonly rates: readonly number[];
  /** 每段的长度 (毫秒) */
  readonly durationMs: number;
}

export interface Part {
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
  readonly notes: readonly string[];
  readonly charts: readonly Chart[];
  readonly raw: unknown;
}

/** 一家在一种负载下的各轮 */
export interface Lane {
  readonly label: string;
  readonly runs: FanoutRun[];
}

export function spread(lane: Lane, pick: (run: FanoutRun) => number, digits = 2): string {
  return formatSpread(spreadOf(lane.runs.map(pick)), digits);
}

export const COMMON_HEADER = [
  '微秒 CPU/次送达',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  '主线程占的核',
  '其余线程',
  '一帧几条',
  '发生器占的核 (听众, 探针)',
] as const;

/** 与 COMMON_HEADER 对应 */
export function commonCells(lane: Lane): string[] {
  const median = (pick: (run: FanoutRun) => number): string =>
    spreadOf(lane.runs.map(pick)).median.toFixed(2);
  return [
    spread(lane, cpuPerDelivery),
    spread(lane, (run) => run.latency.p50Ms),
    spread(lane, (run) => run.latency.p99Ms),
    spread(lane, (run) => run.latency.p999Ms),
    median((run) => run.cpu.mainSeconds / run.seconds),
    median((run) => run.cpu.otherSeconds / run.seconds),
    median((run) => run.messagesPerFrame),
    `${median((run) => run.bulkShare)}, ${median((run) => run.probeShare)}`,
  ];
}

function roleOf(label: string): Role {
  return label.startsWith('Sluice') ? 'ours' : 'peer';
}

export function barOf(lane: Lane, pick: (run: FanoutRun) => number): Bar {
  return { label: lane.label, role: roleOf(lane.label), spread: spreadOf(lane.runs.map(pick)) };
}

/** 每家一条线: 每次送达的 CPU; at 是横轴上的值 */
export function linesOf<L extends Lane>(lanes: readonly L[], at: (lane: L) => number): Line[] {
  return [...new Set(lanes.map(({ label }) => label))].map((label) => ({
    label,
    role: roleOf(label),
    points: lanes
      .filter((lane) => lane.label === label)
      .map((lane) => ({ at: String(at(lane)), spread: spreadOf(lane.runs.map(cpuPerDelivery)) })),
  }));
}

/** 送达的总数与缺漏: 每一部分都要交代 */
export function wholeClaim(text: string, lanes: readonly Lane[]): Claim {
  const runs = lanes.flatMap((lane) => lane.runs);
  const broken = runs.filter((run) => !isWhole(run));
  const deliveries = runs.reduce((sum, run) => sum + run.deliveries, 0);
  const value =
    broken.length === 0
      ? `${runs.length} 段, ${(deliveries / 1e6).toFixed(1)} 百万次送达, 每人每条恰好一次`
      : `${broken.length} / ${runs.length} 段有缺: ${troubleOf(broken[0]!)}`;
  return { text, value, passed: broken.length === 0 };
}

/** 发生器可能是瓶颈的各段, 合成一条说明; 一段也没有时为空 */
export function generatorNotes(part: string, lanes: readonly Lane[]): string[] {
  const troubled = lanes.flatMap(({ label, runs }) => {
    const troubles = runs.map(generatorTrouble).filter((trouble) => trouble !== undefined);
    return troubles.length === 0 ? [] : [`${label} ${troubles.length} / ${runs.length} 段 (${troubles[0]})`];
  });
  return troubled.length === 0 ? [] : [`${part}: 发生器可能是瓶颈: ${troubled.join('; ')}`];
}

export function describe(label: string, run: FanoutRun): string {
  const trouble = troubleOf(run) || generatorTrouble(run) || '';
  return (
    `${label}, ${Math.round(run.ratePerSecond)} 条/秒: ${cpuPerDelivery(run).toFixed(2)} 微秒/次, ` +
    `p99 ${run.latency.p99Ms.toFixed(1)} ms, 主线程 ${(run.cpu.mainSeconds / run.seconds).toFixed(2)} 核` +
    (trouble === '' ? '' : ` [${trouble}]`)
  );
}
