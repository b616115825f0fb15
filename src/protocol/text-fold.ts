// 搜索用的折叠: 大小写, 全角半角, 附加符号 (café 与 cafe) 都算同一个; 服务器的索引, 网页与 (照写一遍的) Python 都以它为准
//   逐簇做: 一个字符连同跟着它的附加符号是一簇, 一簇折成什么与旁边的字无关, 所以词折叠之后仍是正文折叠之后的一段

// 折叠只会改大小写的字, 而且长度不变: ASCII, 汉字, 假名, 谚文 (单写的字母也在内) 与它们的标点; 多数消息只有这些
const PLAIN = String.raw`\0-\x7f\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u3131-\u318e\u4e00-\u9fff\uac00-\ud7a3`;
// 跟在字符后面的: 附加符号, 与半角片假名的浊音
const MARKS = String.raw`\p{M}\uff9e\uff9f`;
// 分开写的谚文 (苹果系统的文件名): 一串合起来看
const JAMO = String.raw`\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7fb`;
const IS_PLAIN = new RegExp(`^[${PLAIN}]*$`, 'u');
const CLUSTER = new RegExp(`[${PLAIN}]+(?![${MARKS}])|[${JAMO}]+|[^][${MARKS}]*`, 'gu');
// 只去拉丁, 希腊, 西里尔字母的附加符号: 假名的浊点, 别的文字的元音符号去掉就成了别的字
const ACCENTED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{Mn}+/gu;
const LONE_SURROGATE = /\p{Cs}/gu;
// 常见的簇 (全角标点, 带符号的字母) 反复出现; 满了就不再记, 成串的符号 (长度由发送者定) 也不记
const MAX_KNOWN = 4096;
const MAX_KNOWN_LENGTH = 8;
const known = new Map<string, string>();

/** 折叠一段文字; 孤立代理项换成 U+FFFD, 因为存盘的文字都是良构的 */
export function fold(text: string): string {
  return IS_PLAIN.test(text) ? text.toLowerCase() : text.replace(CLUSTER, foldCluster);
}

export interface FoldedText {
  readonly text: string;
  /** text 的每个单元来自原文的哪一簇: 起 (含) 与止 (不含), 都是 UTF-16 下标 */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** 折叠, 并记住每个字来自原文的哪里: 标出命中时用 */
export function foldWithPlaces(original: string): FoldedText {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  for (const { 0: cluster, index } of original.matchAll(CLUSTER)) {
    const folded = foldCluster(cluster);
    // 只改大小写的一串逐字对应; 其余的簇整个算一处
    const isPlain = IS_PLAIN.test(cluster);
    for (let unit = 0; unit < folded.length; unit += 1) {
      starts.push(isPlain ? index + unit : index);
      ends.push(isPlain ? index + unit + 1 : index + cluster.length);
    }
    text += folded;
  }
  return { text, starts, ends };
}

function foldCluster(cluster: string): string {
  if (IS_PLAIN.test(cluster)) return cluster.toLowerCase();
  const before = known.get(cluster);
  if (before !== undefined) return before;
  const bare = cluster.replace(LONE_SURROGATE, '\uFFFD').normalize('NFKD').replace(ACCENTED, '$1');
  // toLowerCase 在词尾给 ς, 也不展开 ß: 折叠不看位置, 照 Unicode 的 case folding
  const folded = bare
    .normalize('NFC')
    .toLowerCase()
    .replaceAll('\u03c2', '\u03c3')
    .replaceAll('\u00df', 'ss');
  if (known.size < MAX_KNOWN && cluster.length <= MAX_KNOWN_LENGTH) known.set(cluster, folded);
  return folded;
}
