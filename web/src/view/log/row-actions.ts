// 行里的按钮: 一个监听管全部; 指到哪条消息, 复制按钮就挪到哪条
import { logTexts } from '../../i18n/log.js';
import type { Model } from '../../model/model.js';
import { copyText } from '../kit/copy-text.js';
import { iconButton, type ViewContext } from '../kit/dom.js';
import { LOG_ICONS } from './log-icons.js';
import { isTalk, textOf } from './message-row.js';
import { setExpanded } from './message-text.js';
import type { RowList } from './row-list.js';
import type { LogRow } from './rows.js';

// 记住的展开过的消息; 再多就从头记
const MAX_EXPANDED = 500;

export function startRowActions(
  context: ViewContext,
  list: HTMLElement,
  rows: RowList,
  expanded: Set<string>,
): void {
  const { life } = context;
  list.addEventListener('click', (event) => onClick(context, rows, expanded, event), { signal: life });
  const copyButton = iconButton(LOG_ICONS.copy, logTexts().copy, 'log-copy');
  copyButton.dataset['action'] = 'copy';
  // 触屏上点一下也会发出 pointerover, 长按也是
  const show = (event: Event): void => {
    const line = elementOf(event)?.closest('.log-message')?.querySelector('.log-side');
    if (line != null && copyButton.parentElement !== line) line.append(copyButton);
  };
  list.addEventListener('pointerover', show, { signal: life });
  list.addEventListener('focusin', show, { signal: life });
}

function onClick(context: ViewContext, rows: RowList, expanded: Set<string>, event: Event): void {
  const button = elementOf(event)?.closest<HTMLElement>('button[data-action]');
  const element = button?.closest('.log-row');
  const row = element == null ? undefined : rows.rowOf(element);
  if (button == null || row === undefined) return;
  act(context, row, button, expanded);
}

function act({ model, actions }: ViewContext, row: LogRow, button: HTMLElement, expanded: Set<string>): void {
  const action = button.dataset['action'];
  if (action === 'retry') actions.retryText(row.key);
  else if (action === 'discard') actions.discardText(row.key);
  else if (action === 'expand') toggle(row, button, expanded);
  else if (action === 'copy') void copy(model, isTalk(row) ? textOf(row) : '');
  else if (action === 'copy-code')
    void copy(model, button.parentElement?.querySelector('pre')?.textContent ?? '');
}

async function copy(model: Model, text: string): Promise<void> {
  const texts = logTexts();
  const copied = await copyText(text);
  model.toasts.emit(
    copied ? { kind: 'info', text: texts.copied } : { kind: 'error', text: texts.copyFailed },
  );
}

function toggle(row: LogRow, button: HTMLElement, expanded: Set<string>): void {
  const open = !expanded.has(row.key);
  if (expanded.size >= MAX_EXPANDED) expanded.clear();
  if (open) expanded.add(row.key);
  else expanded.delete(row.key);
  if (button.parentElement !== null && isTalk(row)) setExpanded(button.parentElement, textOf(row), open);
}

function elementOf(event: Event): Element | undefined {
  return event.target instanceof Element ? event.target : undefined;
}
