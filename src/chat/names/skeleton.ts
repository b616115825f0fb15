// 名字看上去是什么样: 样子相同的算同一个名字 (Unicode TS 39 的 skeleton, 再加上全半角与大小写)
import { userNameKey } from '../../protocol/user-name.js';
import { CONFUSABLES } from './confusables.js';

const RADIX = 36;
// 有点的字母 (i, j ...) 上再加一个点看不出来
const HIDDEN_DOT = /(\p{Soft_Dotted})\u0307+/gu;
/** 第一次用到时才展开, 约 2 毫秒 */
let looks: ReadonlyMap<string, string> | undefined;

/**
 * 判断重名用的键, 一个或两个: 折叠大小写之后的样子, 与照写的样子 (大写的 I 像 l, 小写的不像)。
 * 两个名字有一个键相同, 就算同一个名字。name 须是 cleanUserName 给出的
 */
export function nameKeys(name: string): readonly string[] {
  const folded = skeleton(userNameKey(name));
  const seen = skeleton(userNameKey(skeleton(name.normalize('NFKC'))));
  // 多半就是名字本身: 用同一个字符串, 不为每个人再留一份
  const first = folded === name ? name : folded;
  return seen === folded ? [first] : [first, seen];
}

function skeleton(text: string): string {
  looks ??= readTable(CONFUSABLES);
  let seen = '';
  for (const written of text.normalize('NFD').replace(HIDDEN_DOT, '$1'))
    seen += looks.get(written) ?? written;
  return seen.normalize('NFC');
}

// 表的每一组: 样子的码点, 冒号, 看起来像它的各个字
function readTable(table: string): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  let target = '';
  for (const word of table.trim().split(/\s+/)) {
    if (word.endsWith(':')) target = word.slice(0, -1).split('+').map(character).join('');
    else read.set(character(word), target);
  }
  return read;
}

function character(code: string): string {
  return String.fromCodePoint(Number.parseInt(code, RADIX));
}
