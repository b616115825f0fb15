// 文件名的写法: 长的从中间省略, 扩展名总看得见
import { h } from '../kit/dom.js';

const graphemes = new Intl.Segmenter('zh', { granularity: 'grapheme' });
// 扩展名之前再留这么多字: 版本号与 (1) 之类往往在那里
const TAIL_GRAPHEMES = 4;

/** 控制字符与改变书写方向的字符换成替代符: 否则 exe 能显示成 png 结尾 (本地的文件名没有经过服务器清理) */
export function safeName(name: string): string {
  return name.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}

/** [前段, 后段]; 后段含扩展名, 省略只发生在前段 */
export function splitName(name: string): [stem: string, tail: string] {
  const extension = /[^.](\.[^.\s]{1,10})$/u.exec(name)?.[1] ?? '';
  const stem = [...graphemes.segment(name.slice(0, name.length - extension.length))];
  // 短名字至多分走一半: 前段总要留些能省略的
  const kept = Math.min(TAIL_GRAPHEMES, Math.floor(stem.length / 2));
  const rough = stem[stem.length - kept]?.index ?? name.length - extension.length;
  // 空白归前段: 省略之后它随之消失, 不在省略号与后段之间留一个洞
  const cut = rough + (/^\s*/.exec(name.slice(rough))?.[0].length ?? 0);
  return [name.slice(0, cut), name.slice(cut)];
}

/** 文字仍是完整的名字: 复制, 读屏, 查找都不受省略影响 */
export function fileName(name: string): HTMLElement {
  const safe = safeName(name);
  const [stem, tail] = splitName(safe);
  return h(
    'span',
    { class: 'file-name', dir: 'auto', title: safe },
    h('span', { class: 'file-name-stem' }, stem),
    tail !== '' && h('span', { class: 'file-name-tail' }, tail),
  );
}
