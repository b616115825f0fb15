// 网页上传: 恰好上限大小的文件拖进真 Chromium; 标签页的内存有界, 内容相同, 与压测自己的二进制分片比速度
import { type Arena, type BrowserUpload, uploadFromBrowser } from './lib/browser-upload.js';
import { fileSystemOf } from './lib/machine.js';
import { type Bench, FILE_CAP_BYTES, type Options } from './lib/options.js';
import type { Claim, Report } from './lib/report.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, type Spread, spreadOf } from './lib/statistics.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile } from './lib/test-file.js';
import { mustUpload, uploadJob } from './lib/upload-round.js';

const MB = 1e6;
const MIB = 1024 * 1024;
/** 标签页的 JavaScript 堆 (含 Worker) 的上限, 与文件大小无关 */
const MAX_HEAP_BYTES = 100 * MB;
/** 渲染进程常驻内存的增长上限 */
const MAX_GROWTH_BYTES = 100 * MIB;

interface Round extends BrowserUpload {
  /** 同一轮里压测自己的二进制分片上传同一个文件 */
  readonly generatorSeconds: number;
}

export const webLargeBench: Bench = {
  name: 'web-large',
  about: '真 Chromium: 2.5 GB 拖进网页; 堆, 内存, 时间',
  expectedSeconds: 360,
  byDefault: false,
  accepts: {
    rounds: 5,
    storage: '/dev/shm (空闲 16 GiB 以上时), 否则临时目录',
    url: true,
    pid: true,
    'cpu-prof': true,
  },
  run: runWebLargeBench,
};

async function runWebLargeBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, FILE_CAP_BYTES);
  const storage = new StorageFolder(options, options.storage ?? fastStorage(options.work), 'sluice');
  const server = await startSluice(options, storage.path);
  try {
    const rounds: Round[] = [];
    for (let index = 0; index < options.rounds; index += 1) {
      rounds.push(await measure({ work: options.work, server, storage, file }, index));
      console.log(`第 ${index + 1} 轮: ${describeRound(rounds.at(-1)!)}`);
    }
    const hiddenCpuSeconds = rounds.reduce((sum, round) => sum + round.browserCpuSeconds, 0);
    return { ...report(rounds, fileSystemOf(storage.path)), hiddenCpuSeconds };
  } finally {
    await server.stop();
    storage.remove();
  }
}

/** A B, B A 交替 */
async function measure(arena: Arena, index: number): Promise<Round> {
  const userName = `网页${process.pid}-${index}`;
  if (index % 2 === 0) {
    const upload = await uploadFromBrowser(arena, userName);
    return { ...upload, generatorSeconds: await uploadFromGenerator(arena) };
  }
  const generatorSeconds = await uploadFromGenerator(arena);
  return { ...(await uploadFromBrowser(arena, userName)), generatorSeconds };
}

async function uploadFromGenerator({ server, storage, file }: Arena): Promise<number> {
  storage.warmMemory(file.bytes);
  const { result } = await mustUpload(server, uploadJob(server, 'binary', file));
  storage.deleteContent();
  return result.elapsedMs / 1000;
}

function describeRound(round: Round): string {
  const speed = (FILE_CAP_BYTES / MB / round.seconds).toFixed(0);
  return (
    `网页 ${round.seconds.toFixed(1)} s (${speed} MB/s), 发生器 ${round.generatorSeconds.toFixed(1)} s, ` +
    `堆峰值 ${(round.heap.heapBytes / MB).toFixed(1)} MB, 渲染进程增长 ${(round.renderer.peakGrowthBytes / MIB).toFixed(0)} MiB, ` +
    `最长任务 ${round.longestTaskMs.toFixed(0)} ms, 内容${round.same ? '相同' : '不同'}`
  );
}

function report(rounds: readonly Round[], fileSystem: string): Report {
  const of = (pick: (round: Round) => number): Spread => spreadOf(rounds.map(pick));
  const row = (label: string, pick: (round: Round) => number, digits = 1): string[] => [
    label,
    formatSpread(of(pick), digits),
  ];
  return {
    name: 'web-large',
    title: '从浏览器上传 2.5 GB',
    tables: [
      {
        title: `恰好 ${FILE_CAP_BYTES} 字节, 拖进 Chromium, ${rounds.length} 轮的中位数 (最小-最大)`,
        header: ['', '实测'],
        rows: [
          row('网页上传 s', (round) => round.seconds),
          row('网页上传 MB/s', (round) => FILE_CAP_BYTES / MB / round.seconds, 0),
          row('发生器的二进制分片 s', (round) => round.generatorSeconds),
          ['时间之比, 网页 / 发生器', formatSpread(timeRatio(rounds))],
          row('堆峰值 MB (页面与 Worker)', (round) => round.heap.heapBytes / MB),
          row('堆峰值, 含 ArrayBuffer 的内容 MB', (round) => round.heap.withBuffersBytes / MB),
          row('渲染进程内存峰值增长 MiB', (round) => round.renderer.peakGrowthBytes / MIB),
          row('渲染进程 CPU s', (round) => round.renderer.cpuSeconds),
          row('主线程最长任务 ms', (round) => round.longestTaskMs, 0),
          row('主线程超过 50 ms 的任务数', (round) => round.longTasks, 0),
          row('最长的帧间隔 ms', (round) => round.longestFrameMs, 0),
          row('服务器内存峰值增长 MiB', (round) => round.server.peakGrowthBytes / MIB),
          row('服务器 CPU s', (round) => round.server.cpuSeconds),
        ],
      },
    ],
    claims: claims(rounds),
    notes: [
      `存储在 ${fileSystem} 上; 时间从放下文件算到房间里的另一个人收到文件消息, 含网页读文件与它自己的准备`,
      `堆每 250 ms 读一次, 含没有回收的垃圾; 同时见到的 Worker 至多 ${of((round) => round.heap.workers).max} 个`,
    ],
    raw: rounds,
  };
}

/** 只报出, 不作承诺: 网页要另算一遍 SHA-256, 发生器不算 */
function timeRatio(rounds: readonly Round[]): Spread {
  return pairedRatios(
    rounds.map((round) => round.seconds),
    rounds.map((round) => round.generatorSeconds),
  );
}

function claims(rounds: readonly Round[]): Claim[] {
  const heap = Math.max(...rounds.map((round) => round.heap.withBuffersBytes));
  const growth = Math.max(...rounds.map((round) => round.renderer.peakGrowthBytes));
  const same = rounds.filter((round) => round.same).length;
  return [
    {
      text: '每一轮下载的 SHA-256 都与原文件相同',
      value: `${same} / ${rounds.length} 轮`,
      passed: same === rounds.length,
    },
    {
      text: '标签页的堆峰值 (页面与 Worker, 含 ArrayBuffer 的内容) 不超过 100 MB',
      value: `${(heap / MB).toFixed(1)} MB`,
      passed: heap <= MAX_HEAP_BYTES,
    },
    {
      text: '渲染进程的内存峰值增长不超过 100 MiB',
      value: `${(growth / MIB).toFixed(0)} MiB`,
      passed: growth <= MAX_GROWTH_BYTES,
    },
  ];
}
