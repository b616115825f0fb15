// 风暴的发生器: 任务与结果在父子进程之间传递的形状
import type { LatencySummary } from './histogram.js';
import type { Target } from './target.js';

export interface StormJob {
  readonly target: Target;
  readonly joins: number;
  /** 在这么久之内均匀地来 (毫秒) */
  readonly joinOverMs: number;
  /** 在这么久之内均匀地走 (毫秒) */
  readonly leaveOverMs: number;
  /** 事先在房间里的基础客户端: 逐个核对每一次进出 */
  readonly baseClients: number;
}

/** 第一段是来, 第二段是走 */
export interface StormResult {
  /** 得到 welcome 的人数; 走的一段里是走的人数 */
  readonly done: number;
  /** 没有进来的, 与其中头几个的原因 */
  readonly failed: number;
  readonly reasons: readonly string[];
  /** 从预定的时刻到 welcome, 含握手; 走的一段为空 */
  readonly join: LatencySummary;
  /** 至今被服务器断开的人数 */
  readonly cut: number;
  /** 基础客户端没有看到的, 与看到不止一次的进出之和 */
  readonly baseMissed: number;
  readonly baseDoubled: number;
  readonly baseFramesPerSecond: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}
