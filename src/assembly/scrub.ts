// 装配后台校验: 速率与间隔取自设置, 忙不忙看事件循环
import { performance } from 'node:perf_hooks';
import { Scrubber, type ScrubParts } from '../store/scrubber.js';
import type { Runtime } from './runtime.js';

const DAY_MS = 86_400_000;
// 事件循环忙着的比例: 闲着的服务器不到百分之一; 聊天, 上传与下载都经过它, 忙到这里就让开
const BUSY_UTILIZATION = 0.1;

export function createScrubber({ config }: Runtime, parts: Omit<ScrubParts, 'busy'>): Scrubber {
  const { scrubBytesPerSecond: bytesPerSecond, scrubDays } = config.storage;
  return new Scrubber({ bytesPerSecond, intervalMs: scrubDays * DAY_MS }, { ...parts, busy: busyProbe() });
}

/** 每问一次, 答的是上次问过以来 */
function busyProbe(): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization > BUSY_UTILIZATION;
  };
}
