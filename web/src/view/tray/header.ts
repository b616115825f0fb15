// 传输列表的标题行: 汇总, 收起, 清除; 多于一项时才出现, 窗口很矮时总出现
import { trayTexts } from '../../i18n/tray.js';
import type { Transfer } from '../../model/transfers.js';
import { h, iconButton, type ViewContext } from '../kit/dom.js';
import { formatBytes } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { createFolding } from './folding.js';
import type { TraySummary } from './summary.js';

export interface TrayHeader {
  readonly element: HTMLElement;
  /** 收起与展开: 列表里没有按钮可用时焦点的去处 */
  readonly toggle: HTMLElement;
  /** visible: 没有自己消失的全部项, 不只是画出来的 */
  update(summary: TraySummary, visible: readonly Transfer[]): void;
}

/** body: 收起的部分; 列表的 id 给 aria-controls */
export function createHeader(
  { actions, ui, life }: Pick<ViewContext, 'actions' | 'ui' | 'life'>,
  body: HTMLElement,
): TrayHeader {
  const texts = trayTexts();
  const text = h('span', { class: 'tray-summary' });
  const progress = h('progress', { class: 'tray-progress', max: 1, value: 0, 'aria-label': texts.overall });
  const clearDone = h('button', { type: 'button', class: 'quiet tray-clear' }, texts.clearFinished);
  const clearFailed = h('button', { type: 'button', class: 'quiet tray-clear' }, texts.clearFailed);
  const clears = h('span', { class: 'tray-clears' }, clearFailed, clearDone);
  const toggle = iconButton(ICONS.down, texts.collapse, 'tray-toggle');
  toggle.setAttribute('aria-controls', body.id);
  const element = h('div', { class: 'tray-header', hidden: true }, text, progress, clears, toggle);
  let failedIds: readonly string[] = [];
  const fold = createFolding({ header: element, toggle, body }, ui, life);
  const clearAllFailed = (): void => {
    for (const id of failedIds) actions.cancelTransfer(id);
  };
  clearDone.addEventListener('click', () => actions.clearFinished(), { signal: life });
  clearFailed.addEventListener('click', clearAllFailed, { signal: life });

  const update = (summary: TraySummary, visible: readonly Transfer[]): void => {
    failedIds = visible.filter(({ state }) => state === 'failed').map(({ id }) => id);
    fold(visible.length);
    const said = summaryText(summary, visible.length);
    if (text.textContent !== said) text.textContent = said;
    progress.hidden = summary.active + summary.queued === 0;
    progress.value = summary.fraction;
    clearDone.hidden = summary.done === 0;
    // 只有一项失败时, 它自己的一行就有移除
    clearFailed.hidden = failedIds.length < 2;
  };
  return { element, toggle, update };
}

/** 2 个正在传输, 498 个排队, 共 1.2 MB, 3 % */
export function summaryText(summary: TraySummary, count: number): string {
  const texts = trayTexts();
  const { active, queued, failed, totalBytes, fraction } = summary;
  if (active + queued === 0) return failed > 0 ? texts.idleFailed(count, failed) : texts.idle(count);
  const parts = [
    ...(active > 0 ? [texts.active(active)] : []),
    ...(queued > 0 ? [texts.queuedCount(queued)] : []),
    texts.overallOf(formatBytes(totalBytes), Math.floor(fraction * 100)),
  ];
  return parts.join(', ');
}
