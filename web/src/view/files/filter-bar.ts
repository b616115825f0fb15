// 文件面板的搜索框与分类
import { filesTexts } from '../../i18n/files.js';
import { h } from '../kit/dom.js';
import type { UiState } from '../kit/ui-state.js';
import { type FileGroup, GROUPS } from './filter.js';

export interface FilterBar {
  readonly element: HTMLElement;
  readonly query: string;
  readonly group: FileGroup;
}

/** ui: 界面重建之后搜索与分类仍是原来的 */
export function createFilterBar(changed: () => void, ui: UiState, life: AbortSignal): FilterBar {
  const texts = filesTexts();
  let group: FileGroup = 'all';
  const search = h('input', {
    type: 'search',
    class: 'files-search',
    'aria-label': texts.search,
    placeholder: texts.searchHint,
    autocomplete: 'off',
    spellcheck: 'false',
    // 比最长的文件名 (255 字节) 还长就没有意义
    maxlength: 256,
  });
  search.value = ui.filesQuery;
  const chips = GROUPS.map((name) => {
    const chip = h('button', { type: 'button', class: 'files-chip', 'aria-pressed': 'false' }, texts[name]);
    chip.addEventListener('click', () => choose(name), { signal: life });
    return chip;
  });
  const choose = (chosen: FileGroup): void => {
    group = chosen;
    ui.filesGroup = chosen;
    for (const [index, chip] of chips.entries()) {
      chip.setAttribute('aria-pressed', String(GROUPS[index] === chosen));
    }
    changed();
  };
  const onSearch = (): void => {
    ui.filesQuery = search.value;
    changed();
  };
  search.addEventListener('input', onSearch, { signal: life });
  choose(GROUPS.find((name) => name === ui.filesGroup) ?? 'all');
  return {
    element: h(
      'div',
      { class: 'files-filter' },
      search,
      h('div', { class: 'files-chips', role: 'group', 'aria-label': texts.groups }, ...chips),
    ),
    get query() {
      return search.value;
    },
    get group() {
      return group;
    },
  };
}
