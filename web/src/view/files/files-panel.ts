// 文件面板: 共享过的文件, 新的在前; 搜索, 分类, 滚到底再取
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { filesTexts } from '../../i18n/files.js';
import { h, icon, onNextFrame, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { placeChildren } from '../kit/keyed-list.js';
import { wantsMore, watchEnd } from './end-watch.js';
import { createFileRow } from './file-row.js';
import { filterFiles } from './filter.js';
import { createFilterBar } from './filter-bar.js';
import { createOfferList } from './offer-list.js';

// 一次画出来的行数, 每点一次加载更多再加这么多
const PAGE_ROWS = 200;

export function createFilesPanel(context: ViewContext, openImage: (fileId: string) => void): HTMLElement {
  const { model, actions, life } = context;
  const texts = filesTexts();
  const count = h('span', { class: 'files-count' });
  const list = h('ul', { class: 'files-list', 'aria-label': texts.list, role: 'list' });
  const offers = createOfferList(context);
  const empty = createEmpty();
  const loading = h('p', { class: 'files-loading', role: 'status' });
  const loadMore = h('button', { type: 'button', class: 'files-more' }, texts.loadMore);
  const sentinel = h('div', { class: 'files-end', 'aria-hidden': 'true' });
  const scroller = h(
    'div',
    { class: 'files-scroll' },
    offers.element,
    list,
    empty.element,
    loadMore,
    loading,
    sentinel,
  );

  let limit = PAGE_ROWS;
  let matched: readonly FileBroadcast[] = [];
  let rows: ReadonlyMap<string, HTMLElement> = new Map();

  const render = (): void => {
    const all = model.files.files;
    matched = filterFiles(all, filter.query, filter.group);
    const drawn = matched.slice(0, limit);
    // 每次换成新的 Map: 不再画的行随即放掉
    rows = new Map(drawn.map((file) => [file.id, rows.get(file.id) ?? createFileRow(file, openImage)]));
    placeChildren(list, [...rows.values()]);
    const offered = offers.update(filter.query, filter.group);
    count.textContent = all.length === 0 ? '' : texts.count(all.length);
    loadMore.hidden = matched.length <= limit;
    const busy = model.loadingFiles.get();
    const said = busy ? texts.loading : '';
    if (loading.textContent !== said) loading.textContent = said;
    empty.update(matched.length + offered === 0 && !busy, all.length === 0);
    end.check();
  };
  const redraw = onNextFrame(render, life);
  // 换了条件就从头看起
  const restart = (): void => {
    limit = PAGE_ROWS;
    scroller.scrollTop = 0;
    redraw();
  };
  const filter = createFilterBar(restart, context.ui, life);
  const end = watchEnd(sentinel, scroller, {
    life,
    load: () => actions.loadMoreFiles(),
    // 画满了先等用户点加载更多
    wanted: () => matched.length <= limit && wantsMore(context),
  });
  loadMore.addEventListener(
    'click',
    () => {
      limit += PAGE_ROWS;
      redraw();
    },
    { signal: life },
  );
  model.files.changed.subscribe(redraw, life);
  model.offers.changed.subscribe(redraw, life);
  model.loadingFiles.subscribe(redraw, life);
  render();
  const heading = h('h2', { class: 'files-heading' }, texts.heading, count);
  return h('section', { class: 'files', 'aria-label': texts.heading }, heading, filter.element, scroller);
}

interface EmptyState {
  readonly element: HTMLElement;
  update(shown: boolean, nothingAtAll: boolean): void;
}

function createEmpty(): EmptyState {
  const texts = filesTexts();
  const title = h('p', { class: 'files-empty-title' });
  const hint = h('p', {}, texts.emptyHint);
  const element = h('div', { class: 'files-empty', hidden: true }, icon(ICONS.folder), title, hint);
  const update = (shown: boolean, nothingAtAll: boolean): void => {
    element.hidden = !shown;
    title.textContent = nothingAtAll ? texts.empty : texts.noMatch;
    hint.hidden = !nothingAtAll;
  };
  return { element, update };
}
