// 命令行参数: 每个参数在这里声明一次; 每项压测只认它自己列出的, 另给默认值
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from './report.js';

/** 协议规定的单文件上限 (字节) */
export const FILE_CAP_BYTES = 2_684_354_560;

/** 命令写得不对: 说清楚就够, 没有服务器的日志可看 */
export class UsageError extends Error {}

export interface Options {
  readonly rounds: number;
  readonly bytes: number;
  readonly url: string | undefined;
  readonly pid: number;
  /** 测试文件所在, 各次运行共用 */
  readonly temp: string;
  /** 这一次运行自己的目录: 存储, 日志, nginx 的配置; 两个压测同时跑也互不相干 */
  readonly work: string;
  readonly storage: string | undefined;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly times: number;
  readonly messages: number;
  readonly connections: number;
  readonly minutes: number;
  readonly receivers: number;
  /** 逗号隔开的名称与数字; 那一项自己检查 */
  readonly parts: string | undefined;
  readonly rates: string | undefined;
  readonly nginx: string | undefined;
  readonly peersOnly: boolean;
  readonly cpuProfile: boolean;
  readonly publish: boolean;
}

interface NumberSpec {
  readonly help: string;
  readonly max: number;
}

/** 值是正整数的 */
export const NUMBERS = {
  rounds: { help: '交替的轮数; 比默认的少, 结果就不作数', max: 1000 },
  bytes: { help: '文件大小 (字节)', max: FILE_CAP_BYTES },
  rate: { help: '每秒几条文字', max: 100_000 },
  seconds: { help: '每段测多久 (秒)', max: 3600 },
  times: { help: '每次测量连续做几遍', max: 1000 },
  messages: { help: '灌多少条消息', max: 100_000_000 },
  connections: { help: '多少条连接', max: 200_000 },
  minutes: { help: '跑多久 (分钟)', max: 1440 },
  receivers: { help: '房间里几个听众', max: 20_000 },
  pid: { help: '--url 那台服务器的进程号, 有它才读得到 CPU 与内存', max: 2 ** 31 },
} as const satisfies Record<string, NumberSpec>;

/** 值是文字的: 名称 -> [占位, 说明] */
export const TEXTS = {
  storage: ['DIR', '服务器的存储目录'],
  url: ['URL', '测一台已在运行的 Sluice; 它的存储目录用 --storage 告知'],
  parts: ['A,B', '只测其中几部分'],
  rates: ['N,N', '每秒几条, 可以写几种'],
  nginx: ['PATH', 'nginx 程序的路径'],
  temp: ['DIR', '测试文件, 日志与配置的目录'],
} as const;

export const FLAGS = {
  'peers-only': '只跑对照组, 不启动 Sluice',
  'cpu-prof': '记下 Sluice 的 CPU 剖析, 放在临时目录的 profiles/',
  publish: '把结果写进 bench/results/, bench/README.md 与 README.md, 否则写进 bench/results/local/',
  help: '显示这一页',
} as const;

export type NumberName = keyof typeof NUMBERS;
export type TextName = keyof typeof TEXTS;
export type FlagName = keyof typeof FLAGS;
export type Name = NumberName | TextName | FlagName;

/** 一项压测认得的参数: 数字给默认值 (pid 除外, 写 true), 文字给 "默认是什么" 的说明或 true, 开关写 true */
export type Accepted = { readonly [name in NumberName]?: number | true } & {
  readonly [name in TextName]?: string | true;
} & { readonly [name in FlagName]?: true };

export interface Bench {
  readonly name: string;
  /** 一句话: 量什么 */
  readonly about: string;
  /** 默认参数下大约几秒 */
  readonly expectedSeconds: number;
  /** 不写名称时跑不跑 */
  readonly byDefault: boolean;
  readonly accepts: Accepted;
  readonly run: (options: Options) => Promise<Report>;
}

const DEFAULT_TEMP = join(tmpdir(), 'sluice-bench');
/** 各项都认得的 */
export const COMMON: Accepted = { temp: DEFAULT_TEMP, publish: true, help: true };
/** 没有列出某个数字的压测用不到它; 这里只为凑齐形状 */
const UNUSED: Readonly<Record<NumberName, number>> = {
  rounds: 5,
  bytes: 1024 ** 3,
  rate: 200,
  seconds: 10,
  times: 1,
  messages: 1_000_000,
  connections: 10_000,
  minutes: 30,
  receivers: 1000,
  pid: 0,
};

type Given = Readonly<Partial<Record<Name, string | boolean>>>;

/** 不点名时每项至多这么多轮: 全部几项要在十几分钟里跑完; 发布的结果不在此列 */
export const QUICK_ROUNDS = 3;

export interface Command {
  /** 点名的压测; 一个也没有点时是默认的几项 */
  readonly benches: readonly Bench[];
  readonly given: Given;
  /** 没有点名也不发布: 只是看一看, 各项少跑几轮 */
  readonly quick: boolean;
}

/** 错误: 没有这项压测; 点名的几项都不认识的参数 */
export function parseCommand(argv: readonly string[], known: readonly Bench[]): Command {
  const { values, positionals } = parseAny(argv);
  const named = positionals.map((name) => {
    const bench = known.find((each) => each.name === name);
    if (bench !== undefined) return bench;
    throw new UsageError(`没有名为 ${name} 的压测; 可选 ${known.map((each) => each.name).join(', ')}`);
  });
  const benches = named.length > 0 ? named : known.filter(({ byDefault }) => byDefault);
  for (const name of Object.keys(values) as Name[]) {
    if (!benches.some((bench) => name in COMMON || name in bench.accepts)) {
      throw new UsageError(
        `${benches.map((each) => each.name).join(', ')} 没有参数 --${name}; --help 列出全部`,
      );
    }
  }
  return { benches, given: values, quick: named.length === 0 && values.publish !== true };
}

function parseAny(argv: readonly string[]): { values: Given; positionals: string[] } {
  const text = [...Object.keys(NUMBERS), ...Object.keys(TEXTS)].map((name) => [
    name,
    { type: 'string' as const },
  ]);
  const flags = Object.keys(FLAGS).map((name) => [name, { type: 'boolean' as const }]);
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: Object.fromEntries([...text, ...flags]) as Record<string, { type: 'string' | 'boolean' }>,
    });
  } catch (error) {
    // 只有英文的原文: 说明是哪一个就够
    throw new UsageError(`参数不对: ${(error as Error).message.split('.')[0]}; --help 列出全部`);
  }
}

/** 副作用: 建立这一次运行的目录。错误: 数字不是正整数或过大; --publish 而轮数少于默认 */
export function optionsFor(bench: Bench, { given, quick }: Command): Options {
  const number = (name: NumberName): number => {
    const fallback = bench.accepts[name];
    const text = name in bench.accepts ? given[name] : undefined;
    if (typeof text === 'string') return positive(name, text);
    return typeof fallback === 'number' ? fallback : UNUSED[name];
  };
  const text = (name: TextName): string | undefined => {
    const value = name in bench.accepts ? given[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const rounds = quick && given.rounds === undefined ? quickRounds(number('rounds')) : number('rounds');
  const publish = given.publish === true;
  const leastRounds = bench.accepts.rounds;
  if (publish && typeof leastRounds === 'number' && rounds < leastRounds) {
    throw new UsageError(`${bench.name}: --publish 要求至少 ${leastRounds} 轮`);
  }
  const temp = resolve(typeof given.temp === 'string' ? given.temp : DEFAULT_TEMP);
  const work = join(temp, `run-${process.pid}`);
  mkdirSync(work, { recursive: true });
  return {
    rounds,
    bytes: number('bytes'),
    ratePerSecond: number('rate'),
    seconds: number('seconds'),
    times: number('times'),
    messages: number('messages'),
    connections: number('connections'),
    minutes: number('minutes'),
    receivers: number('receivers'),
    parts: text('parts'),
    rates: text('rates'),
    pid: number('pid'),
    temp,
    work,
    url: text('url'),
    storage: text('storage'),
    nginx: text('nginx'),
    peersOnly: given['peers-only'] === true,
    cpuProfile: given['cpu-prof'] === true,
    publish,
  };
}

function quickRounds(rounds: number): number {
  return Math.min(rounds, QUICK_ROUNDS);
}

/** 大约几秒: 轮数少了按比例算, 每项至多差几秒的起停 */
export function expectedSeconds(bench: Bench, { rounds }: Options): number {
  const usual = bench.accepts.rounds;
  return Math.round(
    typeof usual === 'number' ? (bench.expectedSeconds * rounds) / usual : bench.expectedSeconds,
  );
}

function positive(name: NumberName, text: string): number {
  const value = Number(text);
  const { max } = NUMBERS[name];
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UsageError(`--${name} 须为 1 到 ${max} 的整数, 收到 ${text}`);
}
