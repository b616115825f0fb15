// 历史: 一百万条消息经真套接字写进日志之后, 启动, 加入, 翻页与搜索要多久, 占多少磁盘
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Database from 'libsql';
import { chineseLine, rareWord, seededRandom } from './lib/chinese-text.js';
import { Histogram, type LatencySummary } from './lib/histogram.js';
import { HistoryClient } from './lib/history-client.js';
import { fileSystemOf } from './lib/machine.js';
import type { Bench, Options } from './lib/options.js';
import { cpuSeconds, ownUsage } from './lib/process-stats.js';
import type { Claim, Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { spreadOf } from './lib/statistics.js';
import { StorageFolder } from './lib/storage-folder.js';
import { nowMs } from './lib/upload-job.js';

/** 同时灌消息的人数; 每人至多 WINDOW 条没有应答: 远低于慢消费者的预算 */
const TALKERS = 2;
const WINDOW = 400;
/** 每隔这么多条有一个小文件 */
const FILE_EVERY = 1000;
/** 每种请求量这么多次 */
const SAMPLES = 500;
/** 加入一次要建一条连接 */
const JOIN_SAMPLES = 200;
const MIB = 1024 ** 2;

interface Measured {
  readonly label: string;
  readonly latency: LatencySummary;
  /** 平均每次得到几条 */
  readonly found: number;
}

interface Loaded {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** 写完最后一条到全文索引编完 */
  readonly indexSeconds: number;
}

export const historyBench: Bench = {
  name: 'history',
  about: '一百万条消息之后: 启动, 加入, 翻页, 搜索, 磁盘',
  expectedSeconds: 180,
  byDefault: false,
  accepts: { rounds: 5, messages: 1_000_000, storage: '临时目录', 'cpu-prof': true },
  run: runHistoryBench,
};

async function runHistoryBench(options: Options): Promise<Report> {
  if (options.url !== undefined) throw new Error('history 要反复启停服务器, 不能用 --url');
  const storage = new StorageFolder(options, options.storage ?? options.work, 'sluice');
  let server: ServerProcess | undefined;
  try {
    server = await startSluice(options, storage.path);
    const loaded = await load(server, storage, options.messages);
    await server.stop();
    const starts: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      if (round > 0) await server.stop();
      const startedMs = nowMs();
      server = await startSluice(options, storage.path);
      starts.push(nowMs() - startedMs);
    }
    const rows = await measure(server, options.messages);
    const { peakBytes } = ownUsage(server.pid);
    return report(options, { loaded, starts, rows, peakBytes, storage });
  } finally {
    await server?.stop();
    storage.remove();
  }
}

async function load(server: ServerProcess, storage: StorageFolder, messages: number): Promise<Loaded> {
  const startedMs = nowMs();
  const before = cpuSeconds(server.pid);
  const each = Math.ceil(messages / TALKERS);
  await Promise.all(Array.from({ length: TALKERS }, (_, index) => talk(server, index, each)));
  const seconds = (nowMs() - startedMs) / 1000;
  const used = cpuSeconds(server.pid) - before;
  console.log(`写入 ${each * TALKERS} 条, ${seconds.toFixed(1)} s; 等全文索引`);
  await untilIndexed(storage, each * TALKERS);
  return { seconds, cpuSeconds: used, indexSeconds: (nowMs() - startedMs) / 1000 - seconds };
}

async function talk(server: ServerProcess, index: number, count: number): Promise<void> {
  const client = await HistoryClient.join(server.target, `灌水${index}`);
  const random = seededRandom(index + 1);
  for (let sent = 0; sent < count; sent += 1) {
    if (sent - client.acks >= WINDOW) await client.untilAcks(sent - WINDOW / 2);
    const clientId = randomUUID();
    if (sent % FILE_EVERY === 0) {
      const originalName = `${chineseLine(random).slice(0, 20)}.txt`;
      client.send({
        type: 'file',
        clientId,
        originalName,
        filedata: Buffer.from(clientId).toString('base64'),
      });
    } else client.send({ type: 'text', clientId, message: chineseLine(random) });
  }
  await client.untilAcks(count);
  client.close();
}

// 从外面看不出索引编到哪里: 只读地看一眼数据库 (表的含义写在 src/store/history/schema.ts)
async function untilIndexed(storage: StorageFolder, messages: number): Promise<void> {
  const database = new Database(join(storage.path, 'history', 'messages.db'));
  const query = database.prepare("SELECT value FROM meta WHERE key = 'indexed_seq'");
  // 攒不满一批的零头不编
  const enough = messages - 2000;
  while (Number((query.all() as { value: string }[])[0]?.value ?? 0) < enough) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  database.close();
}

async function measure(server: ServerProcess, messages: number): Promise<Measured[]> {
  const client = await HistoryClient.join(server.target, '翻历史的人');
  const random = seededRandom(99);
  const anywhere = (): number => 1 + Math.floor(random() * messages);
  const history = (label: string, request: () => object): Promise<Measured> =>
    sample(label, SAMPLES, async () => {
      const reply = await client.ask({ type: 'history', limit: 50, ...request() });
      return reply.messages.length;
    });
  const search = (label: string, query: () => string, extra: () => object = () => ({})): Promise<Measured> =>
    sample(label, SAMPLES, async () => {
      const reply = await client.ask({ type: 'search', query: query(), ...extra() });
      return reply.messages.length;
    });
  const rows = [
    await sample('加入, 得到最近 50 条', JOIN_SAMPLES, () => joinOnce(server)),
    await history('最近的一页', () => ({})),
    await history('before, 任意处', () => ({ before: anywhere() })),
    await history('after, 任意处', () => ({ after: anywhere() })),
    await history('只要文件, 任意处', () => ({ before: anywhere(), kind: 'file' })),
    await search('搜索: 少见的两字词', () => rareWord(random)),
    await search('搜索: 少见的三字', () => `${rareWord(random)}的`),
    await search('搜索: 常见的四字 (项目进度)', () => '项目进度'),
    await search(
      '搜索: 常见的两字 (会议), 任意处之前',
      () => '会议',
      () => ({ before: anywhere() }),
    ),
    await search(
      '搜索: 一个常见的字 (的)',
      () => '的',
      () => ({ before: anywhere() }),
    ),
    await search('搜索: 一个少见的字', () => rareWord(random).slice(0, 1)),
    await search('搜索: 没有的长句', () => '这句话从来没有人在这个房间里说过一遍'),
    await search(
      '搜索: 英文 (REVIEW), 任意处之前',
      () => 'REVIEW',
      () => ({ before: anywhere() }),
    ),
    await busy(client, random, anywhere),
  ];
  client.close();
  return rows;
}

// 搜索排着队时翻页要等多久
async function busy(client: HistoryClient, random: () => number, anywhere: () => number): Promise<Measured> {
  let searching = true;
  const searches = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (searching) await client.ask({ type: 'search', query: rareWord(random).slice(0, 1) });
    }),
  );
  const row = await sample('before, 同时有 8 个搜索', SAMPLES, async () => {
    const reply = await client.ask({ type: 'history', limit: 50, before: anywhere() });
    return reply.messages.length;
  });
  searching = false;
  await searches;
  return row;
}

let serial = 0;

async function joinOnce(server: ServerProcess): Promise<number> {
  serial += 1;
  const client = await HistoryClient.join(server.target, `新人${serial}`);
  // 不请自来的一页在 welcome 之后立即送出; 再问一页, 它的应答在那一页之后
  const reply = await client.ask({ type: 'history', limit: 1 });
  client.close();
  return reply.messages.length;
}

async function sample(label: string, times: number, run: () => Promise<number>): Promise<Measured> {
  const histogram = new Histogram();
  let found = 0;
  // 头几次不算: 页缓存与编译
  for (let count = -10; count < times; count += 1) {
    const startedMs = nowMs();
    const messages = await run();
    if (count < 0) continue;
    histogram.record((nowMs() - startedMs) * 1000);
    found += messages;
  }
  const measured = { label, latency: histogram.summary(), found: found / times };
  const { p50Ms, p99Ms } = measured.latency;
  console.log(`${label}: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`);
  return measured;
}

interface Outcome {
  readonly loaded: Loaded;
  readonly starts: readonly number[];
  readonly rows: readonly Measured[];
  readonly peakBytes: number;
  readonly storage: StorageFolder;
}

function report(options: Options, { loaded, starts, rows, peakBytes, storage }: Outcome): Report {
  const start = spreadOf(starts);
  const diskBytes = storage.historyBytes();
  return {
    name: 'history',
    title: `${options.messages} 条消息的历史`,
    tables: [
      {
        title: '一问一答的延迟, 毫秒',
        header: ['', 'p50', 'p99', 'max', '平均条数'],
        rows: rows.map(({ label, latency, found }) => [
          label,
          latency.p50Ms.toFixed(2),
          latency.p99Ms.toFixed(2),
          latency.maxMs.toFixed(2),
          found.toFixed(1),
        ]),
      },
      {
        title: '写入与启动',
        header: ['', ''],
        rows: [
          ['写入 (每条都等 ack)', `${(options.messages / loaded.seconds).toFixed(0)} 条/s`],
          ['写入时服务器的 CPU', `${((loaded.cpuSeconds / options.messages) * 1e6).toFixed(1)} us/条`],
          ['写完到索引编完', `${loaded.indexSeconds.toFixed(1)} s`],
          [
            '启动到开始监听',
            `${start.median.toFixed(0)} ms (${start.min.toFixed(0)}-${start.max.toFixed(0)})`,
          ],
          [
            '磁盘',
            `${(diskBytes / MIB).toFixed(0)} MiB, 每条 ${(diskBytes / options.messages).toFixed(0)} 字节`,
          ],
          ['服务器的内存峰值', `${(peakBytes / MIB).toFixed(0)} MiB`],
        ],
      },
    ],
    claims: claims(rows, start.median),
    notes: [`存储在 ${fileSystemOf(storage.path)} 上; 每条消息都有 clientId; 千分之一是文件`],
    raw: { loaded, starts, rows, diskBytes, peakBytes },
  };
}

function claims(rows: readonly Measured[], startMs: number): Claim[] {
  const worst = (prefix: RegExp): number =>
    Math.max(...rows.filter(({ label }) => prefix.test(label)).map(({ latency }) => latency.p99Ms));
  const claim = (text: string, ms: number, most: number): Claim => ({
    text: `${text} <= ${most} ms`,
    value: `${ms.toFixed(1)} ms`,
    passed: ms <= most,
  });
  return [
    claim('启动到开始监听', startMs, 2000),
    claim('加入与翻页的 p99', worst(/^(?:加入|最近|before|after|只要)/), 100),
    claim('搜索的 p99', worst(/^搜索/), 500),
  ];
}
