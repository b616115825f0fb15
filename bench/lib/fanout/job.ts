// 扇出的两个发生器: 任务, 各步的问与答; 父子进程之间传递的形状
import type { LatencySummary } from '../histogram.js';
import type { Target } from '../target.js';
import type { DialectName } from './dialect.js';

export interface FanoutJob {
  readonly target: Target;
  readonly dialect: DialectName;
}

/** 大批听众: 停读, 按时取走积压, 不看内容 */
export type BulkQuestion =
  | { readonly step: 'join'; readonly count: number }
  /** 从此停读; 每人隔 drainMs 毫秒取一次 */
  | { readonly step: 'start'; readonly drainMs: number }
  /** 从此照常读; 等到人人都收到 volume (听众在这一段收到的量), 或超时 */
  | { readonly step: 'finish'; readonly volume: number };

export interface BulkResult {
  readonly receivers: number;
  /** 收到的量与听众不同的人数; 正常为 0 */
  readonly unequal: number;
  /** 至今被断开的人数, 与其中一个的原因 */
  readonly cut: number;
  readonly cutReason: string | undefined;
  /** 从 start 到 finish 的 CPU 与时间 (秒) */
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** 探针: 少数说话的人与真听的人 */
export type ProbeQuestion =
  | { readonly step: 'join'; readonly role: 'listener' | 'sender'; readonly count: number }
  | ({ readonly step: 'run' } & Schedule);

export interface Schedule {
  /** 平均每秒几条 (开环: 与收到与否无关) */
  readonly ratePerSecond: number;
  readonly durationMs: number;
  /** 每条的时刻再往后随机挪一点, 至多这么多 (毫秒); 免得与服务器的定时器合拍 */
  readonly jitterMs: number;
  /** 第一条之前等多久 (毫秒): 两家交替单独说话时错开 */
  readonly offsetMs: number;
  /** 正文的长度 (字节, ASCII) */
  readonly messageBytes: number;
}

export interface ProbeResult {
  /** 发出的条数; 严重积压时提前停下, 少于计划 */
  readonly sent: number;
  readonly stoppedEarly: boolean;
  readonly listeners: number;
  /** 每个听众缺的与多的条数之和; 正常都为 0 */
  readonly missing: number;
  readonly duplicated: number;
  /** 听众之间收到的量是否一致, 是多少 */
  readonly volume: number;
  readonly unequal: number;
  /** 从预定的发送时刻到每一个听众收到 */
  readonly latency: LatencySummary;
  /** 发生器自己迟到多少 */
  readonly lag: LatencySummary;
  /** 第一条的预定时刻到最后一次送达 (秒) */
  readonly seconds: number;
  /** 听众收到的消息帧数 (平均每人): 服务器把几条并成一帧时小于条数 */
  readonly framesPerListener: number;
  readonly cut: number;
  readonly cutReason: string | undefined;
  readonly cpuSeconds: number;
  readonly elapsedSeconds: number;
}
