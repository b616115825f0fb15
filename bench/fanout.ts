// 扇出: 一条消息送到许多人; Sluice 对裸 uWebSockets.js, ws, Socket.IO 与 centrifuge
import { execFileSync } from 'node:child_process';
import { measureAlone } from './lib/fanout/alone.js';
import type { FanoutBench, Part } from './lib/fanout/bench.js';
import { Contestant, type Entry } from './lib/fanout/contestant.js';
import { LIMITS, measureCost } from './lib/fanout/cost.js';
import { centrifugeEntries, rawEntry, sluiceEntry, socketIoEntry, wsEntry } from './lib/fanout/entries.js';
import { measureCrowds, measureMillions } from './lib/fanout/heavy.js';
import { measureLimit, type Seeker } from './lib/fanout/limit.js';
import { fileSystemOf } from './lib/machine.js';
import type { Bench, Options } from './lib/options.js';
import type { Report } from './lib/report.js';

/** 按运行的次序 */
const PARTS = ['cost', 'alone', 'millions', 'limit', 'crowd'] as const;
type PartName = (typeof PARTS)[number];
/** 一万人要的文件描述符: 服务器与发生器各一份 */
const NEEDED_FILES = 10_500;
const BASE = 'Sluice, 基础客户端';
const BATCH = 'Sluice, batch_text 客户端';

export const fanoutBench: Bench = {
  name: 'fanout',
  about:
    '一条消息送到许多人: 每次送达的 CPU 与延迟, 各家能持续的上限, 到一万个听众; 对照裸 uWS, ws, Socket.IO, centrifuge',
  expectedSeconds: 320,
  byDefault: true,
  accepts: {
    rounds: 3,
    seconds: 2,
    receivers: 1000,
    rates: [...LIMITS.keys()].join(','),
    parts: PARTS.join(','),
    storage: '临时目录',
    url: true,
    pid: true,
    'peers-only': true,
    'cpu-prof': true,
  },
  run: runFanoutBench,
};

async function runFanoutBench(options: Options): Promise<Report> {
  if (options.url !== undefined && options.pid === 0) {
    throw new Error('fanout 要看服务器的 CPU: --url 须与 --pid 同用');
  }
  const bench: FanoutBench = {
    options,
    receivers: options.receivers,
    rounds: options.rounds,
    rates: options.rates === undefined ? [...LIMITS.keys()] : options.rates.split(',').map(rateOf),
    durationMs: options.seconds * 1000,
  };
  const wanted = options.parts === undefined ? PARTS : options.parts.split(',').map(partOf);
  const parts = [...(await sharedParts(bench, wanted)), ...(await crowdPart(bench, wanted))];
  return {
    name: 'fanout',
    title: '扇出',
    tables: parts.flatMap((part) => part.tables),
    claims: parts.flatMap((part) => part.claims),
    charts: parts.flatMap((part) => part.charts),
    notes: [...parts.flatMap((part) => part.notes), ...standingNotes(bench)],
    raw: parts.map((part) => part.raw),
  };
}

function partOf(text: string): PartName {
  const part = PARTS.find((known) => known === text);
  if (part === undefined) throw new Error(`--parts 只有 ${PARTS.join(', ')}, 收到 ${text}`);
  return part;
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (Number.isInteger(rate) && rate >= 1 && rate <= 100_000) return rate;
  throw new Error(`--rates 须是 1 到 100000 的整数, 以逗号隔开, 收到 ${text}`);
}

type Start = (entry: Entry) => Promise<Contestant>;

/** 前四部分共用同一批服务器与听众 */
async function sharedParts(bench: FanoutBench, wanted: readonly PartName[]): Promise<Part[]> {
  const { options, receivers } = bench;
  const open: Contestant[] = [];
  const start: Start = async (entry) => {
    const contestant = new Contestant(options, entry, receivers);
    open.push(contestant);
    await contestant.open();
    return contestant;
  };
  const parts: Part[] = [];
  if (wanted.every((part) => part === 'crowd')) return parts;
  try {
    const sluices = await startSluices(bench, start);
    const raw = await start(rawEntry(options));
    if (wanted.includes('cost')) parts.push(await measureCost(bench, sluices, raw));
    if (wanted.includes('alone')) parts.push(await measureAlone(bench, sluices, raw));
    if (wanted.includes('millions')) parts.push(await measureMillions(bench, [...sluices, raw]));
    if (wanted.includes('limit')) {
      parts.push(await measureLimit(bench, await seekers(bench, [...sluices, raw], start)));
    }
    return parts;
  } finally {
    await Promise.all(open.map((contestant) => contestant.close()));
  }
}

async function startSluices({ options }: FanoutBench, start: Start): Promise<Contestant[]> {
  if (options.peersOnly) return [];
  const base = await start(sluiceEntry(options, BASE, 'sluice'));
  // --url 只有一台: 两批听众同在一个房间会互相听见
  if (options.url !== undefined) return [base];
  return [base, await start(sluiceEntry(options, BATCH, 'sluice-batch'))];
}

async function seekers(
  { options }: FanoutBench,
  running: readonly Contestant[],
  start: Start,
): Promise<Seeker[]> {
  const peers: Seeker[] = [
    { contestant: await start(wsEntry(options)), startRate: 150 },
    { contestant: await start(socketIoEntry(options)), startRate: 100 },
  ];
  for (const entry of await centrifugeEntries(options)) {
    peers.push({ contestant: await start(entry), startRate: 200 });
  }
  return [...running.map((contestant) => ({ contestant, startRate: 1500 })), ...peers];
}

async function crowdPart(bench: FanoutBench, wanted: readonly PartName[]): Promise<Part[]> {
  const { options } = bench;
  if (!wanted.includes('crowd')) return [];
  if (options.url !== undefined) return [skipped('--url 只有一台, 三种人数不能同时在线: 跳过 crowd')];
  const files = openFilesLimit();
  if (files < NEEDED_FILES) return [skipped(`ulimit -n 是 ${files}, 不到 ${NEEDED_FILES}: 跳过 crowd`)];
  // 网页与桌面客户端都认 batch_text; 只认进出合并的另列, 它收到的文字与基础客户端逐字节相同
  const sluice = options.peersOnly
    ? []
    : [
        sluiceEntry(options, BATCH, 'sluice-batch'),
        sluiceEntry(options, '不认 batch_text 的', 'sluice-quiet'),
      ];
  return [await measureCrowds(bench, [...sluice, rawEntry(options)])];
}

function skipped(note: string): Part {
  return { tables: [], claims: [], charts: [], notes: [note], raw: { skipped: note } };
}

/** 子进程继承的软上限 */
function openFilesLimit(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -n']).toString().trim();
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

function standingNotes({ options, rounds }: FanoutBench): string[] {
  return [
    `${rounds} 轮交替; Sluice 的消息日志写在 ${fileSystemOf(options.storage ?? options.work)} 上, 它的 CPU 含写日志的线程; 对照组都不落盘`,
    '延迟从预定的发送时刻算到 32 个听众各自收到; 其余听众停读, 按时取走, 逐字节核对人人收到的一样多',
    'centrifuge 是 Centrifugo 的内核 (它的外壳不在 Go 的模块代理上); GOMAXPROCS=1, 比的是一个核; Go 没有主线程, 看两列之和',
    `ulimit -n 是 ${openFilesLimit()}`,
  ];
}
