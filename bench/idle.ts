// 一条闲着的连接占多少内存: 一万人各以自己的名字加入, 与什么也不做的 uWebSockets.js 之差
import type { AudienceJob, AudienceResult } from './lib/audience-job.js';
import { roomFor } from './lib/fresh-server.js';
import { Generator } from './lib/generator.js';
import { type Census, censusOf, INSPECTABLE } from './lib/heap-census.js';
import { joinLight, pause, WEB_FEATURES } from './lib/light-member.js';
import { type MemoryUse, memoryUse } from './lib/memory-stats.js';
import type { Bench, Options } from './lib/options.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startIdleUws, startSluice, startSocketIo, startWsBroadcast } from './lib/servers.js';
import { formatSpread, spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';

const RAW = '裸 uWebSockets.js';
/** 有历史的房间里说过这么多句 (字节是正文): 加入时的一页 (50 条) 装满 */
const SPOKEN = 60;
const SPOKEN_BYTES = 400;
/** 承诺: 比裸服务器每条至多多出这么多字节 */
const MAX_EXTRA_BYTES = 3072;
/** 预热时来了又走的人数: 代码编译完, 会话与堆都用过 */
const WARM_CONNECTIONS = 300;
/** 没有声明能力的 (每个人进来, 其余的各收一帧), 与得到一页历史的, 各只要这么多 */
const FEW_CONNECTIONS = 3000;
/** 每个发生器进程的连接数: 进程的文件数上限常是一两万 */
const PER_GENERATOR = 10_000;
/** 内存这么久 (毫秒) 没有变化就算坐定, 至多等 SETTLE_MS */
const STILL_MS = 2000;
const STILL_BYTES = 256 * 1024;
const SETTLE_MS = 8000;
const TICK_MS = 200;
/** 一万人进来时每人约 200 KiB 的进出消息, 分在几秒里 */
const DRAIN_EVERY_MS = 500;

interface Sample {
  readonly perConnection: MemoryUse;
  /** 回收之后的常驻内存与活着的 JS 堆, 每条; 与另一台没有人的比 */
  readonly collected: { readonly rssBytes: number; readonly heapBytes: number };
  readonly cut: number;
  readonly generatorCpuSeconds: number;
}

interface Contestant {
  readonly label: string;
  readonly join: AudienceJob['join'];
  readonly start: (storage: string) => Promise<ServerProcess>;
  /** 至多测多少条; 不写则同 --connections */
  readonly most?: number;
  /** 先说几句, 加入的人各得到一页历史 */
  readonly spoken?: boolean;
  readonly samples: Sample[];
}

export const idleBench: Bench = {
  name: 'idle',
  about: '一万条闲着的连接, 每条占多少内存; 对照裸 uWebSockets.js, ws, Socket.IO',
  expectedSeconds: 110,
  byDefault: true,
  accepts: {
    rounds: 2,
    connections: 10_000,
    storage: '临时目录',
    url: true,
    pid: true,
    'peers-only': true,
  },
  run: runIdleBench,
};

async function runIdleBench(options: Options): Promise<Report> {
  const contestants = contestantsOf(options);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const each of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      const sample = await measure(options, each, `idle-${round}-${contestants.indexOf(each)}`);
      each.samples.push(sample);
      const { rssBytes, anonymousBytes } = sample.perConnection;
      const { collected } = sample;
      console.log(
        `${each.label}: 每条 ${rssBytes.toFixed(0)} 字节 (匿名页 ${anonymousBytes.toFixed(0)}; 回收之后 ` +
          `${collected.rssBytes.toFixed(0)}, 其中 JS 堆 ${collected.heapBytes.toFixed(0)}), 断开 ${sample.cut}`,
      );
    }
  }
  return report(options, contestants);
}

function contestantsOf(options: Options): Contestant[] {
  const sluice = (storage: string): Promise<ServerProcess> =>
    startSluice(options, storage, { ...roomFor(options.connections), ...INSPECTABLE });
  const few = Math.min(options.connections, FEW_CONNECTIONS);
  const ours: Contestant[] = [
    { label: 'Sluice', join: 'web', start: sluice, samples: [] },
    {
      label: `Sluice, 加入时各得到一页历史 (${few} 条)`,
      join: 'web',
      start: sluice,
      most: few,
      spoken: true,
      samples: [],
    },
    {
      label: `Sluice, 没有声明能力的 (${few} 条)`,
      join: 'base',
      start: sluice,
      most: few,
      samples: [],
    },
  ];
  if (options.url !== undefined) {
    if (options.pid === 0) throw new Error('idle 要看内存: --url 须与 --pid 同用');
    return ours.slice(0, 1);
  }
  const peers: Contestant[] = [
    { label: RAW, join: 'none', start: () => startIdleUws(options), samples: [] },
    { label: 'ws', join: 'none', start: () => startWsBroadcast(options, INSPECTABLE), samples: [] },
    { label: 'Socket.IO', join: 'socket.io', start: () => startSocketIo(options, INSPECTABLE), samples: [] },
  ];
  return options.peersOnly ? peers : [...ours, ...peers];
}

async function measure(options: Options, each: Contestant, label: string): Promise<Sample> {
  const { join, start } = each;
  const total = each.most ?? options.connections;
  const storage = new StorageFolder(options, options.storage ?? options.work, label);
  const empty = options.url === undefined ? await emptyCensus(start, join, storage) : undefined;
  const server = await start(storage.path);
  const seated: Generator<AudienceResult>[] = [];
  try {
    if (each.spoken === true) await speak(server);
    await warm(server, join);
    const before = await settled(server.pid);
    for (let first = 0; first < total; first += PER_GENERATOR) {
      const connections = Math.min(PER_GENERATOR, total - first);
      seated.push(
        await Generator.start<AudienceResult>('audience', jobOf(server, join, { first, connections })),
      );
    }
    const after = await settled(server.pid);
    const full = empty === undefined ? undefined : await censusOf(server);
    const results = await Promise.all(seated.map((generator) => finish(generator)));
    const per = (field: keyof MemoryUse): number => (after[field] - before[field]) / total;
    return {
      perConnection: {
        rssBytes: per('rssBytes'),
        pssBytes: per('pssBytes'),
        anonymousBytes: per('anonymousBytes'),
      },
      collected: {
        rssBytes: ((full?.memory.rssBytes ?? 0) - (empty?.memory.rssBytes ?? 0)) / total,
        heapBytes: ((full?.heapBytes ?? 0) - (empty?.heapBytes ?? 0)) / total,
      },
      cut: results.reduce((sum, { cut }) => sum + cut, 0),
      generatorCpuSeconds: results.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  } finally {
    await Promise.all(seated.map((generator) => generator.close()));
    await server.stop();
    storage.remove();
  }
}

function jobOf(
  { target }: ServerProcess,
  join: Contestant['join'],
  { first, connections }: { readonly first: number; readonly connections: number },
): AudienceJob {
  // 每个源地址到同一个端口只有 28000 个本地端口
  const localAddress = `127.0.0.${1 + Math.floor(first / PER_GENERATOR)}`;
  const external = target.host !== '127.0.0.1';
  return {
    target: external ? target : { ...target, localAddress },
    connections,
    prefix: `idle-${first}-`,
    join,
    // 加入时人人都听得到别人进来: 隔一会儿取一次, 发生器才不会拖慢加入。基础客户端加入时一口气收几百帧, 停读会让它们积压在服务器里
    conduct: join === 'base' ? 'listen' : 'drain',
    drainEveryMs: DRAIN_EVERY_MS,
  };
}

async function finish(generator: Generator<AudienceResult>): Promise<AudienceResult> {
  const result = generator.run();
  generator.stop();
  return await result;
}

async function speak({ target }: ServerProcess): Promise<void> {
  const { client } = await joinLight({ target, name: 'speaker', features: WEB_FEATURES });
  const message = 'x'.repeat(SPOKEN_BYTES);
  for (let serial = 0; serial < SPOKEN; serial += 1) client.sendJson({ type: 'text', message });
  // 写进套接字的先于关闭到达; 预热的三百人在它们之后才进来
  await pause(TICK_MS);
  client.close();
}

async function warm({ target }: ServerProcess, join: Contestant['join']): Promise<void> {
  const job: AudienceJob = {
    target,
    connections: WARM_CONNECTIONS,
    prefix: 'warm-',
    join,
    // 加入时人人都听得到别人进来: 隔一会儿取一次, 发生器才不会拖慢加入。基础客户端加入时一口气收几百帧, 停读会让它们积压在服务器里
    conduct: join === 'base' ? 'listen' : 'drain',
    drainEveryMs: DRAIN_EVERY_MS,
  };
  const generator = await Generator.start<AudienceResult>('audience', job);
  await generator.close();
}

/** 预热并回收之后, 没有人时的内存: 另起一台来量, 回收不扰动真正量内存的那一台 */
async function emptyCensus(
  start: Contestant['start'],
  join: Contestant['join'],
  storage: StorageFolder,
): Promise<Census> {
  const server = await start(storage.path);
  try {
    await warm(server, join);
    return await censusOf(server);
  } finally {
    await server.stop();
  }
}

/** 等内存不再变; 不从外面强迫回收, 那不是平常的样子 */
async function settled(pid: number): Promise<MemoryUse> {
  const deadlineMs = performance.now() + SETTLE_MS;
  let still = { bytes: memoryUse(pid).rssBytes, sinceMs: performance.now() };
  while (performance.now() < deadlineMs && performance.now() - still.sinceMs < STILL_MS) {
    await pause(TICK_MS);
    const bytes = memoryUse(pid).rssBytes;
    if (Math.abs(bytes - still.bytes) > STILL_BYTES) still = { bytes, sinceMs: performance.now() };
  }
  return memoryUse(pid);
}

function report(options: Options, contestants: readonly Contestant[]): Report {
  const of = (samples: readonly Sample[], pick: (sample: Sample) => number): string =>
    formatSpread(spreadOf(samples.map(pick)), 0);
  return {
    name: 'idle',
    title: '闲着的连接',
    tables: [
      {
        title: `${options.connections} 条已加入的连接, 坐定之后, 每条多占的字节; 各轮的中位数 (最小-最大)`,
        header: ['', 'RSS', 'PSS', '匿名页', '回收之后的 RSS', '其中活着的 JS 堆'],
        rows: contestants.map(({ label, samples }) => [
          label,
          of(samples, ({ perConnection }) => perConnection.rssBytes),
          of(samples, ({ perConnection }) => perConnection.pssBytes),
          of(samples, ({ perConnection }) => perConnection.anonymousBytes),
          of(samples, ({ collected }) => collected.rssBytes),
          of(samples, ({ collected }) => collected.heapBytes),
        ]),
      },
    ],
    claims: claims(contestants),
    notes: [
      `每次一台新的服务器, 先让 ${WARM_CONNECTIONS} 人来了又走, 从那时的内存算起; 不含内核的套接字缓冲`,
      '回收之后的两列由调试端口强迫回收, 在读完前三列之后, 与另一台同样预热而没有人的相比; 前三列没有从外面强迫回收',
    ],
    raw: contestants.map(({ label, samples }) => ({ label, samples })),
  };
}

function claims(contestants: readonly Contestant[]): Claim[] {
  const ours = contestants.find(({ join, most }) => join === 'web' && most === undefined)?.samples ?? [];
  const raw = contestants.find(({ label }) => label === RAW)?.samples;
  const cut = contestants.reduce(
    (sum, { samples }) => sum + samples.reduce((some, each) => some + each.cut, 0),
    0,
  );
  const kept = { text: '没有人被断开', value: `断开 ${cut}`, passed: cut === 0 };
  if (raw === undefined || ours.length === 0) return [kept];
  const extra = spreadOf(
    ours.map(({ perConnection }, round) => perConnection.rssBytes - raw[round]!.perConnection.rssBytes),
  );
  return [
    {
      text: `每条闲着的连接比裸 uWebSockets.js 至多多占 ${MAX_EXTRA_BYTES} 字节`,
      value: `${formatSpread(extra, 0)} 字节`,
      passed: extra.median <= MAX_EXTRA_BYTES,
    },
    kept,
  ];
}
