// 传输列表的取舍与汇总; 纯函数
import type { Transfer, TransferState } from '../../model/transfers.js';

/** 画出来的至多这么多行: 拖进一个大文件夹也不卡 */
export const MAX_ROWS = 50;

// 要紧的先画: 正在动的, 要人处理的, 然后才是等着的与完成的
const RANK: Readonly<Record<TransferState, number>> = {
  sending: 0,
  checking: 0,
  verifying: 0,
  waiting: 0,
  failed: 1,
  needs_file: 1,
  paused: 2,
  queued: 3,
  done: 4,
};
// 不用人管也会继续的
const ACTIVE: ReadonlySet<TransferState> = new Set(['queued', 'checking', 'sending', 'verifying', 'waiting']);

/** 挑出要画的, 仍按加入的次序: 行不会因为状态变化而跳动 */
export function chooseRows(transfers: readonly Transfer[], most = MAX_ROWS): readonly Transfer[] {
  if (transfers.length <= most) return transfers;
  const chosen = new Set(transfers.toSorted((a, b) => RANK[a.state] - RANK[b.state]).slice(0, most));
  return transfers.filter((transfer) => chosen.has(transfer));
}

export interface TraySummary {
  readonly active: number;
  readonly failed: number;
  readonly done: number;
  /** 字节; 没有完成的与已完成的一起算, 一项完成时总进度不会倒退 */
  readonly totalBytes: number;
  /** 0 到 1 */
  readonly fraction: number;
}

export function summarize(transfers: readonly Transfer[]): TraySummary {
  const count = (test: (state: TransferState) => boolean): number =>
    transfers.filter(({ state }) => test(state)).length;
  const counted = transfers.filter(({ state }) => ACTIVE.has(state) || state === 'done');
  const totalBytes = counted.reduce((sum, { size }) => sum + size, 0);
  const sentBytes = counted.reduce((sum, { state, size, sent }) => sum + (state === 'done' ? size : sent), 0);
  return {
    active: count((state) => ACTIVE.has(state)),
    failed: count((state) => state === 'failed'),
    done: count((state) => state === 'done'),
    totalBytes,
    fraction: totalBytes === 0 ? 0 : Math.min(1, sentBytes / totalBytes),
  };
}

export function isActive({ state }: Transfer): boolean {
  return ACTIVE.has(state);
}
