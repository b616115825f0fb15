// 机器的事实: 与结果写在一起, 换了机器的数字才看得懂
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface MachineFacts {
  readonly time: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly revision: string;
  /** 写结果时 1 分钟平均负载: 压测本身也计入 */
  readonly loadAverage: number;
}

export function machineFacts(): MachineFacts {
  return {
    time: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? '未知',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    revision: revision(),
    loadAverage: Number(loadavg()[0]?.toFixed(2)),
  };
}

/** 目录所在文件系统的类型 (tmpfs, ext4 等): 挂载点里最长的前缀 */
export function fileSystemOf(folder: string): string {
  let best = { point: '', type: '未知' };
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, point = '', type = ''] = line.split(' ');
    const inside = folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`);
    if (inside && point.length >= best.point.length) best = { point, type };
  }
  return best.type;
}

function revision(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    // 不在 git 仓库里, 或还没有提交: 结果照样有效
    return '无';
  }
}
