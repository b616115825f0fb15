// 用户名的规则: 什么名字合法, 哪些名字算同一个
import { AppError } from './errors.js';

/** 码点数上限, 在 NFC 之后计数 */
export const MAX_NAME_CODE_POINTS = 32;

// NFC 最多把几个单元并成一个; 远超此数的输入不值得做归一化 (UTF-16 单元)
const MAX_RAW_UNITS = 1024;
// 控制字符, 孤立代理项, 行分隔符, 双向控制, 非字符: 会打乱界面或日志
const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\p{Bidi_Control}\p{Noncharacter_Code_Point}]/u;
// 看不见的: 默认不显示的与 Cf, 有字形而空白的符号与填充符, 几乎没有宽度的空格。混在名字里就成了与别人看上去一样的名字
const UNSEEN =
  /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800\u303F\uFFFC\u{13441}\u{13442}\u{16FE4}\u{1D159}\u1680\u2000-\u200A\u202F\u205F]/u;
// 里面合法地含有变体选择符, ZWJ 或标签的表情: 键帽, 英格兰等三面旗, 其余
const EMOJI = new RegExp(
  [
    String.raw`[0-9#*]\uFE0F\u20E3`,
    String.raw`\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}`,
    String.raw`\p{Extended_Pictographic}(?:[\uFE0E\uFE0F]|\p{Emoji_Modifier})?(?:\u200D\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?)*`,
  ].join('|'),
  'gu',
);
// 阿拉伯文与印度各文字靠 ZWJ, ZWNJ 决定连写, 只在字与字之间
const JOINER =
  /(?<=[\u0600-\u077F\u08A0-\u08FF\u0900-\u0DFF])[\u200C\u200D](?=[\u0600-\u077F\u08A0-\u08FF\u0900-\u0DFF])/gu;
// 空白与组合符号自身都不算看得见的字
const VISIBLE = /[^\p{White_Space}\p{M}]/u;

/**
 * 合法的显示名: 去首尾空白, NFC, 1 到 32 个码点, 没有看不见的字符; 表情与波斯文里合法的 ZWJ, ZWNJ, 变体选择符除外。
 * 不合法抛 name_invalid。保证幂等。服务器另有几条 (chat/names/): 形近的文字不混用, 保留的名字。
 */
export function cleanUserName(raw: string): string {
  if (raw.length > MAX_RAW_UNITS) throw new AppError('name_invalid');
  const name = raw.trim().normalize('NFC');
  // 先查孤立代理项, 再按码点计数
  if (FORBIDDEN.test(name) || hasUnseen(name) || !VISIBLE.test(name)) throw new AppError('name_invalid');
  if (codePoints(name) > MAX_NAME_CODE_POINTS) throw new AppError('name_invalid');
  return name;
}

/**
 * 判断重名用的键, 不用于显示: 全角与半角, 大小写, 零宽字符, 空白的多少都不区分。
 * 不管形近字 (拉丁 a 与西里尔 а): 服务器另查 (chat/names/skeleton.ts), 客户端只用它避开已有的名字。
 */
export function userNameKey(name: string): string {
  const folded = name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, '')
    // 先大写再小写: ß 与 ss, 词尾的 ς 与 σ 由此归一
    .toUpperCase()
    .toLowerCase()
    // 大小写变换可能产生未归一的组合序列
    .normalize('NFKC');
  return folded.replace(/\p{White_Space}+/gu, ' ').trim();
}

function hasUnseen(name: string): boolean {
  return UNSEEN.test(name) && UNSEEN.test(name.replace(EMOJI, 'x').replace(JOINER, ''));
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
