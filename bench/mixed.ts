// 混合: 四路上传全速时文字往返要多久; Sluice 对只数字节的裸 uWebSockets.js
import { Generator } from './lib/generator.js';
import type { LatencyJob, LatencyResult } from './lib/latency-job.js';
import { fileSystemOf } from './lib/machine.js';
import type { Options } from './lib/options.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startBareUws, startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import { nowMs, type UploadResult } from './lib/upload-job.js';
import { uploadJob } from './lib/upload-round.js';

/** 每段的默认长度 */
const DEFAULT_SECONDS = 10;
/** 上传起跑到开始测量之间 (毫秒): 窗口已满, 编译已完成 */
const RAMP_MS = 1500;
/** 存储少于此数就中止 (字节): 宁可报错, 不可写满内存盘 */
const LEAST_FREE_BYTES = 3 * 1024 ** 3;
const GIB = 1024 ** 3;

interface Phase {
  readonly result: LatencyResult;
  /** 上传的合计吞吐; 空闲段为 0 */
  readonly gibPerSecond: number;
}

interface Contestant {
  readonly server: ServerProcess;
  /** 裸服务器不写盘, 没有存储目录 */
  readonly storage: StorageFolder | undefined;
  readonly idle: Phase[];
  readonly loaded: Phase[];
}

interface Bench {
  readonly options: Options;
  readonly seconds: number;
  readonly file: TestFile;
}

export async function runMixedBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, options.bytes);
  const seconds = options.seconds ?? DEFAULT_SECONDS;
  const parent = options.storage ?? fastStorage(options.work);
  const storage = new StorageFolder(options, parent, 'sluice');
  const contestants: Contestant[] = [];
  try {
    if (!options.peersOnly) contestants.push(contestant(await startSluice(options, storage.path), storage));
    contestants.push(contestant(await startBareUws(options), undefined));
    await measure({ options, seconds, file }, contestants);
    return report(
      contestants,
      { ...options, seconds },
      options.peersOnly ? '无' : fileSystemOf(storage.path),
    );
  } finally {
    await Promise.all(contestants.map((each) => each.server.stop()));
    storage.remove();
  }
}

function contestant(server: ServerProcess, storage: StorageFolder | undefined): Contestant {
  return { server, storage, idle: [], loaded: [] };
}

async function measure(bench: Bench, contestants: readonly Contestant[]): Promise<void> {
  const short: Bench = { ...bench, seconds: 1 };
  for (const each of contestants) await loadedPhase(short, each);
  for (let round = 0; round < bench.options.rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const each of order) {
      each.idle.push({ result: await probe(bench, each), gibPerSecond: 0 });
      each.loaded.push(await loadedPhase(bench, each));
    }
    console.log(`第 ${round + 1} 轮: ${contestants.map(describeRound).join('; ')}`);
  }
}

function describeRound(each: Contestant): string {
  const loaded = each.loaded.at(-1)!;
  const p99 = loaded.result.latency.p99Ms.toFixed(2);
  return `${each.server.name} 空闲 p99 ${each.idle.at(-1)!.result.latency.p99Ms.toFixed(2)} ms, 上传中 ${p99} ms (${loaded.gibPerSecond.toFixed(2)} GiB/s)`;
}

async function loadedPhase(bench: Bench, each: Contestant): Promise<Phase> {
  const uploads = await Promise.all(
    Array.from({ length: bench.options.uploads }, () => {
      const job = { ...uploadJob(each.server, 'binary', bench.file), repeat: true };
      return Generator.start<UploadResult>('upload', job);
    }),
  );
  try {
    const results = Promise.all(uploads.map((upload) => upload.run()));
    const phase = await Promise.race([whileUploading(bench, each, uploads), endedEarly(results)]);
    for (const upload of uploads) upload.stop();
    await results;
    return phase;
  } finally {
    await Promise.all(uploads.map((upload) => upload.close()));
    each.storage?.deleteContent();
  }
}

/** 上传应当一直跑到被叫停; 先行结束说明服务器出了错 */
async function endedEarly(results: Promise<UploadResult[]>): Promise<never> {
  const ended = await results;
  const outcomes = ended.map((result) => result.outcome);
  if (outcomes.every((outcome) => outcome === 'stopped')) return new Promise(() => {});
  throw new Error(`上传提前结束: ${outcomes.join(', ')}`);
}

async function whileUploading(
  bench: Bench,
  each: Contestant,
  uploads: Generator<UploadResult>[],
): Promise<Phase> {
  await new Promise((resolve) => setTimeout(resolve, RAMP_MS));
  const startedMs = nowMs();
  const before = await totalCount(uploads);
  const result = await probe(bench, each);
  const bytes = (await totalCount(uploads)) - before;
  if (each.storage !== undefined && each.storage.freeBytes() < LEAST_FREE_BYTES) {
    throw new Error(`${each.storage.path} 快要写满: 请缩短 --seconds, 或用 --storage 换一处`);
  }
  return { result, gibPerSecond: bytes / GIB / ((nowMs() - startedMs) / 1000) };
}

async function totalCount(uploads: Generator<UploadResult>[]): Promise<number> {
  const counts = await Promise.all(uploads.map((upload) => upload.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

let serial = 0;

async function probe(bench: Bench, each: Contestant): Promise<LatencyResult> {
  serial += 1;
  const job: LatencyJob = {
    target: each.server.target,
    userName: `探针${process.pid}-${serial}`,
    ratePerSecond: bench.options.ratePerSecond,
    durationMs: bench.seconds * 1000,
  };
  const generator = await Generator.start<LatencyResult>('latency', job);
  try {
    return await generator.run();
  } finally {
    await generator.close();
  }
}

function report(contestants: readonly Contestant[], options: Options, storage: string): Report {
  const rows = contestants.flatMap((each) => [
    phaseRow(`${each.server.name}, 空闲`, each.idle),
    phaseRow(`${each.server.name}, ${options.uploads} 路上传`, each.loaded),
  ]);
  return {
    name: 'mixed',
    title: '上传中的文字延迟',
    tables: [
      {
        title: `每秒 ${options.ratePerSecond} 条, 每段 ${options.seconds} s, 毫秒, 各轮的中位数 (最小-最大)`,
        header: ['', 'p50', 'p99', 'p99.9', 'max', '探针迟到 p99', '丢失', '上传 GiB/s'],
        rows,
      },
    ],
    claims: claims(contestants),
    notes: [
      `${options.rounds} 轮交替; Sluice 的存储在 ${storage} 上, 裸服务器不写盘; 延迟从预定的发送时刻算起`,
    ],
    raw: contestants.map(({ server, idle, loaded }) => ({ server: server.name, idle, loaded })),
  };
}

function phaseRow(label: string, phases: readonly Phase[]): string[] {
  const of = (pick: (phase: Phase) => number): string => formatSpread(spreadOf(phases.map(pick)));
  return [
    label,
    of((phase) => phase.result.latency.p50Ms),
    of((phase) => phase.result.latency.p99Ms),
    of((phase) => phase.result.latency.p999Ms),
    of((phase) => phase.result.latency.maxMs),
    of((phase) => phase.result.lag.p99Ms),
    String(phases.reduce((sum, phase) => sum + phase.result.lost, 0)),
    of((phase) => phase.gibPerSecond),
  ];
}

function claims([sluice, bare]: readonly Contestant[]): Claim[] {
  if (sluice === undefined || bare === undefined) return [];
  const p99 = (each: Contestant): number[] => each.loaded.map((phase) => phase.result.latency.p99Ms);
  const ratio = pairedRatios(p99(sluice), p99(bare));
  const lost = sluice.loaded.reduce((sum, phase) => sum + phase.result.lost, 0);
  return [
    {
      text: '上传中 Sluice 的 p99 不超过裸服务器的 1.5 倍',
      value: formatSpread(ratio),
      passed: ratio.median <= 1.5,
    },
    { text: '上传中没有丢失一条文字', value: `丢失 ${lost}`, passed: lost === 0 },
  ];
}
