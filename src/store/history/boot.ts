// 机器的这一次开机: 上次没有好好停下又不是同一次开机, 说明断过电 (没有落盘的尾巴可能已丢)
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

const LINUX_BOOT_ID = '/proc/sys/kernel/random/boot_id';
// 开机时刻由时钟减去运行时间得来, 校时会使它漂移; 重启一次远不止这么快
const SAME_BOOT_MS = 10_000;

/** Linux 上是内核给的随机 UUID, 别处是开机的时刻 (Unix 毫秒) */
export function currentBoot(): string {
  try {
    return readFileSync(LINUX_BOOT_ID, 'utf8').trim();
  } catch {
    // 不是 Linux
    return String(Math.round(Date.now() - uptime() * 1000));
  }
}

export function isSameBoot(before: string, now: string): boolean {
  if (before === now) return true;
  // UUID 变成 NaN, 比较的结果总是 false
  return Math.abs(Number(before) - Number(now)) < SAME_BOOT_MS;
}
