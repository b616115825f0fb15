// 传输列表的取舍与汇总; 纯函数
import type { Transfer, TransferState } from '../../model/transfers.js';

/** 画出来的至多这么多行: 拖进一个大文件夹也不卡 */
export const MAX_ROWS = 50;

// 要紧的在前: 正在动的, 要人处理的, 等着的, 最后是有了结果的。失败的再多, 也不把正在动的挤出视野
const RANK: Readonly<Record<TransferState, number>> = {
  sending: 0,
  checking: 0,
  comparing: 0,
  verifying: 0,
  waiting: 0,
  needs_file: 1,
  paused: 1,
  queued: 2,
  failed: 3,
  done: 3,
};
// 不用人管也会继续的
const ACTIVE: ReadonlySet<TransferState> = new Set([
  'queued',
  'checking',
  'comparing',
  'sending',
  'verifying',
  'waiting',
]);

/** 要画的, 要紧的在前; 同样要紧的按加入的次序 (排序是稳定的) */
export function chooseRows(transfers: readonly Transfer[], most = MAX_ROWS): readonly Transfer[] {
  return transfers.toSorted((a, b) => RANK[a.state] - RANK[b.state]).slice(0, most);
}

export interface TraySummary {
  /** 正在动的; 不含排队的 */
  readonly active: number;
  readonly queued: number;
  readonly failed: number;
  readonly done: number;
  /** 这一批的字节: 还没有完成的, 加上这一批里已完成的 */
  readonly totalBytes: number;
  /** 0 到 1 */
  readonly fraction: number;
}

/** batchDone: 这一批里已完成的字节; 一项完成时从一边挪到另一边, 总进度不会倒退 */
export function summarize(transfers: readonly Transfer[], batchDone = 0): TraySummary {
  const count = (test: (state: TransferState) => boolean): number =>
    transfers.filter(({ state }) => test(state)).length;
  const running = transfers.filter(isActive);
  const totalBytes = running.reduce((sum, { size }) => sum + size, batchDone);
  const sentBytes = running.reduce((sum, { sent }) => sum + sent, batchDone);
  const queued = count((state) => state === 'queued');
  return {
    active: running.length - queued,
    queued,
    failed: count((state) => state === 'failed'),
    done: count((state) => state === 'done'),
    totalBytes,
    fraction: totalBytes === 0 ? 0 : Math.min(1, sentBytes / totalBytes),
  };
}

/** 从全都停下之后的第一项起算一批: 以前完成的不充进度 */
export class Batch {
  #startBytes = 0;

  /** finishedBytes: 至今完成的全部字节; 返回这一批里完成的 */
  doneBytes(transfers: readonly Transfer[], finishedBytes: number): number {
    if (!transfers.some(isActive)) this.#startBytes = finishedBytes;
    return finishedBytes - this.#startBytes;
  }
}

export function isActive({ state }: Transfer): boolean {
  return ACTIVE.has(state);
}
