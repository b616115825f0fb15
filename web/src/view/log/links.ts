// 从文字里认出网址: 只认 http 与 https; 中文标点, 句末标点与多出的右括号不算网址的一部分

export interface FoundLink {
  /** 在原文里的起点与终点 (UTF-16 单元) */
  readonly start: number;
  readonly end: number;
  readonly href: string;
}

// ASCII 的网址字符; 汉字等只在分隔符 (/ = _ & #) 或另一个汉字之后才算: 见https://a.com这里 不会连上
const CANDIDATE = /https?:\/\/(?:[\w\-.~:/?#[\]@!$&'()*+,;=%]|(?<=[/=_&#\p{Lo}])\p{Lo})+/giu;
// 句末标点: 几乎总是句子的, 不是网址的
const TRAILING = new Set('.,;:!?\'"*_~');
const CLOSING: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
]);

/** 按出现的次序; 线性时间 */
export function findLinks(text: string): FoundLink[] {
  const found: FoundLink[] = [];
  for (const match of text.matchAll(CANDIDATE)) {
    const url = trimTail(match[0]);
    const href = hrefOf(url);
    if (href !== undefined) found.push({ start: match.index, end: match.index + url.length, href });
  }
  return found;
}

/** 括号成对的留着 (维基百科的网址), 多出的右括号去掉 */
function trimTail(candidate: string): string {
  const surplus = surplusOf(candidate);
  let end = candidate.length;
  for (; end > 0; end -= 1) {
    const last = candidate.charAt(end - 1);
    const extra = surplus.get(last) ?? 0;
    if (extra > 0) surplus.set(last, extra - 1);
    else if (!TRAILING.has(last)) break;
  }
  return candidate.slice(0, end);
}

// 每种右括号比左括号多几个; 只数一遍, 一长串右括号也是线性的
function surplusOf(text: string): Map<string, number> {
  const surplus = new Map<string, number>();
  for (const [close, open] of CLOSING) {
    surplus.set(close, text.split(close).length - text.split(open).length);
  }
  return surplus;
}

// 带用户名的网址 (https://银行@坏人) 是钓鱼的老手法, 不做成链接
function hrefOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, username, password, href } = new URL(url);
  const web = protocol === 'https:' || protocol === 'http:';
  return web && hostname !== '' && username === '' && password === '' ? href : undefined;
}
