// 命令行参数: 全部压测共用一张表, 只在这里声明与校验
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** 协议规定的单文件上限 (字节) */
export const FILE_CAP_BYTES = 2_684_354_560;

const DEFAULT_ROUNDS = 5;

export interface Options {
  readonly rounds: number;
  /** 命令行给出的轮数; 一轮就很久的几项 (idle, storm, slow, restart) 不给时少跑几轮 */
  readonly givenRounds: number | undefined;
  readonly bytes: number;
  readonly url: string | undefined;
  readonly pid: number;
  /** 测试文件所在, 各次运行共用 */
  readonly temp: string;
  /** 这一次运行自己的目录: 存储, 日志, nginx 的配置; 两个压测同时跑也互不相干 */
  readonly work: string;
  readonly storage: string | undefined;
  readonly ratePerSecond: number;
  /** 没有给出时各项用自己的默认值 */
  readonly seconds: number | undefined;
  readonly uploads: number;
  readonly times: number;
  readonly messages: number;
  readonly connections: number;
  readonly minutes: number;
  readonly nginx: string | undefined;
  readonly peersOnly: boolean;
  readonly cpuProfile: boolean;
  readonly publish: boolean;
}

export const HELP = `npm run bench -- [名称 ...] [参数]
名称: upload, download, mixed, large, durable (不写则这几项); 另有 history, follow; web-large, web-load, 需要 Chromium;
      desktop-large, 需要 Chromium, Python 与 Xvfb
  --rounds N     交替的轮数, 默认 5; 少于 5 轮的比值不作数
  --bytes N      文件大小 (字节), 默认 1073741824, 至多 ${FILE_CAP_BYTES}; large, web-large 与 desktop-large 固定用上限
  --rate N       mixed, durable, web-load: 每秒几条文字, 默认 200
  --seconds N    mixed, durable, web-load: 每段测多久 (秒), 默认 10, 8, 30
  --uploads N    mixed: 同时几个上传, 默认 4
  --times N      download: 每次测量连续下载几遍, 默认 4
  --messages N   history: 灌多少条消息, 默认 1000000
  --connections N  idle, storm, restart: 多少条连接, 默认 10000
  --minutes N    soak: 跑多久 (分钟), 默认 30; 头一半不计入斜率
  --storage DIR  服务器的存储目录, 默认在临时目录里; mixed, web-* 与 desktop-large 默认 /dev/shm (空闲 16 GiB 以上时)
  --temp DIR     测试文件, 日志与配置的目录, 默认 ${join(tmpdir(), 'sluice-bench')}
  --url URL      测一台已在运行的 Sluice, 配 --pid 才有 CPU 与内存; 存储目录用 --storage 告知
  --nginx PATH   nginx 程序的路径
  --peers-only   只跑对照组
  --cpu-prof     给 Sluice 加 --cpu-prof, web-load 另记浏览器的时间线; 结果在临时目录的 profiles/
  --publish      把结果写进 bench/results/ 与 bench/README.md, 否则写进 bench/results/local/`;

/** 错误: 参数不认识或不是正整数 */
export function parseOptions(argv: readonly string[]): { names: string[]; options: Options } {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      bytes: { type: 'string', default: String(1024 ** 3) },
      rate: { type: 'string', default: '200' },
      seconds: { type: 'string' },
      uploads: { type: 'string', default: '4' },
      times: { type: 'string', default: '4' },
      messages: { type: 'string', default: '1000000' },
      connections: { type: 'string', default: '10000' },
      minutes: { type: 'string', default: '30' },
      temp: { type: 'string', default: join(tmpdir(), 'sluice-bench') },
      pid: { type: 'string' },
      url: { type: 'string' },
      storage: { type: 'string' },
      nginx: { type: 'string' },
      'peers-only': { type: 'boolean', default: false },
      'cpu-prof': { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
    },
  });
  const givenRounds = values.rounds === undefined ? undefined : positive('rounds', values.rounds, 1000);
  const rounds = givenRounds ?? DEFAULT_ROUNDS;
  if (values.publish && rounds < 5) throw new Error('--publish 要求至少 5 轮');
  const temp = resolve(values.temp);
  const work = join(temp, `run-${process.pid}`);
  mkdirSync(work, { recursive: true });
  return {
    names: positionals,
    options: {
      rounds,
      givenRounds,
      bytes: positive('bytes', values.bytes, FILE_CAP_BYTES),
      ratePerSecond: positive('rate', values.rate, 100_000),
      seconds: values.seconds === undefined ? undefined : positive('seconds', values.seconds, 3600),
      uploads: positive('uploads', values.uploads, 1000),
      times: positive('times', values.times, 1000),
      messages: positive('messages', values.messages, 100_000_000),
      connections: positive('connections', values.connections, 200_000),
      minutes: positive('minutes', values.minutes, 1440),
      pid: values.pid === undefined ? 0 : positive('pid', values.pid, 2 ** 31),
      temp,
      work,
      url: values.url,
      storage: values.storage,
      nginx: values.nginx,
      peersOnly: values['peers-only'],
      cpuProfile: values['cpu-prof'],
      publish: values.publish,
    },
  };
}

function positive(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`--${name} 须为 1 到 ${max} 的整数, 收到 ${text}`);
}
