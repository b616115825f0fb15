// 重启: 一万人在房间里, 服务器停下 (或被杀死) 再起来, 各人退避之后回来补齐
import { findFixedPort } from './lib/fixed-port.js';
import { roomFor } from './lib/fresh-server.js';
import { Generator } from './lib/generator.js';
import { pause } from './lib/light-member.js';
import type { Bench, Options } from './lib/options.js';
import { cpuSeconds } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ReturnJob, ReturnResult } from './lib/return-job.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';

const TALKERS = 5;
const MESSAGES_PER_SECOND = 5;
const MESSAGE_BYTES = 120;
/** 停下之前先说一会儿 (毫秒) */
const TALK_FIRST_MS = 2000;
/** 承诺: 新的服务器开始监听之后这么久, 人人回来补齐 */
const MAX_SECONDS = 15;
const BUSY_SHARE = 0.9;

const WAYS = [
  { label: '停止 (SIGTERM)', signal: 'SIGTERM' },
  { label: '杀死 (kill -9)', signal: 'SIGKILL' },
] as const;
type Way = (typeof WAYS)[number];

interface Comeback {
  /** 从发出信号到新的服务器监听 */
  readonly downSeconds: number;
  /** 从新的服务器监听到一半, 百分之九十九, 最后一个人补齐 */
  readonly halfSeconds: number;
  readonly mostSeconds: number;
  readonly allSeconds: number;
  readonly serverCpuSeconds: number;
  readonly result: Omit<ReturnResult, 'backAtMs'>;
}

interface Lane {
  readonly way: Way;
  readonly comebacks: Comeback[];
}

export const restartBench: Bench = {
  name: 'restart',
  about: '一万人在房间里, 服务器停止或被 kill -9 再起来: 多久全部回来补齐, 漏不漏',
  expectedSeconds: 60,
  byDefault: true,
  accepts: { rounds: 1, connections: 10_000, storage: '临时目录', 'cpu-prof': true },
  run: runRestartBench,
};

async function runRestartBench(options: Options): Promise<Report> {
  const lanes: readonly Lane[] = WAYS.map((way) => ({ way, comebacks: [] }));
  for (let round = 0; round < options.rounds; round += 1) {
    await runRound(options, round, round % 2 === 0 ? lanes : [...lanes].reverse());
  }
  return report(options, lanes);
}

// 同一群人先后经历两种: 进房间要的时间只花一次
async function runRound(options: Options, round: number, lanes: readonly Lane[]): Promise<void> {
  const storage = new StorageFolder(options, options.storage ?? options.work, `restart-${round}`);
  const settings = { ...roomFor(options.connections), SLUICE_PORT: String(await findFixedPort()) };
  let server = await startSluice(options, storage.path, settings);
  const job: ReturnJob = {
    target: server.target,
    clients: options.connections,
    talkers: TALKERS,
    ratePerSecond: MESSAGES_PER_SECOND,
    messageBytes: MESSAGE_BYTES,
  };
  const startedMs = performance.now();
  const people = await Generator.start<ReturnResult>('return', job);
  console.log(`${options.connections} 人进房间用了 ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  const restart = async (): Promise<ServerProcess> => {
    server = await startSluice(options, storage.path, settings);
    return server;
  };
  try {
    for (const { way, comebacks } of lanes) {
      const comeback = await comeBack(server, people, { way, restart });
      comebacks.push(comeback);
      console.log(describe(way, comeback));
    }
  } finally {
    await people.close();
    await server.stop();
    storage.remove();
  }
}

interface Restart {
  readonly way: Way;
  readonly restart: () => Promise<ServerProcess>;
}

async function comeBack(
  server: ServerProcess,
  people: Generator<ReturnResult>,
  { way, restart }: Restart,
): Promise<Comeback> {
  const returning = people.run();
  // 停止与启动失败时先抛那一个
  returning.catch(() => undefined);
  await pause(TALK_FIRST_MS);
  const stoppedMs = performance.now();
  await server.stop(way.signal);
  const fresh = await restart();
  const listeningMs = performance.now();
  const { backAtMs, ...result } = await returning;
  const since = (share: number): number => {
    const at = backAtMs[Math.ceil(share * backAtMs.length) - 1];
    // 没有人回来, 或没有回齐的, 按等到最后计
    const complete = share < 1 || result.notBack === 0;
    return at === undefined || !complete
      ? result.seconds
      : (at - performance.timeOrigin - listeningMs) / 1000;
  };
  return {
    downSeconds: (listeningMs - stoppedMs) / 1000,
    halfSeconds: since(0.5),
    mostSeconds: since(0.99),
    allSeconds: since(1),
    serverCpuSeconds: cpuSeconds(fresh.pid),
    result,
  };
}

function describe({ label }: Way, comeback: Comeback): string {
  const { result } = comeback;
  const troubles = Object.entries(result.troubles)
    .sort(([, left], [, right]) => right - left)
    .slice(0, 6)
    .map(([reason, count]) => `\n  ${count} 次: ${reason}`);
  return (
    `${label}: 停了 ${comeback.downSeconds.toFixed(1)} s; 监听之后 50% ${comeback.halfSeconds.toFixed(1)} s, ` +
    `99% ${comeback.mostSeconds.toFixed(1)} s, 全部 ${comeback.allSeconds.toFixed(1)} s; 没回来 ${result.notBack}, ` +
    `没听全 ${result.behind}, 重 ${result.doubled}, 期间播出 ${result.spoken} 条; ` +
    `服务器 CPU ${comeback.serverCpuSeconds.toFixed(1)} s, 发生器 ${(result.cpuSeconds / result.seconds).toFixed(2)} 核` +
    troubles.join('')
  );
}

function report(options: Options, lanes: readonly Lane[]): Report {
  return {
    name: 'restart',
    title: '重启',
    tables: [
      {
        title: `${options.connections} 人; 从新的服务器监听算起, 秒; 各轮的中位数 (最小-最大)`,
        header: [
          '',
          '信号到监听',
          '50% 补齐',
          '99% 补齐',
          '全部补齐',
          '服务器 CPU s',
          '发生器占的核',
          '连接失败次数',
        ],
        rows: lanes.map(({ way, comebacks }) => {
          const of = (pick: (comeback: Comeback) => number, digits = 1): string =>
            formatSpread(spreadOf(comebacks.map(pick)), digits);
          return [
            way.label,
            of(({ downSeconds }) => downSeconds),
            of(({ halfSeconds }) => halfSeconds),
            of(({ mostSeconds }) => mostSeconds),
            of(({ allSeconds }) => allSeconds),
            of(({ serverCpuSeconds }) => serverCpuSeconds),
            of(generatorCores, 2),
            of(({ result }) => failures(result, options.connections), 0),
          ];
        }),
      },
    ],
    claims: lanes.flatMap((lane) => claims(options, lane)),
    notes: notes(lanes),
    raw: lanes,
  };
}

/** 每人总要断一次, 其余的都是没连上 */
function failures({ troubles }: Comeback['result'], people: number): number {
  return Object.values(troubles).reduce((sum, count) => sum + count, 0) - people;
}

function generatorCores({ result }: Comeback): number {
  return result.cpuSeconds / result.seconds;
}

function claims({ connections }: Options, { way, comebacks }: Lane): Claim[] {
  const all = spreadOf(comebacks.map(({ allSeconds }) => allSeconds));
  const sum = (pick: (comeback: Comeback) => number): number =>
    comebacks.reduce((total, comeback) => total + pick(comeback), 0);
  const notBack = sum(({ result }) => result.notBack);
  const wrong = sum(({ result }) => result.behind + result.doubled);
  return [
    {
      text: `${way.label}: ${connections} 人在 ${MAX_SECONDS} 秒之内回来补齐`,
      value: `${formatSpread(all, 1)} s, 没回来 ${notBack}`,
      passed: all.median <= MAX_SECONDS && notBack === 0,
    },
    {
      text: `${way.label}: 每个人的 seq 从头到尾相连, 不漏不重`,
      value: `${wrong} 处不对`,
      passed: wrong === 0,
    },
  ];
}

function notes(lanes: readonly Lane[]): string[] {
  const comebacks = lanes.flatMap((lane) => lane.comebacks);
  const busiest = Math.max(...comebacks.map(generatorCores));
  const spoken = comebacks.map(({ result }) => result.spoken).join(', ');
  return [
    `断开之后 1 到 3 秒均匀随机再连, 不行再等 1 到 3 秒; 期间一直有人说话, 播出 ${spoken} 条`,
    `发生器占 ${busiest.toFixed(2)} 核${busiest > BUSY_SHARE ? ', 是瓶颈: 实际的客户端会更快' : ''}; 每人平时每半秒读一次`,
  ];
}
