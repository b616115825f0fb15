// 下载: Sluice 对 nginx sendfile, 比服务器每 GiB 花的 CPU 秒数; 文件都在页缓存里
import { basename } from 'node:path';
import type { DownloadJob, DownloadResult } from './lib/download-job.js';
import { Generator } from './lib/generator.js';
import { findNginx, NGINX_INSTALL_HINT, startNginx } from './lib/nginx.js';
import type { Bench, Options } from './lib/options.js';
import { cpuSeconds } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import { mustUpload, uploadJob } from './lib/upload-round.js';

interface Contestant {
  readonly label: string;
  readonly server: ServerProcess;
  readonly path: string;
  readonly cpuPerGib: number[];
  readonly gibPerSecond: number[];
}

export const downloadBench: Bench = {
  name: 'download',
  about: '服务器每送出 1 GiB 花的 CPU 秒数, 对照 nginx sendfile',
  expectedSeconds: 60,
  byDefault: true,
  accepts: {
    rounds: 5,
    bytes: 1024 ** 3,
    times: 4,
    storage: '临时目录',
    nginx: '自己去找',
    url: true,
    pid: true,
    'peers-only': true,
    'cpu-prof': true,
  },
  run: runDownloadBench,
};

async function runDownloadBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, options.bytes);
  const storage = new StorageFolder(options, options.storage ?? options.work, 'sluice');
  const contestants: Contestant[] = [];
  const notes = [
    `每次测量连续下载 ${options.times} 遍; CPU 时间含 nginx 的 master 与 worker, 含 Sluice 的全部线程`,
  ];
  try {
    if (!options.peersOnly) contestants.push(await sluiceContestant(options, storage.path, file));
    const binary = findNginx(options);
    if (binary === undefined) notes.push(`没有找到 nginx, 已跳过这一对照。安装: ${NGINX_INSTALL_HINT}`);
    else
      contestants.push(contestant(await startNginx(binary, options, file.path), `/${basename(file.path)}`));
    await measure(contestants, options);
    return report(contestants, file, notes);
  } finally {
    await Promise.all(contestants.map((each) => each.server.stop()));
    storage.remove();
  }
}

function contestant(server: ServerProcess, path: string): Contestant {
  if (server.pid === 0) throw new Error('download 比的是 CPU: --url 须与 --pid 同用');
  return { label: server.name, server, path, cpuPerGib: [], gibPerSecond: [] };
}

async function sluiceContestant(options: Options, storage: string, file: TestFile): Promise<Contestant> {
  const server = await startSluice(options, storage);
  try {
    const { result } = await mustUpload(server, uploadJob(server, 'multipart', file));
    return contestant(server, new URL(result.url ?? '').pathname);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function measure(contestants: readonly Contestant[], options: Options): Promise<void> {
  // 预热: 文件进页缓存, 热路径编译完
  for (const each of contestants) await download(each, 1);
  for (let round = 0; round < options.rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const each of order) await measureOne(each, options.times);
    console.log(
      `第 ${round + 1} 轮: ${contestants.map((each) => `${each.label} ${each.cpuPerGib.at(-1)?.toFixed(3)} CPU s/GiB`).join(', ')}`,
    );
  }
}

async function measureOne(each: Contestant, times: number): Promise<void> {
  const { cpu, result } = await download(each, times);
  const gib = result.bytes / 1024 ** 3;
  each.cpuPerGib.push(cpu / gib);
  each.gibPerSecond.push(gib / (result.elapsedMs / 1000));
}

async function download(each: Contestant, times: number): Promise<{ cpu: number; result: DownloadResult }> {
  const job: DownloadJob = { target: each.server.target, path: each.path, times, hash: false };
  const generator = await Generator.start<DownloadResult>('download', job);
  try {
    const before = cpuSeconds(each.server.pid);
    const result = await generator.run();
    return { cpu: cpuSeconds(each.server.pid) - before, result };
  } finally {
    await generator.close();
  }
}

function report(contestants: readonly Contestant[], file: TestFile, notes: readonly string[]): Report {
  return {
    name: 'download',
    title: '下载',
    tables: [
      {
        title: `一个 ${(file.bytes / 1024 ** 2).toFixed(0)} MiB 的文件, 中位数 (最小-最大)`,
        header: ['服务器', 'CPU s / GiB', 'GiB/s'],
        rows: contestants.map((each) => [
          each.label,
          formatSpread(spreadOf(each.cpuPerGib), 3),
          formatSpread(spreadOf(each.gibPerSecond)),
        ]),
      },
    ],
    claims: claims(contestants),
    charts: [
      {
        kind: 'bars',
        title: '每送出 1 GiB, 服务器的 CPU 秒数 (越低越好)',
        digits: 3,
        bars: contestants.map(({ label, cpuPerGib }) => ({
          label,
          spread: spreadOf(cpuPerGib),
          role: label === 'Sluice' ? 'ours' : 'peer',
        })),
      },
    ],
    notes,
    raw: contestants.map(({ label, cpuPerGib, gibPerSecond }) => ({ label, cpuPerGib, gibPerSecond })),
  };
}

function claims([sluice, nginx]: readonly Contestant[]): Claim[] {
  if (sluice === undefined || nginx === undefined) return [];
  const ratio = pairedRatios(sluice.cpuPerGib, nginx.cpuPerGib);
  return [
    {
      text: 'Sluice 每 GiB 的 CPU 不超过 nginx 的 1.2 倍',
      value: formatSpread(ratio),
      passed: ratio.median <= 1.2,
    },
  ];
}
