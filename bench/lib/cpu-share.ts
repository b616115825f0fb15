// 全机还剩多少 CPU: 饱和时测到的是争抢, 不是被测的程序
import { readFileSync } from 'node:fs';

/** 开始观察; 调用返回的函数得到期间空闲的比例 (0 到 1, 全部核合计) */
export function watchIdle(): () => number {
  const start = cpuTicks();
  return () => {
    const end = cpuTicks();
    return (end.idle - start.idle) / Math.max(1, end.total - start.total);
  };
}

function cpuTicks(): { idle: number; total: number } {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).slice(1, 9).map(Number);
  // user nice system idle iowait irq softirq steal: 等盘也算空闲, 被宿主机拿走的不算
  return { idle: fields[3]! + fields[4]!, total: fields.reduce((sum, ticks) => sum + ticks, 0) };
}
