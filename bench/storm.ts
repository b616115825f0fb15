// 风暴: 一万人十秒之内进同一个房间, 再在几秒之内走光, 其间二十个人照常说话
import { withFreshServer } from './lib/fresh-server.js';
import { Generator } from './lib/generator.js';
import type { Bench, Options } from './lib/options.js';
import { cpuSeconds } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { formatSpread, spreadOf } from './lib/statistics.js';
import type { StormJob, StormResult } from './lib/storm-job.js';
import type { TalkJob, TalkResult } from './lib/talk-job.js';

const JOIN_OVER_MS = 10_000;
const LEAVE_OVER_MS = 4000;
const TALKERS = 20;
const LISTENERS = 20;
const MESSAGES_PER_SECOND = 20;
const MESSAGE_BYTES = 120;
const BASE_CLIENTS = 300;
const MAX_P99_MS = 300;
/** 一个认得 batch 的人任一秒里至多收到这么多帧: 文字 20, 其余是合并了的进出 (不合并会是一千以上) */
const MAX_FRAMES_PER_SECOND = 100;
/** 发生器占一个核超过此比例时, 量到的是它自己 */
const BUSY_SHARE = 0.9;

interface Segment {
  readonly talk: TalkResult;
  readonly storm: StormResult;
  readonly serverCores: number;
}

interface Variant {
  readonly label: string;
  readonly baseClients: number;
  readonly rounds: { readonly join: Segment; readonly leave: Segment }[];
}

export const stormBench: Bench = {
  name: 'storm',
  about: '一万人十秒之内进来, 四秒之内走光, 其间照常说话: 人人进得来, 名单, 文字的延迟, 每人每秒几帧',
  expectedSeconds: 45,
  byDefault: true,
  accepts: { rounds: 1, connections: 10_000, storage: '临时目录', url: true, pid: true, 'cpu-prof': true },
  run: runStormBench,
};

async function runStormBench(options: Options): Promise<Report> {
  const variants: readonly Variant[] = [
    { label: '都认得 batch', baseClients: 0, rounds: [] },
    { label: `另有 ${BASE_CLIENTS} 个基础客户端`, baseClients: BASE_CLIENTS, rounds: [] },
  ];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const variant of round % 2 === 0 ? variants : [...variants].reverse()) {
      const label = `storm-${round}-${variant.baseClients}`;
      const people = options.connections + variant.baseClients;
      const measured = await withFreshServer(options, { label, people }, (server) =>
        measure(options, server, variant),
      );
      variant.rounds.push(measured);
      console.log(
        `${variant.label}: 来 ${describe(measured.join)}\n${variant.label}: 走 ${describe(measured.leave)}`,
      );
    }
  }
  return report(options, variants);
}

async function measure(
  options: Options,
  server: ServerProcess,
  { baseClients }: Variant,
): Promise<{ join: Segment; leave: Segment }> {
  const { target } = server;
  const joins = options.connections;
  const talkJob: TalkJob = {
    target,
    talkers: TALKERS,
    listeners: LISTENERS,
    ratePerSecond: MESSAGES_PER_SECOND,
    messageBytes: MESSAGE_BYTES,
    crowdAfter: [joins, 0],
  };
  const stormJob: StormJob = {
    target,
    joins,
    joinOverMs: JOIN_OVER_MS,
    leaveOverMs: LEAVE_OVER_MS,
    baseClients,
  };
  const talk = await Generator.start<TalkResult>('talk', talkJob);
  const storm = await Generator.start<StormResult>('storm', stormJob);
  try {
    const join = await segment(server, talk, storm);
    const leave = await segment(server, talk, storm);
    return { join, leave };
  } finally {
    await Promise.all([talk.close(), storm.close()]);
  }
}

/** 一段: 说着话, 来或者走, 直到人人都看全 */
async function segment(
  server: ServerProcess,
  talk: Generator<TalkResult>,
  storm: Generator<StormResult>,
): Promise<Segment> {
  const cpuBefore = server.pid === 0 ? 0 : cpuSeconds(server.pid);
  const startedMs = performance.now();
  const talking = talk.run();
  const stormed = await storm.run();
  const cpu = server.pid === 0 ? 0 : cpuSeconds(server.pid) - cpuBefore;
  const seconds = (performance.now() - startedMs) / 1000;
  talk.stop();
  return { talk: await talking, storm: stormed, serverCores: cpu / seconds };
}

function describe({ talk, storm, serverCores }: Segment): string {
  const join = storm.join.count > 0 ? `, 进来 p99 ${storm.join.p99Ms.toFixed(0)} ms` : '';
  return (
    `${storm.done} 人 ${storm.seconds.toFixed(1)} s${join}, 没进来 ${storm.failed}, 断开 ${talk.cut + storm.cut}; ` +
    `文字 p99 ${talk.latency.p99Ms.toFixed(0)} ms, 丢 ${talk.lost}, 重 ${talk.doubled}; 名单不符 ${talk.wrongRosters}; ` +
    `每秒至多 ${talk.maxFramesPerSecond} 帧; 基础客户端漏 ${storm.baseMissed}, 重 ${storm.baseDoubled}; ` +
    `服务器 ${serverCores.toFixed(2)} 核` +
    storm.reasons.map((reason) => `\n  没进来的原因: ${reason}`).join('')
  );
}

function segmentsOf({ rounds }: Variant, which: 'join' | 'leave'): Segment[] {
  return rounds.map((round) => round[which]);
}

function report(options: Options, variants: readonly Variant[]): Report {
  const rows = variants.flatMap((variant) =>
    (['join', 'leave'] as const).map((which) => {
      const segments = segmentsOf(variant, which);
      const of = (pick: (segment: Segment) => number, digits = 0): string =>
        formatSpread(spreadOf(segments.map(pick)), digits);
      const joined = which === 'join';
      return [
        `${variant.label}, ${joined ? '来' : '走'}`,
        of(({ storm }) => storm.seconds, 1),
        joined ? of(({ storm }) => storm.join.p50Ms) : '',
        joined ? of(({ storm }) => storm.join.p99Ms) : '',
        of(({ talk }) => talk.latency.p50Ms),
        of(({ talk }) => talk.latency.p99Ms),
        of(({ talk }) => talk.latency.maxMs),
        of(({ talk }) => talk.maxFramesPerSecond),
        of(({ talk }) => talk.maxBytesPerSecond / 1024),
        variant.baseClients > 0 ? of(({ storm }) => storm.baseFramesPerSecond) : '',
        of(({ serverCores }) => serverCores, 2),
      ];
    }),
  );
  return {
    name: 'storm',
    title: '风暴',
    tables: [
      {
        title: `${options.connections} 人在 ${JOIN_OVER_MS / 1000} 秒里来, 在 ${LEAVE_OVER_MS / 1000} 秒里走; ${TALKERS} 人每秒共说 ${MESSAGES_PER_SECOND} 条; 延迟是毫秒`,
        header: [
          '',
          '用时 s',
          '进来 p50',
          '进来 p99',
          '文字 p50',
          '文字 p99',
          '文字 max',
          '每人每秒至多几帧',
          '每人每秒至多 KiB',
          '基础客户端每秒至多几帧',
          '服务器占的核',
        ],
        rows,
      },
    ],
    claims: variants.flatMap((variant) => claims(options, variant)),
    notes: notes(variants),
    raw: variants,
  };
}

function claims({ connections }: Options, variant: Variant): Claim[] {
  const joins = segmentsOf(variant, 'join');
  const all = [...joins, ...segmentsOf(variant, 'leave')];
  const total = (pick: (segment: Segment) => number): number =>
    all.reduce((sum, segment) => sum + pick(segment), 0);
  const none = (text: string, count: number): Claim => ({
    text: `${variant.label}: ${text}`,
    value: String(count),
    passed: count === 0,
  });
  const missing = joins.reduce((sum, { storm }) => sum + connections - storm.done, 0);
  const frames = Math.max(...all.map(({ talk }) => talk.maxFramesPerSecond));
  const p99 = spreadOf(joins.map(({ talk }) => talk.latency.p99Ms));
  return [
    none('人人得到 welcome, 没进来的', missing),
    none(
      '没有人被断开',
      total(({ talk, storm }) => talk.cut + storm.cut),
    ),
    none(
      '旁听者每条文字恰好听到一次, 漏与重',
      total(({ talk }) => talk.lost + talk.doubled),
    ),
    none(
      '旁听者的名单与实情不符的',
      total(({ talk }) => talk.wrongRosters),
    ),
    ...(variant.baseClients > 0
      ? [
          none(
            '基础客户端看到每一次进出, 恰好一次; 漏与重',
            total(({ storm }) => storm.baseMissed + storm.baseDoubled),
          ),
        ]
      : []),
    {
      text: `${variant.label}: 认得 batch 的人任一秒里至多收到 ${MAX_FRAMES_PER_SECOND} 帧`,
      value: `${frames} 帧`,
      passed: frames <= MAX_FRAMES_PER_SECOND,
    },
    {
      text: `${variant.label}: 来的时候文字的 p99 短于 ${MAX_P99_MS} ms`,
      value: `${formatSpread(p99, 0)} ms`,
      passed: p99.median < MAX_P99_MS,
    },
  ];
}

function notes(variants: readonly Variant[]): string[] {
  const segments = variants.flatMap((variant) => [
    ...segmentsOf(variant, 'join'),
    ...segmentsOf(variant, 'leave'),
  ]);
  const busiest = Math.max(
    ...segments.flatMap(({ talk, storm }) => [
      talk.cpuSeconds / talk.seconds,
      storm.cpuSeconds / storm.seconds,
    ]),
  );
  const lag = Math.max(...segments.map(({ talk }) => talk.lag.p99Ms));
  const busy = busiest > BUSY_SHARE ? '; 发生器是瓶颈, 延迟偏大' : '';
  return [
    `最忙的发生器占 ${busiest.toFixed(2)} 核, 说话的迟到 p99 ${lag.toFixed(0)} ms${busy}`,
    `延迟由 ${LISTENERS} 个逐帧解析的旁听者量, 从预定的时刻算起; 来的人得到 welcome 之后每秒读一次`,
  ];
}
