// 窗口的算术: 一万条消息里只画 [start, end) 这一段

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** 页面上至多这么多条; 每条约十个节点 */
export const MAX_ROWS = 300;
/** 停在底部时至少画这么多; 屏幕高的再加 (LogWindow.widen) */
export const TAIL_ROWS = 60;
/** 超过 tail 的这么多倍才一次删回来, 免得每帧都动最上面 */
export const TAIL_SLACK = 1.5;
// 翻到边上时一次挪这么多
const STEP = 60;

/** 跟随底部; tail 是要画的条数 */
export function tailRange(current: Range, count: number, tail: number): Range {
  const drawn = count - current.start;
  const enough = drawn >= tail || current.start === 0;
  const keeps = enough && drawn >= 0 && drawn <= tail * TAIL_SLACK;
  return { start: keeps ? current.start : Math.max(0, count - tail), end: count };
}

/** 没有跟随: 起点不动; 窗口原来就到末尾的, 新来的接在后面, 直到满 */
export function heldRange(current: Range, previousCount: number, count: number): Range {
  const start = Math.min(current.start, Math.max(0, count - 1));
  const wanted = current.end >= previousCount ? count : current.end;
  return { start, end: Math.min(count, Math.max(start, wanted), start + MAX_ROWS) };
}

export function shiftedUp(current: Range): Range {
  const start = Math.max(0, current.start - STEP);
  return { start, end: Math.min(current.end, start + MAX_ROWS) };
}

export function shiftedDown(current: Range, count: number): Range {
  const end = Math.min(count, current.end + STEP);
  return { start: Math.max(current.start, end - MAX_ROWS), end };
}

/** 模型的开头添了或删了若干条之后, 窗口跟着挪 */
export function movedBy(current: Range, delta: number): Range {
  return { start: Math.max(0, current.start + delta), end: Math.max(0, current.end + delta) };
}

/** 模型的最前面 */
export function headRange(count: number): Range {
  return { start: 0, end: Math.min(count, MAX_ROWS) };
}

/** 第 index 条在中间偏上, 两边都有得滚 */
export function aroundRange(index: number, count: number): Range {
  return { start: Math.max(0, index - STEP), end: Math.min(count, index + 2 * STEP) };
}
