// 长跑的发生器: 任务与结果在父子进程之间传递的形状
import type { Target } from './target.js';

export interface SoakJob {
  readonly target: Target;
  readonly members: number;
  readonly ratePerSecond: number;
  readonly messageBytes: number;
  /** 每隔这么久有一个人断线再回来, 有一个人离开房间再加入, 来一个新人又走一个旧客 (毫秒) */
  readonly churnEveryMs: number;
  /** 每隔这么久上传一个文件, 再下载回来 (毫秒) */
  readonly fileEveryMs: number;
  readonly fileBytes: number;
}

export interface SoakResult {
  readonly spoken: number;
  /** 没有连续听到最后一条的人数, 与重复收到的次数之和 */
  readonly behind: number;
  readonly doubled: number;
  /** 断线回来补齐, 与离开再加入的次数 */
  readonly returns: number;
  readonly visitors: number;
  /** 传上去又完整下载回来的文件数, 与没成的 */
  readonly files: number;
  readonly filesFailed: number;
  /** 不是自己断开的断线与连不上: 原因 -> 次数 */
  readonly troubles: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly cpuSeconds: number;
}
