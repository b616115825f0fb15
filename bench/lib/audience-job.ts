// 观众的发生器: 任务与结果在父子进程之间传递的形状
import type { Target } from './target.js';

export interface AudienceJob {
  readonly target: Target;
  readonly connections: number;
  /** 每个人自己的名字: 此前缀加编号 */
  readonly prefix: string;
  /** 不加入, 只连上 (对照组), 或再走完 Socket.IO 的握手; 加入而不声明能力; 加入并声明与网页相同的能力 */
  readonly join: 'none' | 'socket.io' | 'base' | 'web';
  /** 加入之后: 来了就读; 隔一会儿读一次; 停住不读 */
  readonly conduct: 'listen' | 'drain' | 'stall';
  /** drain: 每条连接隔这么久读一次 (毫秒); 期间的积压须装得进内核的缓冲 */
  readonly drainEveryMs: number;
}

/** 停住的人放开之后的下场; 别的观众没有 */
export interface StalledFate {
  /** 读完积压之后看到 4008 的, 与没有看到关闭帧就断了的, 与没有断的 */
  readonly toldSlow: number;
  readonly cutSilently: number;
  readonly stillOpen: number;
  /** 带着令牌回来, welcome.lastClose 说 4008 的 */
  readonly lastCloseSlow: number;
  /** 补齐到 welcome 说的 seq, 没有断序的 */
  readonly caughtUp: number;
  /** 一个人最多补了多少条 */
  readonly maxMissed: number;
  readonly reasons: readonly string[];
}

export interface AudienceResult {
  readonly connected: number;
  readonly cut: number;
  readonly fate: StalledFate | undefined;
  readonly seconds: number;
  readonly cpuSeconds: number;
}
