// 搜索: 顶栏的按钮与快捷键 (/ 与 Ctrl+K), 和它打开的面板; 宽屏占文件面板的位置, 窄屏盖在上面
import { searchTexts } from '../../i18n/search.js';
import type { BackStack } from '../kit/back-stack.js';
import { h, icon, iconButton, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { createResults } from './results.js';
import { createSearchBox } from './search-box.js';

export interface SearchParts {
  readonly button: HTMLButtonElement;
  readonly panel: HTMLElement;
}

// 与 search.css 里的断点一致: 更窄时面板盖着聊天
const COVERS = '(max-width: 1099px)';

export function createSearch(context: ViewContext, back: BackStack): SearchParts {
  const { model, actions, ui, life } = context;
  const covers = matchMedia(COVERS);
  const button = createButton();
  const box = createSearchBox(context);
  const results = createResults(context, (seq) => actions.showMessage(seq));
  const panel = createPanel(box, results.element, () => hide());
  const show = (): void => {
    if (panel.hidden && covers.matches) back.opened(hide);
    set(true);
    box.focus();
    box.select();
  };
  const set = (open: boolean): void => {
    panel.hidden = !open;
    ui.searchOpen = open;
    button.setAttribute('aria-expanded', String(open));
  };
  const hide = (): void => {
    if (panel.hidden) return;
    const hadFocus = panel.contains(document.activeElement);
    set(false);
    back.closed(hide);
    if (hadFocus) button.focus();
  };
  set(ui.searchOpen);
  button.addEventListener('click', () => (panel.hidden ? show() : hide()), { signal: life });
  panel.addEventListener('keydown', (event) => isEscape(event) && close(event), { signal: life });
  box.addEventListener('keydown', (event) => onArrowDown(event, () => results.focusFirst()), {
    signal: life,
  });
  document.addEventListener('keydown', (event) => isShortcut(event) && open(event), { signal: life });
  const close = (event: KeyboardEvent): void => {
    // 否则浏览器同时清空 input[type=search]: 再打开时词没了, 结果还在
    event.preventDefault();
    hide();
  };
  const open = (event: KeyboardEvent): void => {
    event.preventDefault();
    if (!button.hidden) show();
  };
  // 盖着聊天时到了就让开, 否则看不见那一条
  model.search.going.subscribe((going) => {
    if (going?.state === 'arrived' && covers.matches) hide();
  }, life);
  model.identity.watch((identity) => {
    button.hidden = !(identity?.features.includes('search') ?? false);
  }, life);
  return { button, panel };
}

function createButton(): HTMLButtonElement {
  const texts = searchTexts();
  const label = h('span', { class: 'search-open-label' }, texts.open);
  const button = h('button', {
    type: 'button',
    class: 'search-open',
    'aria-label': texts.open,
    title: texts.open,
  });
  button.append(icon(ICONS.search), label);
  // 画出来的快捷键不是名字的一部分, 读屏软件另有 aria-keyshortcuts
  button.dataset['keys'] = texts.shortcut;
  button.setAttribute('aria-controls', 'search-panel');
  button.setAttribute('aria-keyshortcuts', 'Control+K /');
  return button;
}

function createPanel(box: HTMLElement, results: HTMLElement, hide: () => void): HTMLElement {
  const texts = searchTexts();
  const close = iconButton(ICONS.close, texts.close, 'search-close');
  close.addEventListener('click', hide);
  const head = h('div', { class: 'search-bar' }, box, close);
  return h('aside', { id: 'search-panel', class: 'search', 'aria-label': texts.heading }, head, results);
}

function isEscape(event: KeyboardEvent): boolean {
  return event.key === 'Escape' && !event.isComposing;
}

function onArrowDown(event: KeyboardEvent, run: () => void): void {
  if (event.key !== 'ArrowDown' || event.isComposing) return;
  event.preventDefault();
  run();
}

// 打字的地方里 / 就是一个字; 看大图 (模态) 时不打开盖在下面的面板
function isShortcut(event: KeyboardEvent): boolean {
  if (event.isComposing || document.querySelector('dialog[open]') !== null) return false;
  const { key, ctrlKey, metaKey, altKey, shiftKey, target } = event;
  if (altKey) return false;
  if (ctrlKey || metaKey) return key.toLowerCase() === 'k' && !shiftKey;
  const typing = target instanceof Element && target.closest('input, textarea, select') !== null;
  return key === '/' && !typing;
}
