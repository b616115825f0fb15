// 搜索的结果: 一页一页, 新的在前; 各种说明 (没有, 出错, 正在搜) 也在这里
import { parseQuery } from '../../../../src/protocol/search-query.js';
import { searchTexts } from '../../i18n/search.js';
import { MAX_FOUND, type Search, type SearchState } from '../../model/search.js';
import { h, onNextFrame, type ViewContext } from '../kit/dom.js';
import { errorText } from '../kit/error-text.js';
import { placeChildren } from '../kit/keyed-list.js';
import { createResultRow, type ResultRow } from './result-row.js';

export interface Results {
  readonly element: HTMLElement;
  /** 从输入框按向下: 第一条得到焦点 */
  focusFirst(): void;
}

export function createResults(context: ViewContext, go: (seq: number) => void): Results {
  const { model, actions, life } = context;
  const { search } = model;
  const texts = searchTexts();
  const status = h('p', { class: 'search-status', role: 'status' });
  const hint = h('p', { class: 'search-hint' });
  const list = h('ul', { class: 'search-list', 'aria-label': texts.results, role: 'list' });
  const older = h('button', { type: 'button', class: 'search-older' });
  const element = h('div', { class: 'search-results' }, status, hint, list, older);
  let rows: readonly ResultRow[] = [];
  let shownQuery = '';

  const render = (): void => {
    const { found, query, state } = search;
    // 词换了, 命中的地方就换了: 从头造
    const kept = query === shownQuery ? rows : [];
    if (query !== shownQuery) element.scrollTop = 0;
    shownQuery = query;
    const { words } = parseQuery(query);
    rows = found.map((message, index) =>
      kept[index]?.seq === message.seq ? kept[index] : createResultRow(message, words, go),
    );
    placeChildren(
      list,
      rows.map((row) => row.element),
    );
    setText(status, statusOf(state, query, found.length));
    setText(hint, hintOf(search));
    hint.hidden = hint.textContent === '';
    showOlder(older, state, found.length);
    showGoing();
  };
  const showGoing = (): void => {
    for (const row of rows) row.update(search.going.get());
  };
  search.changed.subscribe(onNextFrame(render, life), life);
  search.going.subscribe(showGoing, life);
  older.addEventListener('click', () => actions.searchOlder(), { signal: life });
  list.addEventListener('keydown', (event) => moveFocus(list, event), { signal: life });
  render();
  return { element, focusFirst: () => list.querySelector('button')?.focus() };
}

function statusOf(state: SearchState, query: string, count: number): string {
  const texts = searchTexts();
  if (state.phase === 'searching') return texts.searching;
  if (state.phase === 'failed') return failureOf(state);
  if (count > 0)
    return texts.found(count, state.phase === 'paging' || (state.phase === 'found' && state.more));
  return state.phase === 'found' ? texts.none(query) : '';
}

function failureOf({ code, message }: Extract<SearchState, { phase: 'failed' }>): string {
  const texts = searchTexts();
  return code === 'offline' || code === 'timeout' ? texts[code] : errorText(code, message);
}

function hintOf({ state: { phase }, query, found }: Search): string {
  const texts = searchTexts();
  const count = found.length;
  if (phase === 'idle') return texts.hint;
  const { doubtful } = parseQuery(query);
  if (phase === 'found' && doubtful.length > 0) return texts.doubtful(doubtful.join(' '));
  if (count >= MAX_FOUND) return texts.enough(count);
  return phase === 'found' && count === 0 ? texts.noneHint : '';
}

function showOlder(button: HTMLButtonElement, state: SearchState, count: number): void {
  const texts = searchTexts();
  const retry = state.phase === 'failed' && state.code !== 'offline';
  const busy = state.phase === 'paging';
  button.hidden = !(retry || busy || (state.phase === 'found' && state.more));
  // 不用 disabled: 键盘的焦点会因此丢掉
  button.setAttribute('aria-busy', String(busy));
  const older = busy ? texts.loadingOlder : texts.older;
  setText(button, retry && count === 0 ? texts.retry : older);
}

// 上下键在结果之间走
function moveFocus(list: HTMLElement, event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const buttons = [...list.querySelectorAll<HTMLElement>('button')];
  const next = buttons[buttons.indexOf(document.activeElement as HTMLElement) + step];
  event.preventDefault();
  next?.focus();
}

// 同样的文字不再写: 每次写都会让读屏软件再念
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
