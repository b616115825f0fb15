// 消息日志的代价: 落盘与不落盘两台服务器, 同样的满房间, 逐轮交替; 另量应答 (持久之后) 的延迟
import { join } from 'node:path';
import type { BarChart } from './lib/chart.js';
import type { CrowdJob, CrowdResult } from './lib/crowd-job.js';
import { Generator } from './lib/generator.js';
import type { LatencyJob, LatencyResult } from './lib/latency-job.js';
import { fileSystemOf } from './lib/machine.js';
import type { Bench, Options } from './lib/options.js';
import { watchUsage } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';

const RECEIVERS = 1000;
const SENDERS = 50;
// 一千个听众时每秒八十万次送达: 两台都跟得上。再往上单核饱和, 量到的是 TCP 积压之后的忽快忽慢
const MESSAGES_PER_SECOND = 800;
const MESSAGE_BYTES = 120;

interface Round {
  readonly crowd: CrowdResult;
  /** 服务器全部线程的 CPU 秒数 */
  readonly serverCpuSeconds: number;
  readonly ack: LatencyResult;
}

interface Contestant {
  readonly label: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly rounds: Round[];
}

export const durableBench: Bench = {
  name: 'durable',
  about: '消息日志的代价: 落盘与不落盘, 同样的满房间',
  expectedSeconds: 140,
  byDefault: false,
  accepts: { rounds: 5, seconds: 8, rate: 200, storage: '临时目录', 'cpu-prof': true },
  run: runDurableBench,
};

async function runDurableBench(options: Options): Promise<Report> {
  if (options.url !== undefined) throw new Error('durable 要比两种设置, 自己启动服务器, 不能用 --url');
  const contestants: readonly Contestant[] = [
    { label: '落盘 (默认)', settings: {}, rounds: [] },
    { label: '不落盘 (history.store=memory)', settings: { SLUICE_HISTORY_STORE: 'memory' }, rounds: [] },
  ];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const each of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      each.rounds.push(await measure(options, each, round));
    }
    console.log(`第 ${round + 1} 轮: ${contestants.map(describeRound).join('; ')}`);
  }
  return report(contestants, options);
}

// 每次一台新的服务器与新的文件夹: 日志的长度, 页缓存与检查点不在两轮之间传递
async function measure(options: Options, each: Contestant, round: number): Promise<Round> {
  const parent = options.storage ?? options.work;
  const storage = new StorageFolder(options, parent, `durable-${round}-${each.rounds.length}`);
  const server = await startSluice(options, storage.path, each.settings);
  try {
    const ack = await acknowledgeAtRate(options, server);
    const { crowd, serverCpuSeconds } = await saturate(options, server);
    return { crowd, serverCpuSeconds, ack };
  } finally {
    await server.stop();
    storage.remove();
  }
}

async function saturate(options: Options, server: ServerProcess): Promise<Omit<Round, 'ack'>> {
  const job: CrowdJob = {
    target: server.target,
    receivers: RECEIVERS,
    senders: SENDERS,
    ratePerSecond: MESSAGES_PER_SECOND,
    messageBytes: MESSAGE_BYTES,
    durationMs: options.seconds * 1000,
  };
  const generator = await Generator.start<CrowdResult>('crowd', job);
  try {
    const usage = watchUsage(server.pid);
    const crowd = await generator.run();
    return { crowd, serverCpuSeconds: usage().cpuSeconds };
  } finally {
    await generator.close();
  }
}

/** 不饱和时的应答延迟: 房间里没有别人, 量的是日志自己 */
async function acknowledgeAtRate(options: Options, server: ServerProcess): Promise<LatencyResult> {
  const job: LatencyJob = {
    target: server.target,
    userName: '探针',
    ratePerSecond: options.ratePerSecond,
    durationMs: options.seconds * 500,
    until: 'ack',
  };
  const generator = await Generator.start<LatencyResult>('latency', job);
  try {
    return await generator.run();
  } finally {
    await generator.close();
  }
}

function perSecond({ crowd }: Round): number {
  return crowd.deliveries / crowd.seconds;
}

function cpuPerDelivery({ crowd, serverCpuSeconds }: Round): number {
  return (serverCpuSeconds * 1e6) / crowd.deliveries;
}

function describeRound({ label, rounds }: Contestant): string {
  const last = rounds.at(-1)!;
  return `${label} ${(perSecond(last) / 1e6).toFixed(2)} M 次/秒, 应答 p99 ${last.crowd.ack.p99Ms.toFixed(1)} ms`;
}

function report(contestants: readonly Contestant[], options: Options): Report {
  const row = ({ label, rounds }: Contestant): string[] => {
    const of = (pick: (round: Round) => number): string => formatSpread(spreadOf(rounds.map(pick)));
    return [
      label,
      of((round) => perSecond(round) / 1e6),
      of((round) => round.crowd.ack.p50Ms),
      of((round) => round.crowd.ack.p99Ms),
      of(cpuPerDelivery),
      of((round) => round.ack.latency.p50Ms),
      of((round) => round.ack.latency.p99Ms),
      of((round) => round.crowd.cpuSeconds / round.crowd.seconds),
    ];
  };
  return {
    name: 'durable',
    title: '消息日志的代价',
    tables: [
      {
        title: `${RECEIVERS} 个听众, ${SENDERS} 人每秒共说 ${MESSAGES_PER_SECOND} 条, 正文 ${MESSAGE_BYTES} 字节; 各轮的中位数 (最小-最大)`,
        header: [
          '',
          '百万次送达/秒',
          '应答 p50, ms',
          '应答 p99, ms',
          '服务器 CPU 微秒/次',
          `没有听众时应答 p50 (${options.ratePerSecond} 条/秒), ms`,
          '没有听众时应答 p99, ms',
          '发生器占的核',
        ],
        rows: contestants.map(row),
      },
    ],
    claims: claims(contestants),
    charts: [
      bars('每次送达的服务器 CPU, 微秒 (越低越好)', contestants, cpuPerDelivery),
      bars('没有听众时应答的 p50, 毫秒 (越低越好)', contestants, (round) => round.ack.latency.p50Ms),
    ],
    notes: [
      `${options.rounds} 轮交替, 每次一台新的服务器; 存储在 ${fileSystemOf(options.storage ?? join(options.work))} 上; ` +
        '应答在消息落到盘片 (fdatasync) 之后才发',
    ],
    raw: contestants.map(({ label, rounds }) => ({ label, rounds })),
  };
}

function bars(title: string, contestants: readonly Contestant[], pick: (round: Round) => number): BarChart {
  return {
    kind: 'bars',
    title,
    bars: contestants.map(({ label, rounds }) => ({
      label,
      spread: spreadOf(rounds.map(pick)),
      role: 'ours',
    })),
  };
}

function claims([disk, memory]: readonly Contestant[]): Claim[] {
  if (disk === undefined || memory === undefined) return [];
  const ratio = pairedRatios(disk.rounds.map(perSecond), memory.rounds.map(perSecond));
  const cpu = pairedRatios(disk.rounds.map(cpuPerDelivery), memory.rounds.map(cpuPerDelivery));
  const cut = [...disk.rounds, ...memory.rounds].reduce((sum, round) => sum + round.crowd.cut, 0);
  return [
    {
      text: '落盘时的扇出不低于不落盘的 0.9 倍',
      value: formatSpread(ratio),
      passed: ratio.median >= 0.9,
    },
    {
      text: '落盘时每次送达的 CPU (连同写线程) 不超过不落盘的 1.2 倍',
      value: formatSpread(cpu),
      passed: cpu.median <= 1.2,
    },
    { text: '没有人被断开', value: `断开 ${cut}`, passed: cut === 0 },
  ];
}
