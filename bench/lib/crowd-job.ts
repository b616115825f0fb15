// 满房间的发生器: 任务与结果在父子进程之间传递的形状
import type { LatencySummary } from './histogram.js';
import type { Target } from './target.js';

export interface CrowdJob {
  readonly target: Target;
  /** 只听的人数 */
  readonly receivers: number;
  /** 说话的人数 */
  readonly senders: number;
  /** 全体每秒说几条, 按固定时刻表 (开环) */
  readonly ratePerSecond: number;
  /** 正文的长度 (字节, ASCII) */
  readonly messageBytes: number;
  readonly durationMs: number;
}

export interface CrowdResult {
  /** 期间得到应答的条数 */
  readonly acknowledged: number;
  readonly seconds: number;
  /** 送达的次数: 全部听众从内核取走的字节 / 一条广播的字节 */
  readonly deliveries: number;
  /** 从预定的时刻到应答 (消息已持久) */
  readonly ack: LatencySummary;
  /** 被服务器断开的人数 */
  readonly cut: number;
  readonly cpuSeconds: number;
}
