// 正文的字节数: 上限按 UTF-8 字节算, 一个汉字三个字节

const encoder = new TextEncoder();
// 一个 UTF-16 单元至多变成三个字节
const MAX_BYTES_PER_UNIT = 3;
// 用到上限的九成才显示余量
const WARN_FRACTION = 0.9;

export interface Allowance {
  /** 显示余量与否 */
  readonly near: boolean;
  /** 剩下的字节, 超出为负 */
  readonly left: number;
}

export function allowanceOf(text: string, maxBytes: number): Allowance {
  // 离上限还远: 不必编码
  if (text.length * MAX_BYTES_PER_UNIT < maxBytes * WARN_FRACTION) return { near: false, left: maxBytes };
  const bytes = encoder.encode(text).length;
  return { near: bytes >= maxBytes * WARN_FRACTION, left: maxBytes - bytes };
}

// 空白, 零宽与格式字符, 控制字符自己都看不见; U+2800 是有字形却空白的符号
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800]/u;

/** 真正发出的文字: 去掉开头的空行与末尾的空白, 首行的缩进 (代码) 留着; 没有看得见的字返回空 */
export function outgoingText(draft: string): string {
  // 从网页上抄来的零宽空格: 发出去是一个空气泡
  if (!VISIBLE.test(draft)) return '';
  return draft.replace(/^(?:[ \t]*\r?\n)+/, '').trimEnd();
}
