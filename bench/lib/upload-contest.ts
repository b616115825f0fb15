// 上传的比赛: 若干参赛者逐轮交替, 各传同一个文件, 记下时间, CPU 与内存
import type { Options } from './options.js';
import type { ServerProcess } from './server-process.js';
import { formatSpread, type Spread, spreadOf } from './statistics.js';
import { StorageFolder } from './storage-folder.js';
import type { TestFile } from './test-file.js';
import type { Door } from './upload-job.js';
import { mustUpload, type UploadVariant, uploadJob } from './upload-round.js';

/** 预热用的字节数: 足够让服务器的热路径编译完 */
const WARM_BYTES = 256 * 1024 * 1024;
/** 预热的内存是文件的几倍: 内核从哪一段空闲内存取页不由我们定, 只热一份仍有三成的轮次碰上冷内存 */
const WARM_FACTOR = 4;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface Contestant {
  readonly label: string;
  readonly server: ServerProcess;
  readonly door: Door;
  readonly variant: UploadVariant;
  /** 不落盘的裸服务器没有 */
  readonly storage: StorageFolder | undefined;
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  readonly growthMiB: number[];
  /** 发生器占的核: CPU 秒数除以墙上时间 */
  readonly generatorCores: number[];
}

/** 一台服务器与它的存储目录, 结束时一起收拾 */
export interface Entrant {
  readonly server: ServerProcess;
  readonly storage: StorageFolder | undefined;
}

export function contestant(
  label: string,
  { server, storage }: Entrant,
  door: Door,
  variant: UploadVariant = {},
): Contestant {
  const figures = { seconds: [], cpuSeconds: [], growthMiB: [], generatorCores: [] };
  return { label, server, door, variant, storage, ...figures };
}

/** 建好目录再启动; --url 只指 Sluice, 对照组总在本机另起 */
export async function enter(
  options: Options,
  parent: string,
  start: (storage: string) => Promise<ServerProcess>,
  own = true,
): Promise<Entrant> {
  serial += 1;
  const storage = new StorageFolder(
    own ? { ...options, url: undefined } : options,
    parent,
    `store-${serial}`,
  );
  try {
    return { storage, server: await start(storage.path) };
  } catch (error) {
    storage.remove();
    throw error;
  }
}

let serial = 0;

export async function leave(entrants: readonly Entrant[]): Promise<void> {
  await Promise.all(entrants.map(({ server }) => server.stop()));
  for (const { storage } of entrants) storage?.remove();
}

/** 先预热一遍, 再赛 rounds 轮 */
export async function compete(
  contestants: readonly Contestant[],
  file: TestFile,
  rounds: number,
): Promise<void> {
  for (const { server, door, variant } of contestants) {
    const sendBytes = Math.min(WARM_BYTES, file.bytes);
    await mustUpload(server, uploadJob(server, door, file, { ...variant, sendBytes }));
  }
  for (let round = 0; round < rounds; round += 1) {
    // 单双轮次序相反: 谁先谁后的影响 (缓存, 降频) 相互抵消
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const each of order) await measure(each, file);
    const cpu = (each: Contestant): string =>
      `${each.label} ${each.seconds.at(-1)?.toFixed(2)}/${each.cpuSeconds.at(-1)?.toFixed(2)}`;
    console.log(`第 ${round + 1} 轮 (墙上时间/CPU, s): ${contestants.map(cpu).join(', ')}`);
  }
}

async function measure(each: Contestant, file: TestFile): Promise<void> {
  each.storage?.deleteContent();
  each.storage?.warmMemory(file.bytes * WARM_FACTOR);
  const job = uploadJob(each.server, each.door, file, each.variant);
  const { result, usage } = await mustUpload(each.server, job);
  if (result.sha256 !== undefined && result.sha256 !== file.sha256)
    throw new Error(`${each.label}: SHA-256 不符`);
  const seconds = result.elapsedMs / 1000;
  each.seconds.push(seconds);
  each.cpuSeconds.push(usage?.cpuSeconds ?? Number.NaN);
  each.growthMiB.push((usage?.peakGrowthBytes ?? Number.NaN) / MIB);
  each.generatorCores.push((result.generatorCpuSeconds ?? Number.NaN) / seconds);
  each.storage?.deleteContent();
}

export const CONTEST_HEADER = [
  '门',
  '墙上时间 s',
  'GiB/s',
  '服务器 CPU s/GiB',
  'GiB / CPU s',
  '内存峰值增长 MiB',
  '发生器占的核',
] as const;

export function contestRow(each: Contestant, fileBytes: number): string[] {
  const gib = fileBytes / GIB;
  return [
    each.label,
    formatSpread(spreadOf(each.seconds)),
    formatSpread(spreadOf(each.seconds.map((seconds) => gib / seconds))),
    formatSpread(spreadOf(each.cpuSeconds.map((seconds) => seconds / gib))),
    formatSpread(gibPerCpuSecond(each, fileBytes)),
    formatSpread(spreadOf(each.growthMiB), 0),
    formatSpread(spreadOf(each.generatorCores)),
  ];
}

export function gibPerCpuSecond(each: Contestant, fileBytes: number): Spread {
  return spreadOf(each.cpuSeconds.map((seconds) => fileBytes / GIB / seconds));
}

/** 只进 JSON 的原始数字 */
export function rawFigures({ label, server, door, ...each }: Contestant): object {
  const { seconds, cpuSeconds, growthMiB, generatorCores } = each;
  return { label, server: server.name, door, seconds, cpuSeconds, growthMiB, generatorCores };
}
