// 从文字里认出网址: 只认 http 与 https; 中文标点, 句末标点与多出的右括号不算网址的一部分

export interface FoundLink {
  /** 在原文里的起点与终点 (UTF-16 单元) */
  readonly start: number;
  readonly end: number;
  readonly href: string;
}

// 不分词的文字 (汉字, 假名, 泰文): 网址后面常常直接跟着它们写的句子
const RUN_ON = String.raw`\p{Lo}\p{Lm}`;
// 分大小写的文字 (拉丁, 西里尔) 与组合符号: 句子与网址之间总有空格, 哪里都算
const CASED = String.raw`\p{Lu}\p{Ll}\p{Lt}\p{M}`;
const LABEL = String.raw`[\w\-\p{L}\p{M}\p{N}]`;
// 常见的汉字顶级域名; https://a.com.然后 里的 然后 不是
const TOP_LEVEL = '中国|中國|公司|网络|網絡|网址|网站|在线|中文网|集团|政务|公益|香港|台湾|台灣|新加坡|澳門';
// 域名里的一段由汉字开头: 前一段也是, 或后面还有一段, 或是顶级域名; 截短了会指到别人的主机
const NATIVE_LABEL = [
  String.raw`(?<=[${RUN_ON}]\.)[${RUN_ON}]${LABEL}*`,
  String.raw`[${RUN_ON}]${LABEL}*(?=\.${LABEL})`,
  `(?:${TOP_LEVEL})(?!${LABEL})`,
].join('|');
const HOST = String.raw`${LABEL}+(?=\.${LABEL})(?:\.(?:${NATIVE_LABEL}|[\w\-${CASED}]+))*`;
// 主机之后, 汉字等只在分隔符 (/ = _ & #) 或另一个汉字之后才算: 见https://a.com这里 不会连上
const REST = String.raw`[\w\-.~:/?#[\]@!$&'()*+,;=%${CASED}]|(?<=[/=_&#${RUN_ON}\p{M}])[${RUN_ON}]`;
const CANDIDATE = new RegExp(String.raw`https?:\/\/(?:${HOST}(?:${REST})*|(?:${REST})+)`, 'giu');
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
