// 文件面板的搜索框与分类; 打字停下来才算数, 输入法还在选字时不算
import { MAX_QUERY_LENGTH } from '../../../../src/protocol/messages.js';
import { filesTexts } from '../../i18n/files.js';
import type { FileFilter } from '../../model/file-finder.js';
import { onEnter } from '../composer/enter-key.js';
import { h } from '../kit/dom.js';
import type { UiState } from '../kit/ui-state.js';
import { type ChosenGroup, filterOf, GROUPS } from './filter.js';

// 同搜索框: 打字之间的停顿不到这么久, 就还没有打完 (毫秒)
const DEBOUNCE_MS = 250;

export interface FilterBar {
  readonly element: HTMLElement;
  /** 此刻写着的, 不等停顿 */
  readonly filter: FileFilter;
}

/** typed: 每次改动; settled: 停下来了, 去问服务器。ui: 界面重建之后搜索与分类仍是原来的 */
export function createFilterBar(
  on: { readonly typed: () => void; readonly settled: (filter: FileFilter) => void },
  ui: UiState,
  life: AbortSignal,
): FilterBar {
  const texts = filesTexts();
  let group: ChosenGroup = 'all';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const box = h('input', {
    type: 'search',
    class: 'files-search',
    'aria-label': texts.search,
    placeholder: texts.searchHint,
    autocomplete: 'off',
    enterkeyhint: 'search',
    spellcheck: 'false',
    maxlength: MAX_QUERY_LENGTH,
  });
  box.value = ui.filesQuery;
  const settle = (): void => {
    clearTimeout(timer);
    on.settled(filterOf(box.value, group));
  };
  const chips = GROUPS.map((name) => {
    const chip = h('button', { type: 'button', class: 'files-chip', 'aria-pressed': 'false' }, texts[name]);
    const choose = (): void => {
      show(name);
      on.typed();
      settle();
    };
    chip.addEventListener('click', choose, { signal: life });
    return chip;
  });
  const show = (chosen: ChosenGroup): void => {
    group = chosen;
    ui.filesGroup = chosen;
    for (const [index, chip] of chips.entries()) {
      chip.setAttribute('aria-pressed', String(GROUPS[index] === chosen));
    }
  };
  const typed = (delayMs: number): void => {
    ui.filesQuery = box.value;
    on.typed();
    clearTimeout(timer);
    timer = setTimeout(settle, delayMs);
  };
  const onInput = (event: Event): void => {
    if (event instanceof InputEvent && event.isComposing) return;
    // 清空立即生效
    typed(box.value === '' ? 0 : DEBOUNCE_MS);
  };
  box.addEventListener('input', onInput, { signal: life });
  // 选完字的那次 input 在有的浏览器里还算 composing
  box.addEventListener('compositionend', () => typed(DEBOUNCE_MS), { signal: life });
  onEnter({ life }, box, settle);
  life.addEventListener('abort', () => clearTimeout(timer), { once: true });
  show(GROUPS.find((name) => name === ui.filesGroup) ?? 'all');
  return {
    element: h(
      'div',
      { class: 'files-filter' },
      box,
      h('div', { class: 'files-chips', role: 'group', 'aria-label': texts.groups }, ...chips),
    ),
    get filter() {
      return filterOf(box.value, group);
    },
  };
}
