// 传输列表的标题行: 汇总, 收起, 清除已完成; 多于一项时才出现
import { trayTexts } from '../../i18n/tray.js';
import type { Actions } from '../../model/actions.js';
import { h, iconButton } from '../kit/dom.js';
import { formatBytes } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import type { TraySummary } from './summary.js';

export interface TrayHeader {
  readonly element: HTMLElement;
  /** count: 列表里的总项数 */
  update(summary: TraySummary, count: number): void;
}

/** body: 收起的部分; 列表的 id 给 aria-controls */
export function createHeader(actions: Actions, body: HTMLElement, life: AbortSignal): TrayHeader {
  const texts = trayTexts();
  const text = h('span', { class: 'tray-summary' });
  const progress = h('progress', { class: 'tray-progress', max: 1, value: 0, 'aria-label': texts.overall });
  const clear = h('button', { type: 'button', class: 'quiet tray-clear' }, texts.clearFinished);
  const toggle = iconButton(ICONS.down, texts.collapse, 'tray-toggle');
  toggle.setAttribute('aria-expanded', 'true');
  toggle.setAttribute('aria-controls', body.id);
  const element = h('div', { class: 'tray-header', hidden: true }, text, progress, clear, toggle);

  const setOpen = (open: boolean): void => {
    body.hidden = !open;
    toggle.setAttribute('aria-expanded', String(open));
    const label = open ? texts.collapse : texts.expand;
    toggle.setAttribute('aria-label', label);
    toggle.title = label;
  };
  toggle.addEventListener('click', () => setOpen(body.hidden !== false), { signal: life });
  clear.addEventListener('click', () => actions.clearFinished(), { signal: life });

  const update = (summary: TraySummary, count: number): void => {
    element.hidden = count <= 1;
    // 只剩一项时没有标题, 收起的列表也就没法展开
    if (element.hidden && body.hidden) setOpen(true);
    const said = summaryText(summary, count);
    if (text.textContent !== said) text.textContent = said;
    progress.hidden = summary.active === 0;
    progress.value = summary.fraction;
    clear.hidden = summary.done === 0;
  };
  return { element, update };
}

function summaryText({ active, failed, totalBytes, fraction }: TraySummary, count: number): string {
  const texts = trayTexts();
  if (active > 0) return texts.active(active, formatBytes(totalBytes), Math.floor(fraction * 100));
  return failed > 0 ? texts.idleFailed(count, failed) : texts.idle(count);
}
