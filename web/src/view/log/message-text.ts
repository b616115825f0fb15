// 正文的页面: 记号变成元素; 用户的文字只经 textContent
import { logTexts } from '../../i18n/log.js';
import { h, iconButton } from '../kit/dom.js';
import { LOG_ICONS } from './log-icons.js';
import { isLong, previewOf } from './preview.js';
import { type Block, type Span, tokenize } from './tokens.js';

/** 按钮只带 data-action, 点击由 row-actions.ts 统一处理: 行里没有监听, 拆掉就干净 */
export function createText(text: string, expanded: boolean): HTMLElement {
  const body = h('div', { class: 'log-text', dir: 'auto' });
  if (!isLong(text)) {
    body.append(...tokenize(text).map(blockOf));
    return body;
  }
  const button = h('button', { type: 'button', class: 'log-expand quiet', 'data-action': 'expand' });
  const wrapper = h('div', {}, body, button);
  setExpanded(wrapper, text, expanded);
  return wrapper;
}

/** wrapper: 长消息的正文与它的按钮; 收起时只有开头在页面上 */
export function setExpanded(wrapper: Element, text: string, expanded: boolean): void {
  const texts = logTexts();
  const [body, button] = wrapper.children;
  const blocks = expanded ? tokenize(text) : previewOf(text);
  body?.replaceChildren(...blocks.map(blockOf));
  body?.classList.toggle('log-clamped', !expanded);
  if (button === undefined) return;
  button.textContent = expanded ? texts.collapse : texts.expand;
  button.setAttribute('aria-expanded', String(expanded));
}

function blockOf(block: Block): HTMLElement {
  if (block.kind === 'paragraph') return h('p', {}, ...block.spans.map(spanOf));
  const button = iconButton(LOG_ICONS.copy, logTexts().copyCode, 'log-copy-code');
  button.dataset['action'] = 'copy-code';
  // 代码总是从左到右; 能横向滚动的区域要能用键盘到达
  const pre = h('pre', { dir: 'ltr', tabindex: 0 }, h('code', {}, block.text));
  const label = block.language !== '' && h('span', { class: 'log-language' }, block.language);
  return h('div', { class: 'log-fence' }, label, pre, button);
}

function spanOf(span: Span): Node | string {
  if (span.kind === 'text') return span.text;
  if (span.kind === 'code') return h('code', {}, span.text);
  // noopener: 打开的页面拿不到这个窗口; 链接只会是 http 或 https (links.ts)
  return h('a', { href: span.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, span.text);
}
