// web-load 的结论: 每段一列, 承诺逐条判定
import type { PageRecord } from './page-recorder.js';
import type { Claim, Report } from './report.js';
import type { SwarmResult } from './swarm-job.js';

/** 主线程任务的上限 (毫秒) */
const MAX_TASK_MS = 200;
/** 页面元素数的上限: 几千条文字之后也只画眼前的一段 */
const MAX_ELEMENTS = 10_000;
/** 发生器迟到超过此数 (毫秒), 就要说明机器已饱和 */
const LATE_MS = 50;

/** 一段结束时的页面 */
export interface Shown {
  /** 显示着的是否恰是最近播出的那些, 次序相同, 止于最后一条 */
  readonly contiguous: boolean;
  readonly shown: number;
  readonly elements: number;
  /** 回收之后 */
  readonly heapBytes: number;
}

export interface Phase extends Shown {
  readonly name: string;
  readonly record: PageRecord;
  readonly swarm: SwarmResult;
  readonly elapsedSeconds: number;
  readonly idleShare: number;
  readonly serverCores: number;
  readonly rendererCores: number;
  /** 群聊停下之后多久最后一条显示出来; 没有等到为 undefined */
  readonly markerMs: number | undefined;
}

export interface Load {
  readonly seconds: number;
  readonly ratePerSecond: number;
  readonly people: number;
  readonly hiddenCpuSeconds: number;
}

const ROWS: readonly (readonly [string, (phase: Phase) => string])[] = [
  ['主线程最长任务 ms', ({ record }) => max(record.longTasks).toFixed(0)],
  ['超过 50 ms 的任务数', ({ record }) => String(record.longTasks.length)],
  ['超过 50 ms 的任务合计 ms', ({ record }) => record.longTasks.reduce((a, b) => a + b, 0).toFixed(0)],
  ['帧间隔 p99 ms', ({ record }) => percentile(record.frameGaps, 99).toFixed(0)],
  ['帧间隔最长 ms', ({ record }) => max(record.frameGaps).toFixed(0)],
  ['击键到下一帧, 最长 ms', ({ record }) => keystrokes(record)],
  ['群聊发出的文字', ({ swarm }) => String(swarm.sent)],
  ['网页收到的文字', ({ record }) => String(record.texts)],
  ['最后一条发出到显示 ms', ({ markerMs }) => markerMs?.toFixed(0) ?? '没有显示'],
  ['页面元素数', ({ elements }) => String(elements)],
  ['回收后的堆 MB', ({ heapBytes }) => (heapBytes / 1e6).toFixed(1)],
  ['进出次数', ({ swarm }) => String(swarm.churned)],
  ['发生器迟到 p99 ms', ({ swarm }) => swarm.lag.p99Ms.toFixed(1)],
  ['渲染进程用几个核', ({ rendererCores }) => rendererCores.toFixed(2)],
  ['服务器用几个核', ({ serverCores }) => serverCores.toFixed(2)],
  ['发生器用几个核', ({ swarm, elapsedSeconds }) => (swarm.cpuSeconds / elapsedSeconds).toFixed(2)],
  ['全机剩余 CPU', ({ idleShare }) => `${(idleShare * 100).toFixed(0)}%`],
];

export function webLoadReport(phases: readonly Phase[], load: Load): Report {
  return {
    name: 'web-load',
    title: '一千人房间里的网页',
    tables: [
      {
        title: `${load.people} 人说话, 每秒 ${load.ratePerSecond} 条, 后两段各 ${load.seconds} s; 一个 1280x800 的标签页`,
        header: ['', ...phases.map((phase) => phase.name)],
        rows: ROWS.map(([label, cell]) => [label, ...phases.map(cell)]),
      },
    ],
    claims: [...phases.flatMap(taskClaim), ...phases.slice(1).flatMap(deliveryClaims), ...totals(phases)],
    notes: notes(phases),
    hiddenCpuSeconds: load.hiddenCpuSeconds,
    raw: phases,
  };
}

function taskClaim({ name, record }: Phase): Claim {
  const longest = max(record.longTasks);
  return {
    text: `${name}: 主线程最长任务短于 ${MAX_TASK_MS} ms`,
    value: `${longest.toFixed(0)} ms`,
    passed: longest < MAX_TASK_MS,
  };
}

function deliveryClaims({ name, record, swarm, markerMs, contiguous, shown }: Phase): Claim[] {
  const lost = swarm.sent - record.texts;
  return [
    {
      text: `${name}: 一条不丢, 序号连续, 没有重连`,
      value: `发出 ${swarm.sent}, 收到 ${record.texts}, 断序 ${record.seqGaps}, 重连 ${record.sockets}`,
      passed: lost === 0 && record.seqGaps === 0 && record.sockets === 0,
    },
    {
      text: `${name}: 最后一条显示出来, 显示着的与播出的逐条相同`,
      value: markerMs === undefined ? '没有显示' : `${shown} 条${contiguous ? '相同' : '不同'}`,
      passed: markerMs !== undefined && contiguous && shown > 0,
    },
  ];
}

function totals(phases: readonly Phase[]): Claim[] {
  const elements = max(phases.map((phase) => phase.elements));
  const cut = max(phases.map((phase) => phase.swarm.cut));
  return [
    {
      text: `页面元素数始终不超过 ${MAX_ELEMENTS}`,
      value: String(elements),
      passed: elements <= MAX_ELEMENTS,
    },
    { text: '没有一个群友被服务器断开', value: `${cut} 人`, passed: cut === 0 },
  ];
}

function notes(phases: readonly Phase[]): string[] {
  const late = phases.filter(({ swarm }) => swarm.lag.p99Ms > LATE_MS).map(({ name }) => name);
  const saturated = late.length === 0 ? [] : [`发生器在 ${late.join(', ')} 迟到: 机器已饱和, 数字偏悲观`];
  return [
    '加入一段含登录, 名单, 一页历史与其后 8 s; 另有 100 人轮流进出, 每 250 ms 一批',
    '击键从浏览器收到算起, 到画完下一帧; 每秒一次',
    ...saturated,
  ];
}

function keystrokes({ keystrokes }: PageRecord): string {
  return keystrokes.length === 0 ? '没有击键' : `${max(keystrokes).toFixed(0)} (${keystrokes.length} 次)`;
}

function max(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
