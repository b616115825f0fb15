// 长跑: 半小时的说话, 进出, 断线, 上传下载; 内存每五秒读一次, 后一半的斜率说明漏不漏
import { withFreshServer } from './lib/fresh-server.js';
import { Generator } from './lib/generator.js';
import { pause } from './lib/light-member.js';
import { memoryUse } from './lib/memory-stats.js';
import type { Bench, Options } from './lib/options.js';
import { cpuSeconds } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import type { SoakJob, SoakResult } from './lib/soak-job.js';
import { type Trend, trendOf } from './lib/trend.js';

const MEMBERS = 500;
const MESSAGES_PER_SECOND = 100;
const MESSAGE_BYTES = 120;
const CHURN_EVERY_MS = 1000;
const FILE_EVERY_MS = 5000;
const FILE_BYTES = 8 * 1024 * 1024;
const SAMPLE_EVERY_MS = 5000;
/** 每隔这么多次读数说一句进展 */
const REPORT_EVERY = 12;
/** 斜率的上限, MiB 每小时 */
const MAX_SLOPE_MIB = 20;
/** 跑得比这还短的不判斜率 (分钟) */
const JUDGED_MINUTES = 15;
const MIB = 1024 * 1024;
const BUSY_SHARE = 0.9;
/** 跑得短也要经历的: 旧消息连同文件删去, 离线的会话过期 */
// 只留最近的: 不留底
const SETTINGS = {
  SLUICE_HISTORY_MAX_MESSAGES: '5000',
  SLUICE_HISTORY_KEEP_DAYS: '0',
  SLUICE_CHAT_SESSION_RETAIN_MS: '30000',
};

interface MemorySample {
  readonly hours: number;
  readonly rssMiB: number;
  readonly anonymousMiB: number;
}

interface Run {
  readonly samples: readonly MemorySample[];
  readonly result: SoakResult;
  readonly serverCores: number;
}

export const soakBench: Bench = {
  name: 'soak',
  about: '500 人说话, 进出, 断线, 传文件, 半小时: 内存的斜率, 漏不漏',
  expectedSeconds: 1830,
  byDefault: false,
  accepts: { minutes: 30, storage: '临时目录', url: true, pid: true, 'cpu-prof': true },
  run: runSoakBench,
};

async function runSoakBench(options: Options): Promise<Report> {
  if (options.url !== undefined && options.pid === 0) throw new Error('soak 要看内存: --url 须与 --pid 同用');
  const fresh = { label: 'soak', people: MEMBERS, settings: SETTINGS };
  const run = await withFreshServer(options, fresh, (server) => measure(options, server));
  return report(options, run);
}

async function measure(options: Options, server: ServerProcess): Promise<Run> {
  const job: SoakJob = {
    target: server.target,
    members: MEMBERS,
    ratePerSecond: MESSAGES_PER_SECOND,
    messageBytes: MESSAGE_BYTES,
    churnEveryMs: CHURN_EVERY_MS,
    fileEveryMs: FILE_EVERY_MS,
    fileBytes: FILE_BYTES,
  };
  const soak = await Generator.start<SoakResult>('soak', job);
  try {
    const cpuBefore = cpuSeconds(server.pid);
    const running = soak.run();
    const samples: MemorySample[] = [];
    const watching = watchMemory(server.pid, options.minutes, samples);
    // 发生器中途失败: 不必等到时间到
    await Promise.race([watching, running]);
    soak.stop();
    const result = await running;
    await watching;
    return { samples, result, serverCores: (cpuSeconds(server.pid) - cpuBefore) / result.seconds };
  } finally {
    await soak.close();
  }
}

async function watchMemory(pid: number, minutes: number, samples: MemorySample[]): Promise<void> {
  const startMs = performance.now();
  const count = Math.ceil((minutes * 60_000) / SAMPLE_EVERY_MS);
  for (let index = 1; index <= count; index += 1) {
    await pause(startMs + index * SAMPLE_EVERY_MS - performance.now());
    const { rssBytes, anonymousBytes } = memoryUse(pid);
    const hours = (performance.now() - startMs) / 3_600_000;
    samples.push({ hours, rssMiB: rssBytes / MIB, anonymousMiB: anonymousBytes / MIB });
    if (index % REPORT_EVERY === 0)
      console.log(`${Math.round(hours * 60)} 分钟: RSS ${(rssBytes / MIB).toFixed(0)} MiB`);
  }
}

function secondHalf(samples: readonly MemorySample[], pick: (sample: MemorySample) => number): Trend {
  return trendOf(samples.slice(samples.length >> 1).map((sample) => ({ x: sample.hours, y: pick(sample) })));
}

function formatTrend({ slope, low, high }: Trend): string {
  return `${slope.toFixed(1)} (${low.toFixed(1)}-${high.toFixed(1)})`;
}

function report(options: Options, run: Run): Report {
  const { samples, result, serverCores } = run;
  const rss = secondHalf(samples, ({ rssMiB }) => rssMiB);
  const anonymous = secondHalf(samples, ({ anonymousMiB }) => anonymousMiB);
  const at = (share: number): string => samples[Math.floor(share * (samples.length - 1))]!.rssMiB.toFixed(0);
  const peak = Math.max(...samples.map(({ rssMiB }) => rssMiB));
  const busy = result.cpuSeconds / result.seconds;
  return {
    name: 'soak',
    title: '长跑',
    tables: [
      {
        title: `${options.minutes} 分钟: ${MEMBERS} 人, 每秒 ${MESSAGES_PER_SECOND} 条, 每 ${FILE_EVERY_MS / 1000} 秒一个 ${FILE_BYTES / MIB} MiB 的文件`,
        header: ['', '实测'],
        rows: [
          ['RSS: 开头, 四分之一, 一半, 四分之三, 末尾 MiB', [0, 0.25, 0.5, 0.75, 1].map(at).join(', ')],
          ['RSS 最大 MiB', peak.toFixed(0)],
          ['后一半 RSS 的斜率 MiB/小时 (95% 区间)', formatTrend(rss)],
          ['后一半匿名页的斜率 MiB/小时 (95% 区间)', formatTrend(anonymous)],
          ['播出的文字', String(result.spoken)],
          ['断线或离开之后回来', String(result.returns)],
          ['来了又走的客人', String(result.visitors)],
          ['上传又下载的文件', String(result.files)],
          ['服务器占的核', serverCores.toFixed(2)],
          ['发生器占的核', busy.toFixed(2)],
        ],
      },
    ],
    claims: claims(options, result, rss),
    notes: [
      '斜率是两两斜率的中位数 (Theil-Sen); 跑得短时区间很宽, 只有三十分钟的作数',
      `历史只留 5000 条, 更旧的连同文件删去; 离线的会话 30 秒后过期; 前一半不计入斜率`,
      ...(busy > BUSY_SHARE ? ['发生器是瓶颈'] : []),
      ...Object.entries(result.troubles).map(([reason, count]) => `${count} 次: ${reason}`),
    ],
    raw: run,
  };
}

function slopeClaim(rss: Trend): Claim {
  return {
    text: `后一半 RSS 的斜率低于每小时 ${MAX_SLOPE_MIB} MiB`,
    value: `${formatTrend(rss)} MiB/小时`,
    passed: rss.slope < MAX_SLOPE_MIB,
  };
}

function claims({ minutes }: Options, result: SoakResult, rss: Trend): Claim[] {
  const troubles = Object.values(result.troubles).reduce((sum, count) => sum + count, 0);
  return [
    // 试跑只看对错: 头几分钟历史的尾部, SQLite 的页缓存与堆都还在长到位
    ...(minutes < JUDGED_MINUTES ? [] : [slopeClaim(rss)]),
    {
      text: '每个人的 seq 从头到尾相连, 不漏不重',
      value: `没听全 ${result.behind} 人, 重 ${result.doubled} 次`,
      passed: result.behind + result.doubled === 0,
    },
    {
      text: '文件都传得上去, 下载回来字节数相同',
      value: `${result.filesFailed} 个没成`,
      passed: result.filesFailed === 0 && result.files > 0,
    },
    { text: '没有人意外断开', value: `${troubles} 次`, passed: troubles === 0 },
  ];
}
