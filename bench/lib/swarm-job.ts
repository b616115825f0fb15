// 群聊发生器的任务与结果: 父子进程之间传递的形状
import type { LatencySummary } from './histogram.js';
import type { Target } from './target.js';

export interface SwarmJob {
  readonly target: Target;
  /** 说话的人数, 一直在线, 轮流发言 */
  readonly talkers: number;
  /** 另有这么多人进进出出, 不说话 */
  readonly visitors: number;
  /** 全体每秒几条文字, 按固定时刻表发送 (开环) */
  readonly ratePerSecond: number;
  /** 每秒几次进或出 */
  readonly churnPerSecond: number;
}

/** 一段 (从 go 到 stop) 的结果 */
export interface SwarmResult {
  readonly sent: number;
  /** 最近几百条的编号, 按服务器播出的次序; 饱和时与发出的次序不同 */
  readonly tail: readonly number[];
  /** 实际写出减预定时刻; 大了说明机器已饱和, 发生器没有按时发出 */
  readonly lag: LatencySummary;
  readonly churned: number;
  /** 至今被服务器断开的人数 */
  readonly cut: number;
  readonly cpuSeconds: number;
}
