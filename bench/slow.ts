// 慢的收件人: 一千人里有一百人停住不读, 其余的人察觉不到; 停住的被 4008 断开, 回来补齐
import type { AudienceJob, AudienceResult, StalledFate } from './lib/audience-job.js';
import { withFreshServer } from './lib/fresh-server.js';
import { Generator } from './lib/generator.js';
import { pause } from './lib/light-member.js';
import type { Bench, Options } from './lib/options.js';
import { type Usage, watchUsage } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import type { TalkJob, TalkResult } from './lib/talk-job.js';

const RECEIVERS = 1000;
const STALLED = 100;
const TALKERS = 20;
/** 逐帧解析的健康的人: 延迟由他们量 */
const LISTENERS = 30;
const MESSAGE_BYTES = 2000;
/** 每秒两百条两千字节: 其间约 45 KiB */
const DRAIN_EVERY_MS = 100;
const WARM_MS = 2000;
const MAX_RATIO = 1.3;
const BUSY_SHARE = 0.9;
const MIB = 1024 * 1024;
/** server.slowConsumerBytes 的默认值, 与 uWS 的硬上限是它的几倍: README 的内存公式 */
const HARD_BACKLOG_BYTES = 4 * MIB;

interface Run {
  readonly talk: TalkResult;
  readonly audience: AudienceResult;
  readonly fate: StalledFate | undefined;
  readonly usage: Usage;
}

interface Variant {
  readonly label: string;
  readonly stalled: number;
  readonly runs: Run[];
}

export const slowBench: Bench = {
  name: 'slow',
  about: '一千人里一百人停住不读: 健康的人的延迟, 停住的人被断开之后补齐, 内存',
  expectedSeconds: 100,
  byDefault: true,
  accepts: {
    rounds: 2,
    seconds: 15,
    rate: 200,
    storage: '临时目录',
    url: true,
    pid: true,
    'cpu-prof': true,
  },
  run: runSlowBench,
};

async function runSlowBench(options: Options): Promise<Report> {
  const variants: readonly Variant[] = [
    { label: '人人都读', stalled: 0, runs: [] },
    { label: `${STALLED} 人停住不读`, stalled: STALLED, runs: [] },
  ];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const variant of round % 2 === 0 ? variants : [...variants].reverse()) {
      const label = `slow-${round}-${variant.stalled}`;
      const run = await withFreshServer(options, { label, people: RECEIVERS }, (server) =>
        measure(options, server, variant.stalled),
      );
      variant.runs.push(run);
      console.log(describe(variant.label, run));
    }
  }
  return report(options, variants);
}

async function measure(options: Options, server: ServerProcess, stalled: number): Promise<Run> {
  const { target } = server;
  const talkJob: TalkJob = {
    target,
    talkers: TALKERS,
    listeners: LISTENERS,
    ratePerSecond: options.ratePerSecond,
    messageBytes: MESSAGE_BYTES,
  };
  const healthy = RECEIVERS - stalled - TALKERS - LISTENERS;
  const seats: AudienceJob = {
    target,
    connections: healthy,
    prefix: 'seat-',
    join: 'web',
    conduct: 'drain',
    drainEveryMs: DRAIN_EVERY_MS,
  };
  const talk = await Generator.start<TalkResult>('talk', talkJob);
  const audience = await Generator.start<AudienceResult>('audience', seats);
  let frozen: Generator<AudienceResult> | undefined;
  try {
    // 预热: 编译完成; 停住的人这时还没来
    await talkFor(talk, WARM_MS);
    const usage = server.pid === 0 ? undefined : watchUsage(server.pid);
    if (stalled > 0) {
      const job: AudienceJob = { ...seats, connections: stalled, prefix: 'stalled-', conduct: 'stall' };
      frozen = await Generator.start<AudienceResult>('audience', job);
    }
    const [watching, freezing] = [audience.run(), frozen?.run()];
    const talked = await talkFor(talk, options.seconds * 1000);
    const used = usage?.() ?? { cpuSeconds: 0, peakGrowthBytes: 0 };
    audience.stop();
    frozen?.stop();
    return { talk: talked, audience: await watching, fate: (await freezing)?.fate, usage: used };
  } finally {
    await Promise.all([talk.close(), audience.close(), frozen?.close()]);
  }
}

async function talkFor(talk: Generator<TalkResult>, ms: number): Promise<TalkResult> {
  const talking = talk.run();
  await Promise.race([pause(ms), talking]);
  talk.stop();
  return talking;
}

function describe(label: string, { talk, audience, fate, usage }: Run): string {
  const fates =
    fate === undefined
      ? ''
      : `; 停住的: 看到 4008 的 ${fate.toldSlow}, 没看到就断了的 ${fate.cutSilently}, 没断的 ${fate.stillOpen}, ` +
        `lastClose 说 4008 的 ${fate.lastCloseSlow}, 补齐 ${fate.caughtUp}, 最多补 ${fate.maxMissed} 条` +
        fate.reasons.map((reason) => `\n  回不来: ${reason}`).join('');
  return (
    `${label}: p50 ${talk.latency.p50Ms.toFixed(1)}, p99 ${talk.latency.p99Ms.toFixed(1)} ms, 丢 ${talk.lost}, 重 ${talk.doubled}, ` +
    `断开 ${talk.cut + audience.cut}, 内存 +${(usage.peakGrowthBytes / MIB).toFixed(0)} MiB, ` +
    `服务器 ${(usage.cpuSeconds / talk.seconds).toFixed(2)} 核${fates}`
  );
}

function report(options: Options, variants: readonly Variant[]): Report {
  return {
    name: 'slow',
    title: '慢的收件人',
    tables: [
      {
        title: `${RECEIVERS} 人, 每秒 ${options.ratePerSecond} 条, 正文 ${MESSAGE_BYTES} 字节; 健康的人的延迟, 毫秒; 各轮的中位数 (最小-最大)`,
        header: ['', 'p50', 'p99', 'p99.9', 'max', '服务器内存峰值增长 MiB', '服务器占的核', '发生器占的核'],
        rows: variants.map(({ label, runs }) => {
          const of = (pick: (run: Run) => number, digits = 1): string =>
            formatSpread(spreadOf(runs.map(pick)), digits);
          return [
            label,
            of(({ talk }) => talk.latency.p50Ms),
            of(({ talk }) => talk.latency.p99Ms),
            of(({ talk }) => talk.latency.p999Ms),
            of(({ talk }) => talk.latency.maxMs),
            of(({ usage }) => usage.peakGrowthBytes / MIB, 0),
            of(({ usage, talk }) => usage.cpuSeconds / talk.seconds, 2),
            of((run) => generatorCores(run), 2),
          ];
        }),
      },
    ],
    claims: claims(variants),
    notes: notes(variants),
    raw: variants,
  };
}

function generatorCores({ talk, audience }: Run): number {
  return talk.cpuSeconds / talk.seconds + audience.cpuSeconds / audience.seconds;
}

function claims([all, some]: readonly Variant[]): Claim[] {
  if (all === undefined || some === undefined) return [];
  const p99 = ({ runs }: Variant): number[] => runs.map(({ talk }) => talk.latency.p99Ms);
  const ratio = pairedRatios(p99(some), p99(all));
  const runs = [...all.runs, ...some.runs];
  const wrong = runs.reduce((sum, { talk }) => sum + talk.lost + talk.doubled, 0);
  const cut = runs.reduce((sum, { talk, audience }) => sum + talk.cut + audience.cut, 0);
  const fates = some.runs.flatMap(({ fate }) => (fate === undefined ? [] : [fate]));
  const least = (pick: (fate: StalledFate) => number): number => Math.min(...fates.map(pick));
  const growth = Math.max(...some.runs.map(({ usage }) => usage.peakGrowthBytes));
  return [
    {
      text: `有人停住时健康的人的 p99 不超过没有时的 ${MAX_RATIO} 倍`,
      value: formatSpread(ratio),
      passed: ratio.median <= MAX_RATIO,
    },
    { text: '健康的人每条恰好听到一次, 漏与重', value: String(wrong), passed: wrong === 0 },
    { text: '健康的人没有被断开', value: `断开 ${cut}`, passed: cut === 0 },
    {
      text: `停住的 ${STALLED} 人都被 4008 断开 (回来时 welcome.lastClose 这样说)`,
      value: `至少 ${least(({ lastCloseSlow }) => lastCloseSlow)} 人`,
      passed: least(({ lastCloseSlow }) => lastCloseSlow) === STALLED,
    },
    {
      text: `停住的 ${STALLED} 人带着 after 回来, 补齐, 没有断序与重复`,
      value: `至少 ${least(({ caughtUp }) => caughtUp)} 人`,
      passed: least(({ caughtUp }) => caughtUp) === STALLED,
    },
    {
      text: `服务器内存的增长在公式之内: ${STALLED} * 4 * slowConsumerBytes = ${(STALLED * HARD_BACKLOG_BYTES) / MIB} MiB`,
      value: `${(growth / MIB).toFixed(0)} MiB`,
      passed: growth <= STALLED * HARD_BACKLOG_BYTES,
    },
  ];
}

function notes(variants: readonly Variant[]): string[] {
  const runs = variants.flatMap((variant) => variant.runs);
  const busiest = Math.max(...runs.map(generatorCores));
  const told = runs.flatMap(({ fate }) => (fate === undefined ? [] : [fate.toldSlow]));
  return [
    `发生器合计占 ${busiest.toFixed(2)} 核${busiest > BUSY_SHARE ? '; 发生器是瓶颈, 延迟偏大' : ''}`,
    `停住的人放开之后自己读到 4008 关闭帧的: ${told.join(', ')} (其余的内核缓冲已塞不进, 由 lastClose 告知)`,
  ];
}
