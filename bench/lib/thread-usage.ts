// 一个进程各线程的 CPU (纳秒刻度, /proc/PID/task/*/schedstat): 说得出主线程占了几成核, 写线程占了多少
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpuSeconds } from './process-stats.js';

export interface ThreadUsage {
  /** 主线程 (事件循环) 的 CPU 秒数 */
  readonly mainSeconds: number;
  /** 其余线程之和: 写日志的线程, 垃圾回收, libuv 池 */
  readonly otherSeconds: number;
}

/** 开始观察; 调用返回的函数得到期间的用量。保证: 内核没有 schedstat 时退回 10 毫秒刻度的合计, 都算主线程 */
export function watchThreads(pid: number): () => ThreadUsage {
  if (!existsSync(`/proc/${pid}/schedstat`)) {
    const start = cpuSeconds(pid);
    return () => ({ mainSeconds: cpuSeconds(pid) - start, otherSeconds: 0 });
  }
  const start = threadNanoseconds(pid);
  return () => {
    const spent = [...threadNanoseconds(pid)].map(
      ([thread, total]) => [thread, (total - (start.get(thread) ?? 0)) / 1e9] as const,
    );
    const sum = (main: boolean): number =>
      spent.reduce((total, [thread, seconds]) => total + ((thread === pid) === main ? seconds : 0), 0);
    return { mainSeconds: sum(true), otherSeconds: sum(false) };
  };
}

/** 期间退出的线程算不到: 服务器的线程都是常驻的 */
function threadNanoseconds(pid: number): Map<number, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return new Map(
    threads.map((thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
      return [thread, Number(text.split(' ')[0])];
    }),
  );
}
