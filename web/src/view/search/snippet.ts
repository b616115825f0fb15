// 结果里的一段话: 找出全部命中, 太长就截到第一处命中附近; 纯函数, 只产生文字, 不产生 HTML

/** 相连即 (截短的) 原文 */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

// 第一处命中之前留的字数, 与一共的字数 (UTF-16 单元): 侧栏里约四行
const LEAD = 30;
const MAX_LENGTH = 180;

/** 换行与连续的空白在结果里只是一个空白, 由样式合并; 截断处有省略号 */
export function snippetOf(text: string, query: string): Piece[] {
  const flat = text.replace(/\s/g, ' ');
  const first = fold(flat).indexOf(fold(query.replace(/\s/g, ' ')));
  const start = flat.length <= MAX_LENGTH ? 0 : wholeCharacter(flat, Math.max(0, first - LEAD));
  const end = wholeCharacter(flat, Math.min(flat.length, start + MAX_LENGTH));
  return [
    ...(start > 0 ? [{ text: '…', hit: false }] : []),
    ...piecesOf(flat.slice(start, end), query),
    ...(end < flat.length ? [{ text: '…', hit: false }] : []),
  ];
}

/** 全部命中, 不分大小写, 不重叠; 没有命中时整段是一块 */
export function piecesOf(text: string, query: string): Piece[] {
  const folded = fold(text);
  const wanted = fold(query.replace(/\s/g, ' '));
  const pieces: Piece[] = [];
  let position = 0;
  const add = (end: number, hit: boolean): void => {
    if (end > position) pieces.push({ text: text.slice(position, end), hit });
    position = end;
  };
  for (let at = next(folded, wanted, 0); at >= 0; at = next(folded, wanted, position)) {
    add(at, false);
    add(at + wanted.length, true);
  }
  add(text.length, false);
  return pieces;
}

function next(text: string, wanted: string, from: number): number {
  return wanted === '' ? -1 : text.indexOf(wanted, from);
}

// 逐个字符折叠, 长度不变的才换: 折叠之后的位置就是原文的位置 (ß 的大写是两个字母, 不换)
function fold(text: string): string {
  return Array.from(text, (character) => {
    const upper = character.toUpperCase();
    const lower = (upper.length === character.length ? upper : character).toLowerCase();
    return lower.length === character.length ? lower : character;
  }).join('');
}

// 不切开一个代理对
function wholeCharacter(text: string, index: number): number {
  const isLow = /[\uDC00-\uDFFF]/.test(text.charAt(index));
  return isLow && index > 0 ? index - 1 : index;
}
