// 十个上传同时进行: 合计吞吐, 服务器的 CPU, 内存峰值的增长对照由设置算出的上限
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator } from './generator.js';
import { hashDownload } from './hash-download.js';
import type { Options } from './options.js';
import { watchUsage } from './process-stats.js';
import type { Claim, Table } from './report.js';
import { startFilePeer, startSluice } from './servers.js';
import { formatSpread, spreadOf } from './statistics.js';
import { fastStorage } from './storage-folder.js';
import { ensureTestFile, type TestFile } from './test-file.js';
import { type Entrant, enter, leave } from './upload-contest.js';
import { type Door, nowMs, type UploadResult } from './upload-job.js';
import { uploadJob } from './upload-round.js';

const UPLOADS = 10;
const EACH_BYTES = 512 * 1000 ** 2;
const ROUNDS = 3;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** 不属于公式的部分 (字节): 十条连接各自的帧缓冲, 线程栈, 堆的起伏; 大帧的缓冲另算 */
const SLACK_BYTES = 16 * MIB;

interface Side {
  readonly label: string;
  readonly door: Door;
  readonly entrant: Entrant;
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  readonly growthMiB: number[];
}

export interface ParallelOutcome {
  readonly table: Table;
  readonly claims: readonly Claim[];
  readonly notes: readonly string[];
  readonly raw: unknown;
}

export async function runParallel(options: Options): Promise<ParallelOutcome> {
  const file = ensureTestFile(options.temp, EACH_BYTES);
  const parent = options.storage ?? fastStorage(options.work);
  const entrants: Entrant[] = [];
  const add = async (start: Parameters<typeof enter>[2], own: boolean): Promise<Entrant> => {
    const entrant = await enter(options, parent, start, own);
    entrants.push(entrant);
    return entrant;
  };
  try {
    const sides: Side[] = [];
    if (!options.peersOnly) {
      const sluice = await add((storage) => startSluice(options, storage), false);
      sides.push(side('Sluice 二进制分片', 'binary', sluice));
    }
    const multer = await add((storage) => startFilePeer(options, 'multer + express', storage), true);
    sides.push(side('multer + express', 'multipart', multer));
    const rounds = Math.min(options.rounds, ROUNDS);
    for (let round = 0; round < rounds; round += 1) {
      for (const each of round % 2 === 0 ? sides : [...sides].reverse()) await measure(each, file);
      console.log(`${UPLOADS} 个同时, 第 ${round + 1} 轮: ${sides.map(describe).join(', ')}`);
    }
    return outcome(sides, rounds, options);
  } finally {
    await leave(entrants);
  }
}

function side(label: string, door: Door, entrant: Entrant): Side {
  return { label, door, entrant, seconds: [], cpuSeconds: [], growthMiB: [] };
}

function describe({ label, seconds, growthMiB }: Side): string {
  return `${label} ${seconds.at(-1)?.toFixed(1)} s, 内存 +${growthMiB.at(-1)?.toFixed(0)} MiB`;
}

async function measure(each: Side, file: TestFile): Promise<void> {
  const { server, storage } = each.entrant;
  const generators: Generator<UploadResult>[] = [];
  for (let index = 0; index < UPLOADS; index += 1) {
    generators.push(await Generator.start<UploadResult>('upload', uploadJob(server, each.door, file)));
  }
  try {
    const usage = server.pid === 0 ? undefined : watchUsage(server.pid);
    const startedMs = nowMs();
    const results = await Promise.all(generators.map((generator) => generator.run()));
    each.seconds.push((nowMs() - startedMs) / 1000);
    const used = usage?.();
    each.cpuSeconds.push(used?.cpuSeconds ?? Number.NaN);
    each.growthMiB.push((used?.peakGrowthBytes ?? Number.NaN) / MIB);
    await verify(each, results, file);
  } finally {
    await Promise.all(generators.map((generator) => generator.close()));
    storage?.deleteContent();
  }
}

/** 十个都要传完; 给出散列的都要对, 并抽一个下载回来再算一遍 */
async function verify(each: Side, results: readonly UploadResult[], file: TestFile): Promise<void> {
  for (const { outcome, sha256 } of results) {
    if (outcome !== 'done') throw new Error(`${each.label}: 同时上传失败: ${outcome}`);
    if (sha256 !== undefined && sha256 !== file.sha256) throw new Error(`${each.label}: SHA-256 不符`);
  }
  const url = results.at(-1)?.url;
  if (url === undefined) return;
  const { sha256 } = await hashDownload(each.entrant.server, new URL(url).pathname);
  if (sha256 !== file.sha256) throw new Error(`${each.label}: 下载回来的 SHA-256 不符`);
}

interface UploadSettings {
  readonly files: { readonly chunkBytes: number; readonly windowBytes: number };
  readonly uploads: { readonly windowBudgetBytes: number };
}

/** README "内存" 一节的公式, 代入默认设置与这里的个数: 窗口, 未写满的块, 收过的最大一帧 */
function boundBytes(): number {
  const path = join(process.cwd(), 'config/default.json');
  const { files, uploads } = JSON.parse(readFileSync(path, 'utf8')) as UploadSettings;
  const windows = Math.min(UPLOADS * files.windowBytes, uploads.windowBudgetBytes);
  const openBlocks = UPLOADS * 2 * 256 * 1024;
  // uWS 的缓冲按帧长加倍增长
  const frames = UPLOADS * 2 * files.chunkBytes;
  return windows + openBlocks + frames + SLACK_BYTES;
}

function outcome(sides: readonly Side[], rounds: number, options: Options): ParallelOutcome {
  const gib = (UPLOADS * EACH_BYTES) / GIB;
  const bound = boundBytes() / MIB;
  const rows = sides.map((each) => [
    each.label,
    formatSpread(spreadOf(each.seconds), 1),
    formatSpread(spreadOf(each.seconds.map((seconds) => gib / seconds))),
    formatSpread(spreadOf(each.cpuSeconds.map((seconds) => seconds / gib))),
    formatSpread(spreadOf(each.growthMiB), 0),
  ]);
  const title = `${UPLOADS} 个 ${EACH_BYTES / 1000 ** 2} MB 的文件同时上传, 各轮的中位数 (最小-最大)`;
  const header = ['', '墙上时间 s', '合计 GiB/s', '服务器 CPU s/GiB', '内存峰值增长 MiB'];
  return {
    table: { title, header, rows },
    claims: claims(sides, bound, options),
    notes: [
      `同时上传: ${rounds} 轮, 散列全部相符, 每轮抽一个下载核对; 内存的上限 ${bound.toFixed(0)} MiB 由默认设置算出: ` +
        '窗口, 未写满的块, 收过的最大一帧, 另加 16 MiB 的起伏',
    ],
    raw: sides.map(({ entrant: _, ...each }) => each),
  };
}

function claims([sluice]: readonly Side[], bound: number, options: Options): Claim[] {
  if (options.peersOnly || sluice === undefined) return [];
  const worst = Math.max(...sluice.growthMiB);
  return [
    {
      text: `${UPLOADS} 个同时上传: 内存峰值增长不超过公式给出的 ${bound.toFixed(0)} MiB`,
      value: `${worst.toFixed(0)} MiB`,
      passed: worst <= bound,
    },
  ];
}
