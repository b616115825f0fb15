// 从 /proc 读一个进程此刻占的内存; 只在 Linux 上可用
import { readFileSync } from 'node:fs';

export interface MemoryUse {
  readonly rssBytes: number;
  /** 与别的进程共用的页按份额计 */
  readonly pssBytes: number;
  /** 不属于任何文件的页: 堆与原生内存, 不含程序自己的代码 */
  readonly anonymousBytes: number;
}

/** 错误: 进程已不在, 或属于别的用户 */
export function memoryUse(pid: number): MemoryUse {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss'), anonymousBytes: bytes('Anonymous') };
}
