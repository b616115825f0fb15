// 用户名的规则: 什么名字合法, 哪些名字算同一个
import { AppError } from './errors.js';

/** 码点数上限, 在 NFC 之后计数 */
export const MAX_NAME_CODE_POINTS = 32;

// NFC 最多把几个单元并成一个; 远超此数的输入不值得做归一化 (UTF-16 单元)
const MAX_RAW_UNITS = 1024;
// 控制字符, 孤立代理项, 行分隔符, 双向控制, 非字符: 会打乱界面或日志
const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\p{Bidi_Control}\p{Noncharacter_Code_Point}]/u;
// 空白, 零宽, 组合符号自身都不算 "看得见"; U+2800 与 U+1D159 是有字形却空白的符号
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\p{M}\u2800\u{1D159}]/u;

/**
 * 合法的显示名: 去首尾空白, NFC, 1 到 32 个码点, 至少一个看得见的字符。
 * 名字内部的 ZWJ, ZWNJ, 变体选择符保留 (表情, 波斯文要用)。不合法抛 name_invalid。保证幂等。
 */
export function cleanUserName(raw: string): string {
  if (raw.length > MAX_RAW_UNITS) throw new AppError('name_invalid');
  const name = raw.trim().normalize('NFC');
  // 先查孤立代理项, 再按码点计数
  if (FORBIDDEN.test(name) || !VISIBLE.test(name)) throw new AppError('name_invalid');
  if (codePoints(name) > MAX_NAME_CODE_POINTS) throw new AppError('name_invalid');
  return name;
}

/**
 * 判断重名用的键, 不用于显示: 全角与半角, 大小写, 零宽字符, 空白的多少都不区分。
 * 不管跨文字的形近字 (拉丁 a 与西里尔 а): 那需要 UTS 39 的大表, 且会误伤正常名字。
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

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
