// 压测期间别的进程占了多少 CPU: 两个核的机器上, 一个并行的构建就足以毁掉比值
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { TICKS_PER_SECOND } from './process-stats.js';

/** 超过此比例, 结果旁边就要写明 */
export const FOREIGN_LIMIT = 0.05;

/**
 * 开始观察; 调用返回的函数得到别的进程占全机 CPU 的比例 (0 到 1)。
 * 陷阱: 自己的子进程须先结束, 否则算作别人的; 回收不到自己名下的另由 hiddenCpuSeconds 报出。
 */
export function watchForeignLoad(): (hiddenCpuSeconds?: number) => number {
  const startMs = performance.now();
  const start = foreignTicks();
  return (hiddenCpuSeconds = 0) => {
    const hidden = hiddenCpuSeconds * TICKS_PER_SECOND;
    const capacity = ((performance.now() - startMs) / 1000) * TICKS_PER_SECOND * availableParallelism();
    return Math.max(0, (foreignTicks() - start - hidden) / capacity);
  };
}

function foreignTicks(): number {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).slice(1).map(Number);
  // user nice system idle iowait irq softirq: 空闲与等盘不算忙
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  const own = readFileSync('/proc/self/stat', 'latin1');
  // utime stime cutime cstime: 自己, 与已经结束并回收的子进程 (服务器, 发生器)
  const mine = own
    .slice(own.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return user + nice + system + irq + softirq - mine.reduce((sum, ticks) => sum + ticks, 0);
}
