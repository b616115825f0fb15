// 重连的等待: 指数退避加抖动, 由关闭码决定从哪里起
import { CLOSES } from '../../../src/protocol/errors.js';

const BASE_MS = 500;
const MAX_MS = 30_000;
// 关闭码说 "30 秒后" 的 (flooding)
const LATER_MS = 30_000;

/** 关闭码表之外的 (1006 等网络故障) 按立即重连处理 */
export function retryPolicy(code: number): 'now' | 'later' | 'never' {
  return Object.values(CLOSES).find((close) => close.code === code)?.retry ?? 'now';
}

/** 等多久再连, 毫秒; never 为 undefined。attempt 从 0 起, 是连续失败的次数 */
export function retryDelayMs(code: number, attempt: number, random = Math.random()): number | undefined {
  const policy = retryPolicy(code);
  if (policy === 'never') return undefined;
  return policy === 'later' ? jitter(LATER_MS, random) : backoffMs(attempt, random);
}

/** 第 attempt 次 (从 0 起) 再试之前等多久, 毫秒: 翻倍到 30 秒, 带抖动 */
export function backoffMs(attempt: number, random = Math.random()): number {
  // 2 的幂封顶: attempt 很大时不溢出
  return jitter(Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 10)), random);
}

// 一半到全部: 服务器重启后上千个页面不会同时回来, 也不会有人等得太短
function jitter(ms: number, random: number): number {
  return ms / 2 + (ms / 2) * random;
}
