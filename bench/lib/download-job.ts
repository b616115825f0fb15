// 下载发生器的任务与结果: 父子进程之间传递的形状
import type { Target } from './target.js';

export interface DownloadJob {
  readonly target: Target;
  readonly path: string;
  /** 连续下载几次: CPU 时间的刻度是 10 毫秒, 次数多了才读得准 */
  readonly times: number;
  /** 为真时计算全部内容的 SHA-256 */
  readonly hash: boolean;
}

export interface DownloadResult {
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly sha256?: string;
}
