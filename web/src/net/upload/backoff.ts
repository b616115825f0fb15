// 重试的等待: 翻倍, 有上限, 带抖动 (服务器重启后不让所有人同时回来)

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** attempt 从 0 起; random 在 0..1。结果是 [一半, 全部] 之间的毫秒数 */
export function backoffMs(attempt: number, random: number = Math.random()): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return full / 2 + (full / 2) * random;
}
