// 很长的消息先只画开头: 一个人连发 16 KB 的消息, 不能让所有人的页面卡住
import { type Block, FENCE, type Span, tokenize } from './tokens.js';

// 不超过这么多就整条画
const MAX_LINES = 30;
const MAX_CHARACTERS = 1600;
// 先画的部分; 比上限短一截, 收起才有意义
const PREVIEW_LINES = 18;
const PREVIEW_CHARACTERS = 900;

interface Budget {
  lines: number;
  characters: number;
}

export function isLong(text: string): boolean {
  return text.length > MAX_CHARACTERS || text.split('\n', MAX_LINES + 1).length > MAX_LINES;
}

/** 开头的若干行与字; 代码块截短后仍是代码块 */
export function previewOf(text: string): Block[] {
  const budget: Budget = { lines: PREVIEW_LINES, characters: PREVIEW_CHARACTERS };
  const blocks: Block[] = [];
  for (const block of tokenize(headOf(text))) {
    if (isSpent(budget)) break;
    blocks.push(shortened(block, budget));
    // 块与块之间换行
    budget.lines -= 1;
  }
  return blocks;
}

// 只解析开头: 整条的几百个网址不必都认一遍; 切在代码块里就补上结尾
function headOf(text: string): string {
  const head = text.slice(0, PREVIEW_CHARACTERS * 2);
  const unclosed = head.split(FENCE).length % 2 === 0 && text.indexOf(FENCE, head.length) >= 0;
  return unclosed ? `${head}${FENCE}` : head;
}

function shortened(block: Block, budget: Budget): Block {
  if (block.kind === 'fence') return { ...block, text: take(block.text, budget) };
  const spans: Span[] = [];
  for (const span of block.spans) {
    if (isSpent(budget)) break;
    // 网址只缩短显示的部分, 点开仍是完整的
    spans.push({ ...span, text: take(span.text, budget) });
  }
  return { kind: 'paragraph', spans };
}

function isSpent({ lines, characters }: Budget): boolean {
  return lines <= 0 || characters <= 0;
}

// 副作用: 扣减 budget
function take(text: string, budget: Budget): string {
  const cut = text.slice(0, budget.characters);
  const kept = cut.split('\n', budget.lines).join('\n');
  // 不切开一个代理对
  const whole = kept.replace(/[\uD800-\uDBFF]$/, '');
  budget.characters -= kept.length;
  budget.lines -= kept.split('\n').length - 1;
  if (kept.length < text.length) budget.characters = 0;
  return whole;
}
