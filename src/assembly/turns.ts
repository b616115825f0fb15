// 装配读日志的两队: 读盘的历史页与文件列表, 搜索; 各有自己的上限, 谁也不占另一队的
import type { Config } from '../config.js';
import { type FairLimits, FairQueue } from '../quota/fair-queue.js';
import type { AddressQuota, Turns } from '../quota/ports.js';

// 没有加入的人至多占这么多分之一: 余下的留给加入的人
const GUESTS_SHARE = 4;

/** 读线程里至多同时有这么多个搜索与列表 */
export function runningLimit({ history }: Config): number {
  return history.maxSearches + history.maxReads;
}

export function createTurns({ history }: Config, quota: AddressQuota): Record<'reads' | 'searches', Turns> {
  const named = (
    name: 'maxReads' | 'maxSearches' | 'readsPerPerson' | 'searchesPerPerson' | 'waitingPerPerson',
  ) => ({
    setting: `history.${name}`,
    limit: history[name],
  });
  const waitingPerPerson = named('waitingPerPerson');
  const queue = (limits: Omit<FairLimits, 'guests' | 'waitingPerPerson'>): Turns => {
    const guests = Math.max(1, Math.floor(limits.running.limit / GUESTS_SHARE));
    return new FairQueue({ ...limits, guests, waitingPerPerson }, quota);
  };
  return {
    reads: queue({
      ...{ running: named('maxReads'), perPerson: named('readsPerPerson') },
      ...{ share: 'reads', waitingShare: 'waitingReads' },
    }),
    searches: queue({
      ...{ running: named('maxSearches'), perPerson: named('searchesPerPerson') },
      ...{ share: 'searches', waitingShare: 'waitingSearches' },
    }),
  };
}
