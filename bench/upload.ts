// 上传: Sluice 的三扇门对 Node 与 Go 世界里的几种收法; 同一文件, 同一磁盘, 逐轮交替
// 裸服务器只数字节不落盘, 它的几行是发生器的上限: 离它还远, 测到的才是服务器而不是发生器
import { createHash } from 'node:crypto';
import type { BarChart } from './lib/chart.js';
import { buildGoPeer } from './lib/go-peer.js';
import { fileSystemOf } from './lib/machine.js';
import type { Bench, Options } from './lib/options.js';
import type { Claim, Report, Table } from './lib/report.js';
import { type FilePeer, startBareUws, startFilePeer, startSluice, startTusd } from './lib/servers.js';
import { formatSpread, pairedRatios } from './lib/statistics.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import {
  CONTEST_HEADER,
  type Contestant,
  compete,
  contestant,
  contestRow,
  type Entrant,
  enter,
  gibPerCpuSecond,
  leave,
  rawFigures,
} from './lib/upload-contest.js';
import type { Door } from './lib/upload-job.js';
import { type ParallelOutcome, runParallel } from './lib/upload-parallel.js';

const MIB = 1024 ** 2;
/** 量散列的速度时算多少 MiB */
const HASH_MIB = 512;
/** 分片大小的一段: 每种几轮 */
const CHUNK_ROUNDS = 3;
const CHUNK_SIZES = [64 * 1024, 256 * 1024, 1024 * 1024] as const;
const BINARY = 'Sluice 二进制分片';
const DOORS: readonly (readonly [Door, string])[] = [
  ['multipart', 'multipart'],
  ['binary', '二进制分片'],
  ['base64', 'Base64 分片'],
];
const PEERS: readonly (readonly [FilePeer, Door])[] = [
  ['multer + express', 'multipart'],
  ['formidable', 'multipart'],
  ['node http + pipe', 'raw'],
  ['@tus/server', 'tus'],
];

interface Measured {
  readonly doors: readonly Contestant[];
  readonly chunks: readonly Contestant[];
  readonly parallel: ParallelOutcome;
  readonly notes: readonly string[];
}

export const uploadBench: Bench = {
  name: 'upload',
  about:
    '三扇门, multer, formidable, node http, @tus/server 与 tusd 收同一个文件: 时间, CPU, 内存; 另有同时十个与分片大小',
  expectedSeconds: 180,
  byDefault: true,
  accepts: {
    rounds: 5,
    bytes: 512 * MIB,
    storage: '临时目录',
    url: true,
    pid: true,
    'peers-only': true,
    'cpu-prof': true,
  },
  run: runUploadBench,
};

async function runUploadBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, options.bytes);
  const entrants: Entrant[] = [];
  try {
    const notes: string[] = [];
    const doors = await contestants(options, entrants, notes);
    await compete(doors, file, options.rounds);
    const chunks = options.peersOnly ? [] : chunkContestants(entrants[0]!);
    await compete(chunks, file, Math.min(options.rounds, CHUNK_ROUNDS));
    // 停下这些再开始: 同时上传的两台另起, 内存从刚启动时算起
    await leave(entrants.splice(0));
    const parallel = await runParallel(options);
    return report({ doors, chunks, parallel, notes }, file, options);
  } finally {
    await leave(entrants);
  }
}

/**
 * 这台机器算 SHA-256 每 GiB 用几个 CPU 秒: 协议要求 Sluice 算, 对照组都不算, 读者据此看得出差别从何而来。
 * 反复算同一块: 只量散列本身, 不含读内存
 */
function hashCpuPerGib(): number {
  const block = Buffer.alloc(MIB, 1);
  const hash = createHash('sha256');
  const before = process.cpuUsage();
  for (let count = 0; count < HASH_MIB; count += 1) hash.update(block);
  hash.digest();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (HASH_MIB / 1024);
}

async function contestants(options: Options, entrants: Entrant[], notes: string[]): Promise<Contestant[]> {
  const parent = options.storage ?? options.work;
  const add = async (start: Parameters<typeof enter>[2], own = true): Promise<Entrant> => {
    const entrant = await enter(options, parent, start, own);
    entrants.push(entrant);
    return entrant;
  };
  const list: Contestant[] = [];
  if (!options.peersOnly) {
    const sluice = await add((storage) => startSluice(options, storage), false);
    for (const [door, label] of DOORS) list.push(contestant(`Sluice ${label}`, sluice, door));
  }
  for (const [name, door] of PEERS) {
    const peer = await add((storage) => startFilePeer(options, name, storage));
    list.push(contestant(name, peer, door));
  }
  const tusd = await buildGoPeer('tusd');
  if (tusd === undefined) notes.push('没有 Go, 或 tusd 编译不了: 已跳过这一对照');
  else list.push(contestant('tusd', await add((storage) => startTusd(options, tusd, storage)), 'tus'));
  const bare: Entrant = { server: await startBareUws(options), storage: undefined };
  entrants.push(bare);
  for (const [door, label] of DOORS) list.push(contestant(`发生器上限: ${label}`, bare, door));
  return list;
}

function chunkContestants(sluice: Entrant): Contestant[] {
  return CHUNK_SIZES.map((chunkBytes) =>
    contestant(`二进制分片, 每片 ${chunkBytes / 1024} KiB`, sluice, 'binary', { chunkBytes }),
  );
}

function report(measured: Measured, file: TestFile, options: Options): Report {
  const { doors, chunks, parallel, notes } = measured;
  const size = `${(file.bytes / MIB).toFixed(0)} MiB 的文件`;
  const table = (title: string, list: readonly Contestant[]): Table => ({
    title: `${title}, 中位数 (最小-最大)`,
    header: CONTEST_HEADER,
    rows: list.map((each) => contestRow(each, file.bytes)),
  });
  return {
    name: 'upload',
    title: '上传',
    tables: [
      table(`一个 ${size}`, doors),
      ...(chunks.length === 0 ? [] : [table(`分片的大小, 一个 ${size}`, chunks)]),
      parallel.table,
    ],
    charts: charts(doors, chunks, file),
    claims: options.peersOnly ? [] : [...claims(doors), ...parallel.claims],
    notes: [
      `${options.rounds} 轮交替; 存储在 ${fileSystemOf(options.storage ?? options.work)}; ` +
        'tus 用一个 PATCH 送完整个文件',
      ...hashNotes(doors, file),
      ...notes,
      ...parallel.notes,
    ],
    raw: { doors: doors.map(rawFigures), chunks: chunks.map(rawFigures), parallel: parallel.raw },
  };
}

/** 不是承诺: 只说明差别里有多少是散列 */
function hashNotes(doors: readonly Contestant[], file: TestFile): string[] {
  const perGib = hashCpuPerGib();
  const sluice = doors.find((each) => each.label === BINARY);
  if (sluice === undefined) return [];
  const extra = (perGib * file.bytes) / 1024 ** 3;
  const peers = doors.filter((each) => roleOf(each) === 'peer');
  const ratios = peers.map((each) => {
    const hashed = each.cpuSeconds.map((seconds) => seconds + extra);
    return `${each.label} ${formatSpread(pairedRatios(hashed, sluice.cpuSeconds))}`;
  });
  return [
    `只有 Sluice 算 SHA-256 (协议要求), 本机每 GiB 要 ${perGib.toFixed(2)} CPU 秒; 给对照组也加上这一份, ` +
      `它们的 CPU 是二进制分片的几倍: ${ratios.join(', ')}`,
  ];
}

function charts(doors: readonly Contestant[], chunks: readonly Contestant[], file: TestFile): BarChart[] {
  const chart = (title: string, list: readonly Contestant[]): BarChart => ({
    kind: 'bars',
    title: `${title} (越高越好)`,
    bars: list.map((each) => ({
      label: each.label,
      spread: gibPerCpuSecond(each, file.bytes),
      role: roleOf(each),
    })),
  });
  // 上限比别的高十倍, 画进来别的就看不清了
  const servers = doors.filter((each) => roleOf(each) !== 'limit');
  return [
    chart('每 CPU 秒收下多少, GiB', servers),
    ...(chunks.length === 0 ? [] : [chart('分片的大小: 每 CPU 秒收下多少, GiB', chunks)]),
  ];
}

function roleOf({ label, storage }: Contestant): 'ours' | 'peer' | 'limit' {
  if (storage === undefined) return 'limit';
  return label.startsWith('Sluice') || label.startsWith('二进制分片') ? 'ours' : 'peer';
}

function claims(doors: readonly Contestant[]): Claim[] {
  const find = (label: string): Contestant | undefined => doors.find((each) => each.label === label);
  // 速度之比是时间之比的倒数: 分子分母对调; CPU 亦然
  const claim = (
    text: string,
    figure: 'seconds' | 'cpuSeconds',
    [slow, fast]: readonly [string, string],
    least: number,
  ): Claim[] => {
    const slower = find(slow);
    const faster = find(fast);
    if (slower === undefined || faster === undefined) return [];
    const ratio = pairedRatios(slower[figure], faster[figure]);
    return [{ text, value: formatSpread(ratio), passed: ratio.median >= least }];
  };
  const perCpu = (peer: string, least: number): Claim[] =>
    claim(
      `每 CPU 秒收下的字节: 二进制分片不低于 ${peer} 的 ${least} 倍`,
      'cpuSeconds',
      [peer, BINARY],
      least,
    );
  return [
    ...perCpu('multer + express', 2),
    ...perCpu('@tus/server', 1.5),
    ...perCpu('tusd', 1.5),
    ...claim(
      'multipart 的速度不低于 multer + express 的 1.8 倍',
      'seconds',
      ['multer + express', 'Sluice multipart'],
      1.8,
    ),
    ...claim('二进制分片不慢于 multipart (速度之比 >= 1)', 'seconds', ['Sluice multipart', BINARY], 1),
    ...claim('Base64 分片的速度不低于二进制分片的 0.5 倍', 'seconds', [BINARY, 'Sluice Base64 分片'], 0.5),
  ];
}
