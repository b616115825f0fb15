// 结果里的一段话: 找出全部命中, 太长就截到第一处命中附近; 纯函数, 只产生文字, 不产生 HTML
import { foldWithPlaces } from '../../../../src/protocol/text-fold.js';

/** 相连即 (截短的) 原文 */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

interface Range {
  readonly start: number;
  end: number;
}

// 第一处命中之前留的字数, 与一共的字数 (UTF-16 单元): 侧栏里约四行
const LEAD = 30;
const MAX_LENGTH = 180;
// 一段里至多标出这么多处
const MAX_HITS = 200;
const SPACE = /\s/g;

/** words 已折叠 (parseQuery 给的)。换行与连续的空白在结果里只是一个空白, 由样式合并; 截断处有省略号 */
export function snippetOf(text: string, words: readonly string[]): Piece[] {
  const flat = text.replace(SPACE, ' ');
  const first = findHits(flat, words)[0]?.start ?? 0;
  const start = flat.length <= MAX_LENGTH ? 0 : wholeCharacter(flat, Math.max(0, first - LEAD));
  const end = wholeCharacter(flat, Math.min(flat.length, start + MAX_LENGTH));
  return [
    ...(start > 0 ? [{ text: '…', hit: false }] : []),
    ...piecesOf(flat.slice(start, end), words),
    ...(end < flat.length ? [{ text: '…', hit: false }] : []),
  ];
}

/** 每个词的全部命中都标出, 折叠与服务器相同; 没有命中时整段是一块 */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  const add = (end: number, hit: boolean): void => {
    if (end > position) pieces.push({ text: text.slice(position, end), hit });
    position = end;
  };
  for (const { start, end } of findHits(text, words)) {
    add(start, false);
    add(end, true);
  }
  add(text.length, false);
  return pieces;
}

/** 原文里的各处, 从前往后, 不重叠: 交叠的合成一处 */
export function findHits(text: string, words: readonly string[]): readonly Readonly<Range>[] {
  const folded = foldWithPlaces(text);
  const found = words.flatMap((word) => hitsOf(folded, word.replace(SPACE, ' ')));
  const merged: Range[] = [];
  for (const { start, end } of found.sort((one, other) => one.start - other.start || one.end - other.end)) {
    const last = merged.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged.slice(0, MAX_HITS);
}

function hitsOf({ text, starts, ends }: ReturnType<typeof foldWithPlaces>, word: string): Range[] {
  const found: Range[] = [];
  if (word === '') return found;
  for (
    let at = text.indexOf(word);
    at >= 0 && found.length < MAX_HITS;
    at = text.indexOf(word, at + word.length)
  ) {
    // 下标都在 text 之内
    found.push({ start: starts[at] ?? 0, end: ends[at + word.length - 1] ?? 0 });
  }
  return found;
}

// 不切开一个代理对
function wholeCharacter(text: string, index: number): number {
  const isLow = /[\uDC00-\uDFFF]/.test(text.charAt(index));
  return isLow && index > 0 ? index - 1 : index;
}
