// 延迟探针的任务与结果: 父子进程之间传递的形状
import type { LatencySummary } from './histogram.js';
import type { Target } from './target.js';

export interface LatencyJob {
  readonly target: Target;
  readonly userName: string;
  /** 每秒几条; 按固定时刻表发送, 与应答快慢无关 (开环) */
  readonly ratePerSecond: number;
  readonly durationMs: number;
  /** 等什么: 缺省是广播回来, ack 是消息持久之后的应答 */
  readonly until?: 'ack';
}

export interface LatencyResult {
  /** 从预定的发送时刻到广播回来 (until 为 ack 时: 到应答) */
  readonly latency: LatencySummary;
  /** 探针自己迟到多少: 实际写出减预定时刻; 它与 latency 相当时, 测到的是探针而不是服务器 */
  readonly lag: LatencySummary;
  /** 收尾等待后仍没有回来的条数 */
  readonly lost: number;
}
