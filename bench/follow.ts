// 边传边下: 读者比上传者晚多久收完, 内容是否相同, 服务器的内存, 上传者被拖慢多少
import { type FollowRun, type FollowVariant, runFollow } from './lib/follow-round.js';
import type { Bench, Options } from './lib/options.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';

const MIB = 1024 * 1024;
/** 验收的大小: 2 GiB; --bytes 只在点名更大的文件时用 */
const FILE_BYTES = 2 * 1024 * MIB;
/** 二十个读者时的上传速度 (字节/秒): 全速的二十倍不是两个核推得动的 */
const PACED_BYTES_PER_SECOND = 24 * MIB;
const PACED_SECONDS = FILE_BYTES / PACED_BYTES_PER_SECOND;
const MAX_LAG_SECONDS = 1;
const MAX_GROWTH_MIB = 64;
const MIN_SPEED = 0.8;

interface Lane extends FollowVariant {
  readonly label: string;
  readonly runs: FollowRun[];
}

export const followBench: Bench = {
  name: 'follow',
  about: '边传边下: 读者比上传者晚多久, 内容, 内存',
  expectedSeconds: 180,
  byDefault: false,
  accepts: { rounds: 5, storage: '临时目录', url: true, pid: true, 'cpu-prof': true },
  run: runFollowBench,
};

async function runFollowBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, FILE_BYTES);
  const storage = new StorageFolder(options, options.storage ?? options.work, 'sluice');
  const server = await startSluice(options, storage.path);
  if (server.pid === 0) throw new Error('follow 要看内存: --url 须与 --pid 同用');
  const alone = lane('全速, 没有读者', { readers: 0, hash: false, bytesPerSecond: null });
  const followed = lane('全速, 1 个读者', { readers: 1, hash: false, bytesPerSecond: null });
  const checked = lane('全速, 1 个读者, 算 SHA-256', { readers: 1, hash: true, bytesPerSecond: null });
  const crowd = lane('全速, 20 个读者, 算 SHA-256', { readers: 20, hash: true, bytesPerSecond: null });
  const pace = { readers: 20, hash: true, bytesPerSecond: PACED_BYTES_PER_SECOND };
  const paced = lane('限速, 20 个读者, 算 SHA-256', pace);
  try {
    // 预热: 热路径编译完, 内存池长到位
    await runFollow(server, file, alone);
    storage.deleteContent();
    for (let round = 0; round < options.rounds; round += 1) {
      const lanes = round % 2 === 0 ? [alone, followed] : [followed, alone];
      for (const each of lanes) await measure(server, storage, file, each);
    }
    // 一次就要一分钟的各跑一遍: 它们的承诺不是比值
    for (const each of [checked, crowd, paced]) await measure(server, storage, file, each);
    return report([alone, followed, checked, crowd, paced], options);
  } finally {
    await server.stop();
    storage.remove();
  }
}

function lane(label: string, variant: FollowVariant): Lane {
  return { label, ...variant, runs: [] };
}

async function measure(
  server: ServerProcess,
  storage: StorageFolder,
  file: TestFile,
  each: Lane,
): Promise<void> {
  const run = await runFollow(server, file, each);
  each.runs.push(run);
  storage.deleteContent();
  console.log(
    `${each.label}: 上传 ${run.uploadSeconds.toFixed(2)} s, 读者晚 ${run.lagSeconds.toFixed(2)} s, ` +
      `CPU ${run.cpuSeconds.toFixed(1)} s, 内存 +${(run.peakGrowthBytes / MIB).toFixed(0)} MiB, ` +
      `内容${run.sameContent ? '相同' : '不同'}`,
  );
}

function report(lanes: readonly Lane[], options: Options): Report {
  return {
    name: 'follow',
    title: '边传边下',
    tables: [
      {
        title: `一个 ${FILE_BYTES / MIB} MiB 的文件, 二进制分片; 读者晚 1 秒开始, 中位数 (最小-最大)`,
        header: ['情形', '上传 s', '最后的读者晚 s', '服务器 CPU s', '内存峰值增长 MiB'],
        rows: lanes.map(({ label, runs }) => [
          label,
          formatSpread(spreadOf(runs.map((run) => run.uploadSeconds))),
          formatSpread(spreadOf(runs.map((run) => run.lagSeconds))),
          formatSpread(spreadOf(runs.map((run) => run.cpuSeconds)), 1),
          formatSpread(spreadOf(runs.map((run) => run.peakGrowthBytes / MIB)), 0),
        ]),
      },
    ],
    claims: claims(lanes),
    notes: [
      `${options.rounds} 轮交替; 限速是每秒 ${PACED_BYTES_PER_SECOND / MIB} MiB; 读者与上传者都和服务器在同一台机器上, 争同样的核`,
    ],
    raw: lanes,
  };
}

function claims(lanes: readonly Lane[]): Claim[] {
  const [alone, followed, checked, , paced] = lanes;
  if (!alone || !followed || !checked || !paced) return [];
  const seconds = (each: Lane): number[] => each.runs.map((run) => run.uploadSeconds);
  const lag = (each: Lane): number => Math.max(...each.runs.map((run) => run.lagSeconds));
  const speed = pairedRatios(seconds(alone), seconds(followed));
  const pacedSpeed = spreadOf(seconds(paced).map((value) => PACED_SECONDS / value));
  const growth = Math.max(...lanes.flatMap(({ runs }) => runs.map((run) => run.peakGrowthBytes / MIB)));
  const wrong = lanes.flatMap(({ runs }) => runs).filter((run) => !run.sameContent).length;
  return [
    { text: '每个读者收到的 SHA-256 都相同', value: `${wrong} 次不同`, passed: wrong === 0 },
    ...[followed, checked, paced].map((each) => ({
      text: `${each.label}: 上传结束之后 ${MAX_LAG_SECONDS} 秒之内收完`,
      value: `最晚 ${lag(each).toFixed(2)} s`,
      passed: lag(each) <= MAX_LAG_SECONDS,
    })),
    {
      text: `一个读者时上传的速度不低于没有读者的 ${MIN_SPEED} 倍`,
      value: formatSpread(speed),
      passed: speed.median >= MIN_SPEED,
    },
    {
      text: `限速, 20 个读者时, 上传的速度不低于所限的 ${MIN_SPEED} 倍`,
      value: formatSpread(pacedSpeed),
      passed: pacedSpeed.median >= MIN_SPEED,
    },
    {
      text: `内存峰值增长至多 ${MAX_GROWTH_MIB} MiB`,
      value: `${growth.toFixed(0)} MiB`,
      passed: growth <= MAX_GROWTH_MIB,
    },
  ];
}
