// 一闪而过的提示, 至多三条; 错误留得久些, 可以点掉
import { shellTexts } from '../../i18n/shell.js';
import type { Toast } from '../../model/model.js';
import { h, type ViewContext } from '../kit/dom.js';
import { errorText } from '../kit/error-text.js';
import { reasonText } from './banner.js';

const MAX_TOASTS = 3;
const SHOW_MS: Readonly<Record<Toast['kind'], number>> = { info: 4000, error: 8000 };

export function createToasts({ model, life }: ViewContext): HTMLElement {
  const area = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
  const show = ({ kind, text }: Toast): void => {
    const close = h('button', { type: 'button', class: 'quiet' }, shellTexts().dismiss);
    const toast = h(
      'div',
      { class: `toast toast-${kind}`, role: kind === 'error' ? 'alert' : undefined },
      text,
      close,
    );
    close.addEventListener('click', () => toast.remove(), { signal: life });
    area.append(toast);
    while (area.childElementCount > MAX_TOASTS) area.firstElementChild?.remove();
    setTimeout(() => toast.remove(), SHOW_MS[kind]);
  };
  model.toasts.subscribe(show, life);
  model.problems.subscribe(
    ({ code, message }) => show({ kind: 'error', text: errorText(code, message) }),
    life,
  );
  model.lateReason.subscribe(
    ({ code }) => show({ kind: 'info', text: shellTexts().lastCut(reasonText(code)) }),
    life,
  );
  return area;
}
