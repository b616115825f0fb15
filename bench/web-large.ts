// 网页上传: 恰好上限大小的文件拖进真 Chromium; 标签页的内存有界, 内容相同, 与压测自己的二进制分片比速度
import { enter } from '../web/test/chat-page.js';
import { dropFiles } from '../web/test/drop.js';
import { joinChat } from './lib/chat-member.js';
import { DetachableTab } from './lib/detachable-tab.js';
import { hashDownload } from './lib/hash-download.js';
import { fileSystemOf } from './lib/machine.js';
import { FILE_CAP_BYTES, type Options } from './lib/options.js';
import { type PageRecord, TAKE_RECORD } from './lib/page-recorder.js';
import { type Usage, watchUsage } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, type Spread, spreadOf } from './lib/statistics.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import { type HeapPeak, TabHeap } from './lib/tab-heap.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import { nowMs } from './lib/upload-job.js';
import { mustUpload, uploadJob } from './lib/upload-round.js';

const MB = 1e6;
const MIB = 1024 * 1024;
/** 标签页的 JavaScript 堆 (含 Worker) 的上限, 与文件大小无关 */
const MAX_HEAP_BYTES = 100 * MB;
/** 渲染进程常驻内存的增长上限 */
const MAX_GROWTH_BYTES = 100 * MIB;
/** 放下文件到公布出来的限期 (毫秒) */
const UPLOAD_MS = 300_000;
/** 放下之前让页面静一静 (毫秒): 加入时的任务不算进上传 */
const SETTLE_MS = 1000;

interface Round {
  readonly seconds: number;
  /** 同一轮里压测自己的二进制分片上传同一个文件 */
  readonly generatorSeconds: number;
  readonly same: boolean;
  readonly heap: HeapPeak;
  readonly renderer: Usage;
  readonly server: Usage;
  readonly longestTaskMs: number;
  readonly longTasks: number;
  readonly longestFrameMs: number;
  readonly browserCpuSeconds: number;
}

interface Bench {
  readonly work: string;
  readonly server: ServerProcess;
  readonly storage: StorageFolder;
  readonly file: TestFile;
}

export async function runWebLargeBench(options: Options): Promise<Report> {
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
async function measure(bench: Bench, index: number): Promise<Round> {
  if (index % 2 === 0) {
    const browserRound = await uploadFromBrowser(bench, index);
    return { ...browserRound, generatorSeconds: await uploadFromGenerator(bench) };
  }
  const generatorSeconds = await uploadFromGenerator(bench);
  return { ...(await uploadFromBrowser(bench, index)), generatorSeconds };
}

async function uploadFromGenerator({ server, storage, file }: Bench): Promise<number> {
  storage.warmMemory(file.bytes);
  const { result } = await mustUpload(server, uploadJob(server, 'binary', file));
  storage.deleteContent();
  return result.elapsedMs / 1000;
}

async function uploadFromBrowser(bench: Bench, index: number): Promise<Omit<Round, 'generatorSeconds'>> {
  const { work, server, storage, file } = bench;
  storage.warmMemory(file.bytes);
  const witness = await watchFiles(server);
  const tab = await DetachableTab.open(work, server.target);
  let browserCpuSeconds = 0;
  try {
    await enter(tab.page, `网页${process.pid}-${index}`);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const measured = await dropAndWait(tab, server, file, witness.announced);
    browserCpuSeconds = await tab.close();
    const downloaded = await hashDownload(server, measured.path);
    const same = downloaded.sha256 === file.sha256 && downloaded.bytes === file.bytes;
    return { ...measured, same, browserCpuSeconds };
  } finally {
    witness.close();
    if (browserCpuSeconds === 0) await tab.close();
    storage.deleteContent();
  }
}

async function dropAndWait(
  tab: DetachableTab,
  server: ServerProcess,
  file: TestFile,
  announced: Promise<string>,
) {
  await tab.cdp.evaluate<PageRecord>(TAKE_RECORD);
  const heap = new TabHeap(tab.cdp);
  const rendererUsage = watchUsage(tab.rendererPid);
  const serverUsage = watchUsage(server.pid);
  const startedMs = nowMs();
  await dropFiles(tab.page, [file.path]);
  // playwright 连着时, 每个分片都要编成 Base64 报给它: 实测使 Worker 的 CPU 加倍
  await tab.detach();
  const path = await Promise.race([announced, heap.failure()]);
  const seconds = (nowMs() - startedMs) / 1000;
  const usage = { renderer: rendererUsage(), server: serverUsage(), heap: await heap.stop() };
  const { longTasks, frameGaps } = await tab.cdp.evaluate<PageRecord>(TAKE_RECORD);
  const longestTaskMs = Math.max(0, ...longTasks);
  const longestFrameMs = frameGaps.reduce((most, gap) => Math.max(most, gap), 0);
  return { ...usage, path, seconds, longestTaskMs, longTasks: longTasks.length, longestFrameMs };
}

/** 房间里的另一个人: 他收到文件广播的时刻才算传完, 路径也来自广播 */
async function watchFiles(server: ServerProcess) {
  let found: (path: string) => void = () => {};
  const announced = new Promise<string>((resolve, reject) => {
    found = resolve;
    setTimeout(() => reject(new Error(`${UPLOAD_MS / 1000} 秒内没有传完`)), UPLOAD_MS).unref();
  });
  // 还没有人等待时就超时不算未捕获
  announced.catch(() => {});
  const { client } = await joinChat(server.target, `见证${process.pid}-${nowMs()}`, (message) => {
    if (message.type === 'file') found(new URL(message.url).pathname);
  });
  return { announced, close: () => client.close() };
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
