// 传输列表的收起与展开; 标题行何时出现也由这里定
import { trayTexts } from '../../i18n/tray.js';

// CSS 像素; 400 % 缩放下的窗口只有 256 高, 列表一展开聊天记录就看不见了
const SHORT_WINDOW = '(max-height: 420px)';

interface FoldingParts {
  readonly header: HTMLElement;
  readonly toggle: HTMLElement;
  readonly body: HTMLElement;
}

/** 没有点过时由窗口的高度定, 点过之后听用户的, 直到标题行消失。返回: 告诉它现在有几项 */
export function createFolding(
  { header, toggle, body }: FoldingParts,
  life: AbortSignal,
): (count: number) => void {
  const texts = trayTexts();
  const short = matchMedia(SHORT_WINDOW);
  let chosen: boolean | undefined;
  let count = 0;
  const apply = (): void => {
    header.hidden = count === 0 || (count === 1 && !short.matches);
    // 没有标题行时, 收起的列表没法展开
    if (header.hidden) chosen = undefined;
    const open = header.hidden || (chosen ?? !short.matches);
    body.hidden = !open;
    toggle.setAttribute('aria-expanded', String(open));
    const label = open ? texts.collapse : texts.expand;
    toggle.setAttribute('aria-label', label);
    toggle.title = label;
  };
  const flip = (): void => {
    chosen = toggle.getAttribute('aria-expanded') !== 'true';
    apply();
  };
  toggle.addEventListener('click', flip, { signal: life });
  short.addEventListener('change', apply, { signal: life });
  apply();
  return (current) => {
    count = current;
    apply();
  };
}
