// 文件面板: 共享过的文件, 新的在前; 搜索与分类由服务器做, 它答复之前先列已经取来的; 滚到底再取
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { filesTexts } from '../../i18n/files.js';
import type { FileFilter, FinderState } from '../../model/file-finder.js';
import type { Model } from '../../model/model.js';
import { h, icon, onNextFrame, type ViewContext } from '../kit/dom.js';
import { errorText } from '../kit/error-text.js';
import { ICONS } from '../kit/icons.js';
import { placeChildren } from '../kit/keyed-list.js';
import { wantsMore, watchEnd } from './end-watch.js';
import { createFileRow } from './file-row.js';
import { filterFiles, isSameFilter } from './filter.js';
import { createFilterBar } from './filter-bar.js';
import { createOfferList } from './offer-list.js';

// 一次画出来的行数, 每点一次加载更多再加这么多
const PAGE_ROWS = 200;

/** 此刻该列哪些, 说什么 */
interface Listing {
  readonly files: readonly FileBroadcast[];
  /** 标题后面的数目; 还不知道时为空 */
  readonly count: string;
  /** 列表下面的一句: 正在取, 正在找, 没有找成 */
  readonly status: string;
  /** 一个也没有时的说法; 还不能断定没有时为空 */
  readonly empty: string;
  readonly canRetry: boolean;
}

export function createFilesPanel(context: ViewContext, openImage: (fileId: string) => void): HTMLElement {
  const { model, actions, life } = context;
  const texts = filesTexts();
  const count = h('span', { class: 'files-count', role: 'status' });
  const list = h('ul', { class: 'files-list', 'aria-label': texts.list, role: 'list' });
  const offers = createOfferList(context);
  const empty = createEmpty();
  const loading = h('p', { class: 'files-loading', role: 'status' });
  const loadMore = h('button', { type: 'button', class: 'files-more' }, texts.loadMore);
  const retry = h('button', { type: 'button', class: 'files-more' }, texts.retry);
  const sentinel = h('div', { class: 'files-end', 'aria-hidden': 'true' });
  const scroller = h(
    'div',
    { class: 'files-scroll' },
    offers.element,
    list,
    empty.element,
    loadMore,
    loading,
    retry,
    sentinel,
  );

  let limit = PAGE_ROWS;
  let matched: readonly FileBroadcast[] = [];
  let rows: ReadonlyMap<string, HTMLElement> = new Map();

  const render = (): void => {
    const listing = listingOf(model, bar.filter);
    matched = listing.files;
    const drawn = matched.slice(0, limit);
    // 每次换成新的 Map: 不再画的行随即放掉
    rows = new Map(drawn.map((file) => [file.id, rows.get(file.id) ?? createFileRow(file, openImage)]));
    placeChildren(list, [...rows.values()]);
    const offered = offers.update(bar.filter);
    setText(count, listing.count);
    setText(loading, listing.status);
    loadMore.hidden = matched.length <= limit;
    retry.hidden = !listing.canRetry;
    empty.update(matched.length + offered === 0 ? listing.empty : '');
    end.check();
  };
  const redraw = onNextFrame(render, life);
  // 换了条件就从头看起
  const restart = (): void => {
    limit = PAGE_ROWS;
    scroller.scrollTop = 0;
    redraw();
  };
  const settled = (filter: FileFilter): void => {
    const { finder } = model;
    if (!isSameFilter(filter, finder.filter) || finder.state.phase === 'failed') actions.searchFiles(filter);
  };
  const bar = createFilterBar({ typed: restart, settled }, context.ui, life);
  // 界面重建时写着的还没有送到服务器
  settled(bar.filter);
  const end = watchEnd(sentinel, scroller, {
    life,
    load: () => (model.finder.state.phase === 'off' ? actions.loadMoreFiles() : actions.searchOlderFiles()),
    // 画满了先等用户点加载更多; 条件还没有送到服务器时也先等
    wanted: () =>
      matched.length <= limit && isSameFilter(bar.filter, model.finder.filter) && wantsMore(context),
  });
  loadMore.addEventListener(
    'click',
    () => {
      limit += PAGE_ROWS;
      redraw();
    },
    { signal: life },
  );
  retry.addEventListener('click', () => actions.searchOlderFiles(), { signal: life });
  model.files.changed.subscribe(redraw, life);
  model.finder.changed.subscribe(redraw, life);
  model.offers.changed.subscribe(redraw, life);
  model.loadingFiles.subscribe(redraw, life);
  render();
  const heading = h('h2', { class: 'files-heading' }, texts.heading, count);
  return h('section', { class: 'files', 'aria-label': texts.heading }, heading, bar.element, scroller);
}

function listingOf(model: Model, filter: FileFilter): Listing {
  const isOff = filter.query === '' && filter.group === undefined;
  return isOff ? everything(model) : found(model, filter);
}

function everything({ files, loadingFiles }: Model): Listing {
  const texts = filesTexts();
  const isBusy = loadingFiles.get();
  const total = files.total ?? files.files.length;
  return {
    files: files.files,
    count: total === 0 ? '' : texts.count(total),
    status: isBusy ? texts.loading : '',
    // 更早的还没有取来: 不能断定没有
    empty: isBusy || files.more ? '' : texts.empty,
    canRetry: false,
  };
}

// 服务器答复之前列已经取来的里面合条件的; 从不凭它们断定没有
function found({ finder, files }: Model, filter: FileFilter): Listing {
  const texts = filesTexts();
  const { state } = finder;
  const isMine = isSameFilter(filter, finder.filter);
  const isAnswered =
    isMine && (state.phase === 'found' || state.phase === 'paging' || finder.found.length > 0);
  const listed = isAnswered
    ? { files: finder.found, count: texts.found(finder.total), empty: texts.noMatch }
    : { files: filterFiles(files.files, filter), count: '', empty: '' };
  const canRetry = isMine && state.phase === 'failed' && state.code !== 'offline';
  return { ...listed, status: isMine ? statusOf(state) : texts.searching, canRetry };
}

function statusOf(state: FinderState): string {
  const texts = filesTexts();
  if (state.phase === 'asking') return texts.searching;
  if (state.phase === 'paging') return texts.loading;
  if (state.phase !== 'failed') return '';
  const { code, message } = state;
  return code === 'offline' || code === 'timeout' ? texts[code] : errorText(code, message);
}

// 同样的文字不再写: 每次写都会让读屏软件再念
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

interface EmptyState {
  readonly element: HTMLElement;
  /** 空串: 不显示 */
  update(title: string): void;
}

function createEmpty(): EmptyState {
  const texts = filesTexts();
  const title = h('p', { class: 'files-empty-title' });
  const hint = h('p', {});
  const element = h('div', { class: 'files-empty', hidden: true }, icon(ICONS.folder), title, hint);
  const update = (said: string): void => {
    element.hidden = said === '';
    title.textContent = said;
    hint.textContent = said === texts.empty ? texts.emptyHint : texts.noMatchHint;
  };
  return { element, update };
}
