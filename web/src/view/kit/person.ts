// 一个人的样子: 首字与颜色; 同名同色
import { h } from './dom.js';

const graphemes = new Intl.Segmenter('zh', { granularity: 'grapheme' });

/** 装饰用, 读屏软件念旁边的名字就够了 */
export function avatar(name: string): HTMLElement {
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initialsOf(name));
  // CSSOM 设置不算内联样式, CSP 允许
  element.style.setProperty('--hue', String(hueOf(name)));
  return element;
}

/** 0 到 359 的色相 */
export function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  return hash % 360;
}

// 按字素切: 表情与带声调的字母不会只剩半个; 拉丁文取两个词的首字母
function initialsOf(name: string): string {
  const words = /^[\p{Script=Latin}\s]+$/u.test(name) ? name.trim().split(/\s+/).slice(0, 2) : [name];
  return words.map((word) => firstGrapheme(word).toUpperCase()).join('');
}

function firstGrapheme(text: string): string {
  const [first] = graphemes.segment(text);
  return first?.segment ?? '';
}
