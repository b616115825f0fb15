// 文件名里的特殊字符: 每一个都换成看得见的 '_', 从不悄悄去掉; 表情与文字自己要用的零宽字符留下
// 单独一个看不见的字符能让 ".e(ZWJ)xe" 不像 exe 而又不拦, 所以只在它真有作用的地方留下

// 各系统不许的, 控制, 双向控制, 孤立代理项, 非字符, 行分隔, 行间注释
const NEVER = String.raw`/\\<>:"|?*\p{Cc}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u2028\u2029\uFFF9-\uFFFB`;
const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}`;
const JOINER = String.raw`\u200C\u200D`;
const SELECTOR = String.raw`\p{Variation_Selector}`;

// 地区的旗: 黑旗, 3 到 6 个标签字符, 结束符 (UTS 51 第 2.6 节); 不成这样的标签字符都是看不见的夹带
const TAGGED_FLAG = String.raw`\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}`;
const FORBIDDEN = new RegExp(`(${TAGGED_FLAG})|(?![${JOINER}${SELECTOR}])(?:[${NEVER}]|${INVISIBLE})`, 'gu');
// 变体选择符跟在 ASCII 以外看得见的字符之后才有作用 (表情, 异体字); 键帽 (1 加 U+FE0F 加 U+20E3) 除外
const LOOSE_SELECTOR = new RegExp(
  String.raw`(?<![^\p{ASCII}\p{White_Space}${INVISIBLE}])(?!(?<=[0-9#])\uFE0F\u20E3)${SELECTOR}`,
  'gu',
);
// ZWJ 与 ZWNJ 跟在 ASCII 以外的字母, 附标, 表情之后才有作用 (家庭表情, 波斯文, 印度文字)
const LOOSE_JOINER = new RegExp(
  String.raw`(?<!(?!\p{ASCII}|${INVISIBLE})[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]|${SELECTOR})[${JOINER}]`,
  'gu',
);
const UNSEEN = new RegExp(`[${INVISIBLE}\\p{Cc}\\p{Cs}\\p{Bidi_Control}\\u2028\\u2029\\uFFF9-\\uFFFB]`, 'gu');

/** 每个特殊字符换成一个 '_'。保证: 幂等, 线性时间, UTF-8 不变长 */
export function replaceSpecials(text: string): string {
  // 依次三遍: 前一遍换掉的, 不能再算后一遍的依托
  return text
    .replace(FORBIDDEN, (_match, flag: string | undefined) => flag ?? '_')
    .replace(LOOSE_SELECTOR, '_')
    .replace(LOOSE_JOINER, '_');
}

/** 去掉全部看不见的字符: 只用来判断, 不用来显示或保存 */
export function withoutUnseen(text: string): string {
  return text.replace(UNSEEN, '');
}
