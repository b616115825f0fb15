// 测试的三道, 由文件名看出; 慢的一道分成几份, 由种子轮到其中一份
//   *.fast.test.ts, test_*_fast.py  不碰套接字, 磁盘, 子进程与浏览器
//   *.slow.test.ts, test_*_slow.py  崩溃, 洪水, 攻击, 长跑
//   其余                            真服务器, 真文件, 真浏览器, 真窗口

export type Lane = 'fast' | 'real' | 'slow';

/** 慢的一道里的一个文件; seconds 是它自己说的大约多久 */
export interface SlowFile {
  readonly file: string;
  readonly seconds: number;
}

export interface Slice {
  readonly files: readonly string[];
  readonly seconds: number;
  /** 第几份, 从 1 起 */
  readonly number: number;
  readonly count: number;
}

/** 一份至多这么久 (秒); 一个文件就超过的自成一份 */
export const SLICE_SECONDS = 180;
// 文件头没有说的按这么久算
const UNSAID_SECONDS = 30;
const MARKED = /[._](fast|slow)(?:\.test\.[jt]s|\.py)$/;

export function laneOf(file: string): Lane {
  const mark = MARKED.exec(file)?.[1];
  return mark === 'fast' || mark === 'slow' ? mark : 'real';
}

/** 慢的文件在第一行说自己大约多久: "约 20 秒" */
export function saidSeconds(source: string): number {
  const [first = ''] = source.split('\n');
  return Number(/约 (\d+) 秒/.exec(first)?.[1] ?? UNSAID_SECONDS);
}

/**
 * 种子轮到的一份; files 为空时是空的一份。seed 是非负整数。
 * 保证: 同样的文件与种子得到同样的一份; 接连的 count 个种子把每个文件恰好轮到一次。
 */
export function chooseSlice(files: readonly SlowFile[], seed: number): Slice {
  const slices = sliced(files);
  const index = slices.length === 0 ? 0 : seed % slices.length;
  const chosen = slices[index] ?? [];
  return {
    files: chosen.map(({ file }) => file),
    seconds: secondsOf(chosen),
    number: index + 1,
    count: Math.max(1, slices.length),
  };
}

// 长的先放, 放进第一份还放得下的: 份数接近最少
function sliced(files: readonly SlowFile[]): SlowFile[][] {
  const ordered = [...files].sort((a, b) => b.seconds - a.seconds || (a.file < b.file ? -1 : 1));
  const slices: SlowFile[][] = [];
  for (const each of ordered) {
    const roomy = slices.find((slice) => secondsOf(slice) + each.seconds <= SLICE_SECONDS);
    if (roomy === undefined) slices.push([each]);
    else roomy.push(each);
  }
  return slices;
}

function secondsOf(slice: readonly SlowFile[]): number {
  return slice.reduce((sum, { seconds }) => sum + seconds, 0);
}
