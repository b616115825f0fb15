// 说话与旁听的发生器: 任务与结果在父子进程之间传递的形状
import type { LatencySummary } from './histogram.js';
import type { Target } from './target.js';

/** 旁听者的名单里, 以此开头的是风暴里来的人 */
export const STORM_PREFIX = 'storm-';

export interface TalkJob {
  readonly target: Target;
  readonly talkers: number;
  /** 逐帧解析的旁听者: 延迟, 每秒帧数, 名单, 重与漏都由他们看 */
  readonly listeners: number;
  /** 全体每秒说几条, 按固定时刻表 (开环) */
  readonly ratePerSecond: number;
  /** 正文的长度 (字节, ASCII) */
  readonly messageBytes: number;
  /** 第几段结束时, 名单上该有几个风暴里来的人; 不写则不看 */
  readonly crowdAfter?: readonly number[];
}

/** 一段 (从 go 到 stop, 再等到播完) 的结果 */
export interface TalkResult {
  readonly sent: number;
  /** 全部旁听者, 从预定的发送时刻算起 */
  readonly latency: LatencySummary;
  /** 实际写出减预定时刻 */
  readonly lag: LatencySummary;
  /** 旁听者没有听到的条数之和 */
  readonly lost: number;
  /** 旁听者多听到的次数之和 */
  readonly doubled: number;
  /** 一个旁听者任一秒里至多收到几帧, 几字节 */
  readonly maxFramesPerSecond: number;
  readonly maxBytesPerSecond: number;
  /** 名单与实情不符的旁听者 */
  readonly wrongRosters: number;
  readonly listeners: number;
  /** 至今被断开的人数 */
  readonly cut: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** 消息的 seq 到了多少 */
  readonly lastSeq: number;
}
