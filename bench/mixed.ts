// 混合: 0, 1, 4, 16 路上传全速时文字往返要多久; Sluice 对只数字节的裸 uWebSockets.js
import type { LineChart } from './lib/chart.js';
import { Generator } from './lib/generator.js';
import type { LatencyJob, LatencyResult } from './lib/latency-job.js';
import { fileSystemOf } from './lib/machine.js';
import type { Bench, Options } from './lib/options.js';
import type { Claim, Report, Table } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startBareUws, startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, type Spread, spreadOf } from './lib/statistics.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import { nowMs, type UploadResult } from './lib/upload-job.js';
import { uploadJob } from './lib/upload-round.js';

/** 一轮里依次加到这么多路; 0 是空闲 */
const STEPS = [0, 1, 4, 16] as const;
/** 加了上传之后到开始测量 (毫秒): 窗口已满 */
const RAMP_MS = 500;
/** 存储少于此数就中止 (字节): 宁可报错, 不可写满内存盘 */
const LEAST_FREE_BYTES = 3 * 1024 ** 3;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** 上传的路数 -> 对裸服务器的 p99 至多几倍 */
const LIMITS: readonly (readonly [uploads: number, most: number])[] = [
  [4, 1.3],
  [16, 1.6],
];

export const mixedBench: Bench = {
  name: 'mixed',
  about: '0, 1, 4, 16 路上传全速时文字的 p50, p99, p99.9, 对照只数字节的裸 uWebSockets.js',
  expectedSeconds: 110,
  byDefault: true,
  accepts: {
    rounds: 5,
    seconds: 2,
    rate: 400,
    bytes: 256 * MIB,
    storage: '/dev/shm (空闲 16 GiB 以上时), 否则临时目录',
    url: true,
    pid: true,
    'peers-only': true,
    'cpu-prof': true,
  },
  run: runMixedBench,
};

interface Phase {
  readonly result: LatencyResult;
  /** 上传的合计吞吐; 空闲段为 0 */
  readonly gibPerSecond: number;
}

interface Contestant {
  readonly server: ServerProcess;
  /** 裸服务器不写盘, 没有存储目录 */
  readonly storage: StorageFolder | undefined;
  /** 上传的路数 -> 各轮 */
  readonly phases: ReadonlyMap<number, Phase[]>;
}

interface Scene {
  readonly options: Options;
  readonly seconds: number;
  readonly file: TestFile;
}

/** 一组上传: 一个进程里的若干条连接。一路一个进程的话, 十六个进程争两个核, 量到的是调度 */
type Group = Generator<readonly UploadResult[]>;

async function runMixedBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, options.bytes);
  const parent = options.storage ?? fastStorage(options.work);
  const storage = new StorageFolder(options, parent, 'sluice');
  const contestants: Contestant[] = [];
  try {
    if (!options.peersOnly) contestants.push(contestant(await startSluice(options, storage.path), storage));
    contestants.push(contestant(await startBareUws(options), undefined));
    await measure({ options, seconds: options.seconds, file }, contestants);
    return report(contestants, options, options.peersOnly ? '无' : fileSystemOf(storage.path));
  } finally {
    await Promise.all(contestants.map((each) => each.server.stop()));
    storage.remove();
  }
}

function contestant(server: ServerProcess, storage: StorageFolder | undefined): Contestant {
  return { server, storage, phases: new Map(STEPS.map((uploads) => [uploads, []])) };
}

async function measure(scene: Scene, contestants: readonly Contestant[]): Promise<void> {
  // 预热: 编译完, 内存池长到位; 不计
  for (const each of contestants) await climb({ ...scene, seconds: 0.5 }, each);
  for (let round = 0; round < scene.options.rounds; round += 1) {
    for (const each of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      const phases = await climb(scene, each);
      for (const [index, uploads] of STEPS.entries()) each.phases.get(uploads)!.push(phases[index]!);
    }
    console.log(
      `第 ${round + 1} 轮, p99 ms (${STEPS.join(', ')} 路): ${contestants.map(describe).join('; ')}`,
    );
  }
}

function describe({ server, phases }: Contestant): string {
  const last = STEPS.map((uploads) => phases.get(uploads)!.at(-1)!);
  const p99 = last.map(({ result }) => result.latency.p99Ms.toFixed(2)).join(', ');
  return `${server.name} ${p99} (最多时 ${last.at(-1)!.gibPerSecond.toFixed(2)} GiB/s)`;
}

/** 一轮: 从空闲起一档一档加上去; 上传一旦开始就不停, 到最后一起叫停 */
async function climb(scene: Scene, each: Contestant): Promise<Phase[]> {
  const groups: Group[] = [];
  try {
    for (const [index, uploads] of STEPS.entries()) {
      const more = uploads - (STEPS[index - 1] ?? 0);
      if (more > 0) groups.push(await startGroup(scene, each.server, more));
    }
    return await steps(scene, each, groups);
  } finally {
    await Promise.all(groups.map((group) => group.close()));
    each.storage?.deleteContent();
  }
}

function startGroup(scene: Scene, server: ServerProcess, uploads: number): Promise<Group> {
  const job = { ...uploadJob(server, 'binary', scene.file), repeat: true, copies: uploads };
  return Generator.start('upload', job);
}

async function steps(scene: Scene, each: Contestant, groups: readonly Group[]): Promise<Phase[]> {
  const phases: Phase[] = [{ result: await probe(scene, each), gibPerSecond: 0 }];
  const running: Promise<readonly UploadResult[]>[] = [];
  for (const [index, group] of groups.entries()) {
    running.push(group.run());
    const phase = whileUploading(scene, each, groups.slice(0, index + 1));
    phases.push(await Promise.race([phase, ...running.map(endedEarly)]));
  }
  for (const group of groups) group.stop();
  await Promise.all(running);
  return phases;
}

/** 上传应当一直跑到被叫停; 先行结束说明服务器出了错 */
async function endedEarly(results: Promise<readonly UploadResult[]>): Promise<never> {
  const outcomes = (await results).map((result) => result.outcome);
  if (outcomes.every((outcome) => outcome === 'stopped')) return new Promise(() => {});
  throw new Error(`上传提前结束: ${outcomes.join(', ')}`);
}

async function whileUploading(scene: Scene, each: Contestant, groups: readonly Group[]): Promise<Phase> {
  await new Promise((resolve) => setTimeout(resolve, RAMP_MS));
  const startedMs = nowMs();
  const before = await totalCount(groups);
  const result = await probe(scene, each);
  const bytes = (await totalCount(groups)) - before;
  if (each.storage !== undefined && each.storage.freeBytes() < LEAST_FREE_BYTES) {
    throw new Error(`${each.storage.path} 快要写满: 请缩短 --seconds, 或用 --storage 换一处`);
  }
  return { result, gibPerSecond: bytes / GIB / ((nowMs() - startedMs) / 1000) };
}

async function totalCount(groups: readonly Group[]): Promise<number> {
  const counts = await Promise.all(groups.map((group) => group.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

let serial = 0;

async function probe(scene: Scene, each: Contestant): Promise<LatencyResult> {
  serial += 1;
  const job: LatencyJob = {
    target: each.server.target,
    userName: `探针${process.pid}-${serial}`,
    ratePerSecond: scene.options.ratePerSecond,
    durationMs: scene.seconds * 1000,
  };
  const generator = await Generator.start<LatencyResult>('latency', job);
  try {
    return await generator.run();
  } finally {
    await generator.close();
  }
}

function report(contestants: readonly Contestant[], options: Options, storage: string): Report {
  const table: Table = {
    title: `每秒 ${options.ratePerSecond} 条, 每段 ${options.seconds} s, 毫秒, 各轮的中位数 (最小-最大)`,
    header: ['', '上传', 'p50', 'p99', 'p99.9', 'max', '探针迟到 p99', '丢失', '上传 GiB/s'],
    rows: STEPS.flatMap((uploads) => contestants.map((each) => phaseRow(each, uploads))),
  };
  return {
    name: 'mixed',
    title: '上传中的文字延迟',
    tables: [table],
    claims: claims(contestants),
    charts: [chart(contestants)],
    notes: [
      `${options.rounds} 轮交替, 一轮之内从空闲逐档加到 ${STEPS.at(-1)} 路; Sluice 的存储在 ${storage} 上, 裸服务器不写盘; ` +
        '延迟从预定的发送时刻算起',
    ],
    raw: contestants.map(({ server, phases }) => ({
      server: server.name,
      phases: Object.fromEntries([...phases]),
    })),
  };
}

function figures(each: Contestant, uploads: number, pick: (phase: Phase) => number): number[] {
  return each.phases.get(uploads)!.map(pick);
}

function p99Of(each: Contestant, uploads: number): number[] {
  return figures(each, uploads, ({ result }) => result.latency.p99Ms);
}

function phaseRow(each: Contestant, uploads: number): string[] {
  const of = (pick: (phase: Phase) => number): string => formatSpread(spreadOf(figures(each, uploads, pick)));
  return [
    each.server.name,
    uploads === 0 ? '空闲' : `${uploads} 路`,
    of(({ result }) => result.latency.p50Ms),
    of(({ result }) => result.latency.p99Ms),
    of(({ result }) => result.latency.p999Ms),
    of(({ result }) => result.latency.maxMs),
    of(({ result }) => result.lag.p99Ms),
    String(figures(each, uploads, ({ result }) => result.lost).reduce((sum, lost) => sum + lost, 0)),
    of(({ gibPerSecond }) => gibPerSecond),
  ];
}

function chart(contestants: readonly Contestant[]): LineChart {
  const points = (each: Contestant): { at: string; spread: Spread }[] =>
    STEPS.map((uploads) => ({
      at: uploads === 0 ? '空闲' : `${uploads} 路上传`,
      spread: spreadOf(p99Of(each, uploads)),
    }));
  return {
    kind: 'lines',
    title: '上传全速时文字往返的 p99, 毫秒 (越低越好)',
    xLabel: '同时全速的上传',
    lines: contestants.map((each) => ({
      label: each.server.name,
      role: each.storage === undefined ? 'peer' : 'ours',
      points: points(each),
    })),
  };
}

function claims([sluice, bare]: readonly Contestant[]): Claim[] {
  if (sluice === undefined || bare === undefined) return [];
  const limits = LIMITS.map(([uploads, most]) => {
    const ratio = pairedRatios(p99Of(sluice, uploads), p99Of(bare, uploads));
    return {
      text: `${uploads} 路上传全速时, 文字的 p99 不超过裸服务器的 ${most} 倍`,
      value: formatSpread(ratio),
      passed: ratio.median <= most,
    };
  });
  const lost = STEPS.flatMap((uploads) => figures(sluice, uploads, ({ result }) => result.lost));
  const total = lost.reduce((sum, each) => sum + each, 0);
  return [...limits, { text: '没有丢失一条文字', value: `丢失 ${total}`, passed: total === 0 }];
}
