// 跟读发生器的任务与结果: 父子进程之间传递的形状
import type { Target } from './target.js';

export interface FollowJob {
  readonly target: Target;
  readonly path: string;
  /** 同时几个下载 */
  readonly readers: number;
  /** 为真时各算全部内容的 SHA-256; 否则只数字节 */
  readonly hash: boolean;
}

export interface FollowResult {
  /** 每个读者收到的内容; 没有算的为空 */
  readonly sha256: readonly string[];
}
