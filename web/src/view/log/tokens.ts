// 消息正文的记号: 围栏代码, 行内代码, 链接, 其余是文字; 纯函数, 各段相连即原文的内容
import { findLinks } from './links.js';

export type Span =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

export type Block =
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'fence'; readonly language: string; readonly text: string };

export const FENCE = '```';
// 围栏的首行: 语言名后面紧跟换行
const LANGUAGE = /^([\w+#.-]{0,20})[ \t]*\r?\n/;
const INLINE_CODE = /`([^`\n]+)`/g;

// 一个表情: 旗帜, 键帽, 或图形带肤色, 变体与零宽连接
const PICTURE = String.raw`\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F|[\u{E0020}-\u{E007F}])*`;
const EMOJI = String.raw`(?:\p{Regional_Indicator}{2}|[#*0-9]\uFE0F?\u20E3|${PICTURE}(?:\u200D${PICTURE})*)`;
const FEW_EMOJI = new RegExp(String.raw`^\s*(?:${EMOJI}\s*){1,3}$`, 'u');
// 三个最复杂的表情也不超过这么长, 更长的不必试
const MAX_EMOJI_LENGTH = 64;

/** 没有闭合的围栏按文字处理 */
export function tokenize(text: string): Block[] {
  const blocks: Block[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf(FENCE, position);
    const close = open < 0 ? -1 : text.indexOf(FENCE, open + FENCE.length);
    if (close < 0) break;
    addParagraph(blocks, text.slice(position, open));
    addFence(blocks, text.slice(open + FENCE.length, close));
    position = close + FENCE.length;
  }
  addParagraph(blocks, text.slice(position));
  return blocks;
}

/** 只有一到三个表情: 显示得大一些 */
export function isFewEmoji(text: string): boolean {
  return text.length <= MAX_EMOJI_LENGTH && FEW_EMOJI.test(text);
}

function addParagraph(blocks: Block[], text: string): void {
  // 围栏前后的一个换行属于围栏, 留着会多出空行
  const trimmed = blocks.length > 0 ? text.replace(/^\r?\n/, '') : text;
  if (trimmed.trim() !== '') blocks.push({ kind: 'paragraph', spans: spansOf(trimmed.trimEnd()) });
}

function addFence(blocks: Block[], inside: string): void {
  const language = LANGUAGE.exec(inside);
  const body = language === null ? inside : inside.slice(language[0].length);
  const text = body.replace(/\r?\n$/, '');
  if (text === '')
    blocks.push({ kind: 'paragraph', spans: [{ kind: 'text', text: FENCE + inside + FENCE }] });
  else blocks.push({ kind: 'fence', language: language?.[1] ?? '', text });
}

function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let position = 0;
  for (const match of text.matchAll(INLINE_CODE)) {
    addLinked(spans, text.slice(position, match.index));
    spans.push({ kind: 'code', text: match[1] ?? '' });
    position = match.index + match[0].length;
  }
  addLinked(spans, text.slice(position));
  return spans;
}

function addLinked(spans: Span[], text: string): void {
  let position = 0;
  for (const { start, end, href } of findLinks(text)) {
    addText(spans, text.slice(position, start));
    spans.push({ kind: 'link', text: text.slice(start, end), href });
    position = end;
  }
  addText(spans, text.slice(position));
}

function addText(spans: Span[], text: string): void {
  if (text !== '') spans.push({ kind: 'text', text });
}
