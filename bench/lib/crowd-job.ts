// 满房间的发生器: 任务与结果在父子进程之间传递的形状
import type { Target } from './target.js';

export interface CrowdJob {
  readonly target: Target;
  /** 只听的人数 */
  readonly receivers: number;
  /** 说话的人数 */
  readonly senders: number;
  /** 每人保持几条没有应答的在路上: 得到应答才说下一条 (闭环), 量的是上限而不压垮它 */
  readonly inFlight: number;
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
  /** 被服务器断开的人数 */
  readonly cut: number;
  readonly cpuSeconds: number;
}
