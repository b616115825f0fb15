// 回来的人的发生器: 任务与结果在父子进程之间传递的形状
import type { Target } from './target.js';

export interface ReturnJob {
  readonly target: Target;
  readonly clients: number;
  /** 其中几个轮流说话; 服务器不在时不说 */
  readonly talkers: number;
  readonly ratePerSecond: number;
  readonly messageBytes: number;
}

/** 一段: 从 go 到人人断过一次, 又回来补齐, 再说几句之后也都听到 */
export interface ReturnResult {
  /** 各人补齐的时刻 (Unix 毫秒), 从早到晚 */
  readonly backAtMs: readonly number[];
  readonly notBack: number;
  /** 最后的 seq, 与没有连续听到那里的人数 */
  readonly lastSeq: number;
  readonly behind: number;
  /** 期间播出的条数, 与重复收到的次数之和 (同一条连接上) */
  readonly spoken: number;
  readonly doubled: number;
  /** 没连上与被断开的原因 -> 次数 */
  readonly troubles: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly cpuSeconds: number;
}
