// 两侧的面板: 宽屏上一直在, 窄屏上是抽屉; 展开与否只看 data-open, 宽窄由样式决定
import { shellTexts } from '../../i18n/shell.js';
import type { BackStack } from '../kit/back-stack.js';
import { h, iconButton, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';

export interface Drawer {
  readonly element: HTMLElement;
  /** opener: 关上之后焦点回到它 */
  open(opener: HTMLElement): void;
}

export function createDrawer(
  side: 'people' | 'files',
  content: HTMLElement,
  back: BackStack,
  { life }: Pick<ViewContext, 'life'>,
): Drawer {
  const label = side === 'people' ? shellTexts().peopleSide : shellTexts().filesSide;
  const close = iconButton(ICONS.close, shellTexts().closePanel, 'drawer-close');
  const panel = h('aside', { class: 'drawer-panel', 'aria-label': label }, close, content);
  // 抽屉后面的一层: 点它就关; 宽屏上不显示
  const shade = h('div', { class: 'drawer-shade' });
  const element = h('div', { class: `drawer drawer-${side}` }, shade, panel);
  let lastOpener: HTMLElement | undefined;
  const hide = (): void => {
    if (element.dataset['open'] === undefined) return;
    delete element.dataset['open'];
    back.closed(hide);
    lastOpener?.focus();
  };
  close.addEventListener('click', hide, { signal: life });
  shade.addEventListener('click', hide, { signal: life });
  element.addEventListener('keydown', (event) => event.key === 'Escape' && hide(), { signal: life });
  return {
    element,
    open: (opener) => {
      lastOpener = opener;
      // 已经开着: 历史记录只压一条
      if (element.dataset['open'] === undefined) back.opened(hide);
      element.dataset['open'] = '';
      close.focus();
    },
  };
}
