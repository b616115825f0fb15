// 传输列表的收起与展开; 标题行何时出现也由这里定
import { trayTexts } from '../../i18n/tray.js';
import type { UiState } from '../kit/ui-state.js';

// CSS 像素; 400 % 缩放下的窗口只有 256 高, 列表一展开聊天记录就看不见了
const SHORT_WINDOW = '(max-height: 420px)';

interface FoldingParts {
  readonly header: HTMLElement;
  readonly toggle: HTMLElement;
  readonly body: HTMLElement;
}

/** 没有点过时由窗口的高度定, 点过之后听用户的 (界面重建也记着), 直到标题行消失。返回: 告诉它现在有几项 */
export function createFolding(
  { header, toggle, body }: FoldingParts,
  ui: Pick<UiState, 'trayOpen'>,
  life: AbortSignal,
): (count: number) => void {
  const texts = trayTexts();
  const short = matchMedia(SHORT_WINDOW);
  let count = 0;
  const apply = (): void => {
    header.hidden = count === 0 || (count === 1 && !short.matches);
    // 没有标题行时, 收起的列表没法展开
    const open = header.hidden || (ui.trayOpen ?? !short.matches);
    body.hidden = !open;
    toggle.setAttribute('aria-expanded', String(open));
    const label = open ? texts.collapse : texts.expand;
    toggle.setAttribute('aria-label', label);
    toggle.title = label;
  };
  const flip = (): void => {
    ui.trayOpen = toggle.getAttribute('aria-expanded') !== 'true';
    apply();
  };
  toggle.addEventListener('click', flip, { signal: life });
  short.addEventListener('change', apply, { signal: life });
  apply();
  return (current) => {
    count = current;
    apply();
    // 刚造好时还不知道有几项, 那时不能忘, 所以不在 apply 里
    if (header.hidden) ui.trayOpen = undefined;
  };
}
