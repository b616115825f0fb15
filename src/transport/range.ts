// Range 头的解析 (RFC 9110 第 14 节): 只认单段; 自己写, 因为 range-parser 把大于文件的后缀当成不可满足

/** 文件内的一段, 字节; end 含在内 */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const SINGLE_RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * header 为 Range 头的值, 没有时为 ''; size 为文件的字节数。
 * 'whole': 没有, 写错, 多段, 别的单位, 都按标准忽略。'unsatisfiable': 应答 416
 */
export function parseRange(header: string, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = SINGLE_RANGE.exec(header) ?? [];
  if (first === '' && last === '') return 'whole';
  // 空文件的最后 N 个字节就是它的全部, 而 206 写不出空的一段
  if (size === 0 && first === '' && Number(last) > 0) return 'whole';
  // 后缀: 最后 N 个字节; N 大于文件就是全部, 0 则一个字节也给不出
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  // 首尾颠倒是写错, 不是不可满足
  if (first !== '' && last !== '' && Number(last) < Number(first)) return 'whole';
  return start > end ? 'unsatisfiable' : { start, end };
}
