// 从 /proc 读被测进程 (连同它的子进程) 的 CPU 时间与内存; 只在 Linux 上可用
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** 内核以此为刻度记 utime 与 stime (sysconf(_SC_CLK_TCK)); Linux 的所有常见平台都是 100 */
export const TICKS_PER_SECOND = 100;

export interface Usage {
  readonly cpuSeconds: number;
  /** 从 watchUsage 起, 峰值常驻内存超出起点多少 (字节) */
  readonly peakGrowthBytes: number;
}

export interface OwnUsage {
  readonly cpuSeconds: number;
  /** 常驻内存的峰值 (VmHWM, 字节) */
  readonly peakBytes: number;
}

export function processStatsAvailable(): boolean {
  return existsSync('/proc/self/clear_refs');
}

/** 用户态加内核态的 CPU 秒数; nginx 的 master 与 worker, 服务器的线程与子进程都算在内 */
export function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, member) => sum + ownSeconds(member), 0);
}

/** 这一个进程 (不含子进程) 从启动至今的 CPU 秒数与内存峰值; 错误: 它已经结束 */
export function ownUsage(pid: number): OwnUsage {
  return { cpuSeconds: ownSeconds(pid), peakBytes: sumStatus([pid], 'VmHWM') };
}

function ownSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // 进程名可以含空格与括号: 从最后一个 ")" 之后数, utime 与 stime 是第 12, 13 项
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** pid 的子孙 (不含它自己) 至今的 CPU 秒数, 含已经结束并被回收的 */
export function descendantSeconds(pid: number): number {
  const ticks = processTree(pid)
    .filter((member) => member !== pid)
    .map((member) => {
      const stat = readFileSync(`/proc/${member}/stat`, 'latin1');
      // utime stime cutime cstime 是 ")" 之后的第 12 到 15 项
      return stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 15)
        .map(Number);
    });
  return ticks.flat().reduce((sum, count) => sum + count, 0) / TICKS_PER_SECOND;
}

/**
 * 开始观察; 调用返回的函数得到期间的用量。
 * 副作用: 写 clear_refs 把内核记的峰值 (VmHWM) 归零到当前值, 需要与被测进程同一用户。
 */
export function watchUsage(pid: number): () => Usage {
  const members = processTree(pid);
  for (const member of members) writeFileSync(`/proc/${member}/clear_refs`, '5');
  const startRss = sumStatus(members, 'VmRSS');
  const startCpu = cpuSeconds(pid);
  return () => ({
    cpuSeconds: cpuSeconds(pid) - startCpu,
    // 期间新生的子进程从零开始, 它的全部峰值都算增长
    peakGrowthBytes: Math.max(0, sumStatus(processTree(pid), 'VmHWM') - startRss),
  });
}

function sumStatus(pids: readonly number[], field: string): number {
  let bytes = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    bytes += Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}
