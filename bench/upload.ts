// 上传: Sluice 的三扇门对 multer + express; 同一文件, 同一磁盘, 逐轮交替
// 裸服务器只数字节不落盘, 它的几行是发生器的上限: 离它还远, 测到的才是服务器而不是发生器
import { fileSystemOf } from './lib/machine.js';
import type { Options } from './lib/options.js';
import type { Claim, Report, Table } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startBareUws, startMulter, startSluice } from './lib/servers.js';
import { formatSpread, pairedRatios, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';
import { ensureTestFile, type TestFile } from './lib/test-file.js';
import type { Door } from './lib/upload-job.js';
import { mustUpload, uploadJob } from './lib/upload-round.js';

/** 预热用的字节数: 足够让服务器的热路径编译完 */
const WARM_BYTES = 256 * 1024 * 1024;
const MIB = 1024 * 1024;

interface Contestant {
  readonly label: string;
  readonly server: ServerProcess;
  readonly door: Door;
  /** 裸服务器没有 */
  readonly storage: StorageFolder | undefined;
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  readonly growthMiB: number[];
}

// 预热的内存是文件的几倍
const WARM_FACTOR = 4;

export async function runUploadBench(options: Options): Promise<Report> {
  const file = ensureTestFile(options.temp, options.bytes);
  const parent = options.storage ?? options.work;
  const sluiceStorage = new StorageFolder(options, parent, 'sluice');
  const multerStorage = new StorageFolder({ ...options, url: undefined }, parent, 'multer');
  const servers: ServerProcess[] = [];
  const started = (server: ServerProcess): ServerProcess => {
    servers.push(server);
    return server;
  };
  try {
    const contestants: Contestant[] = [];
    if (!options.peersOnly) {
      const sluice = started(await startSluice(options, sluiceStorage.path));
      contestants.push(contestant('Sluice multipart', sluice, 'multipart', sluiceStorage));
      contestants.push(contestant('Sluice 二进制分片', sluice, 'binary', sluiceStorage));
      contestants.push(contestant('Sluice Base64 分片', sluice, 'base64', sluiceStorage));
    }
    const multer = started(await startMulter(options, multerStorage.path));
    contestants.push(contestant('multer + express', multer, 'multipart', multerStorage));
    const bare = started(await startBareUws(options));
    contestants.push(contestant('发生器上限: multipart', bare, 'multipart'));
    contestants.push(contestant('发生器上限: 二进制分片', bare, 'binary'));
    contestants.push(contestant('发生器上限: Base64 分片', bare, 'base64'));
    await measure(contestants, file, options);
    return report(contestants, file, options);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    sluiceStorage.remove();
    multerStorage.remove();
  }
}

function contestant(label: string, server: ServerProcess, door: Door, storage?: StorageFolder): Contestant {
  return { label, server, door, storage, seconds: [], cpuSeconds: [], growthMiB: [] };
}

async function measure(contestants: readonly Contestant[], file: TestFile, options: Options): Promise<void> {
  for (const each of contestants) {
    const sendBytes = Math.min(WARM_BYTES, file.bytes);
    await mustUpload(each.server, uploadJob(each.server, each.door, file, { sendBytes }));
  }
  for (let round = 0; round < options.rounds; round += 1) {
    // 单双轮次序相反: 谁先谁后的影响 (缓存, 降频) 相互抵消
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const each of order) await measureOne(each, file);
    console.log(
      `第 ${round + 1} 轮: ${contestants.map((each) => `${each.label} ${each.seconds.at(-1)?.toFixed(2)} s`).join(', ')}`,
    );
  }
}

async function measureOne(each: Contestant, file: TestFile): Promise<void> {
  cleanUp(each);
  // 多热几倍: 内核从哪一段空闲内存取页不由我们定, 只热一份仍有三成的轮次碰上冷内存
  each.storage?.warmMemory(file.bytes * WARM_FACTOR);
  const { result, usage } = await mustUpload(each.server, uploadJob(each.server, each.door, file));
  if (result.sha256 !== undefined && result.sha256 !== file.sha256)
    throw new Error(`${each.label}: SHA-256 不符`);
  each.seconds.push(result.elapsedMs / 1000);
  each.cpuSeconds.push(usage?.cpuSeconds ?? Number.NaN);
  each.growthMiB.push((usage?.peakGrowthBytes ?? Number.NaN) / MIB);
  cleanUp(each);
}

function cleanUp(each: Contestant): void {
  each.storage?.deleteContent();
}

function report(contestants: readonly Contestant[], file: TestFile, options: Options): Report {
  const gib = file.bytes / 1024 ** 3;
  const table: Table = {
    title: `一个 ${(file.bytes / MIB).toFixed(0)} MiB 的文件, 中位数 (最小-最大)`,
    header: ['门', '墙上时间 s', 'GiB/s', '服务器 CPU s', '内存峰值增长 MiB'],
    rows: contestants.map((each) => [
      each.label,
      formatSpread(spreadOf(each.seconds)),
      formatSpread(spreadOf(each.seconds.map((seconds) => gib / seconds))),
      formatSpread(spreadOf(each.cpuSeconds)),
      formatSpread(spreadOf(each.growthMiB), 0),
    ]),
  };
  return {
    name: 'upload',
    title: '上传',
    tables: [table],
    claims: options.peersOnly ? [] : claims(contestants),
    notes: [`${options.rounds} 轮交替; 存储在 ${fileSystemOf(options.storage ?? options.work)}`],
    raw: contestants.map(({ server, storage, ...each }) => ({ ...each, server: server.name })),
  };
}

function claims(contestants: readonly Contestant[]): Claim[] {
  const [multipart, binary, base64, multer] = contestants;
  if (multipart === undefined || binary === undefined || base64 === undefined || multer === undefined)
    return [];
  // 速度之比是时间之比的倒数: 分子分母对调
  const claim = (text: string, slow: Contestant, fast: Contestant, least: number): Claim => {
    const ratio = pairedRatios(slow.seconds, fast.seconds);
    return { text, value: formatSpread(ratio), passed: ratio.median >= least };
  };
  return [
    claim('multipart 的速度不低于 multer + express 的 1.8 倍', multer, multipart, 1.8),
    claim('二进制分片不慢于 multipart (速度之比 >= 1)', multipart, binary, 1),
    claim('Base64 分片的速度不低于二进制分片的 0.5 倍', binary, base64, 0.5),
  ];
}
