// 聊天记录: 每帧至多画一次; 只画窗口里的行, 眼前的位置不动
import { logTexts } from '../../i18n/log.js';
import { offersOfOthers } from '../../model/offers.js';
import { h, icon, onNextFrame, type ViewContext } from '../kit/dom.js';
import type { LogPlace } from '../kit/ui-state.js';
import { createAnnouncer } from './announcer.js';
import { createNewerLoader, createOlderLoader, type EdgeLoader } from './edge-loader.js';
import { createExcerptBar, type ExcerptBar } from './excerpt-bar.js';
import { createJumpPill, type JumpPill } from './jump-pill.js';
import { createLineRow } from './line-rows.js';
import { LOG_ICONS } from './log-icons.js';
import { LogWindow } from './log-window.js';
import { createMessageRow, isTalk } from './message-row.js';
import { createOfferRow } from './offer-row.js';
import { placeOf } from './place.js';
import { startRowActions } from './row-actions.js';
import { RowList } from './row-list.js';
import { countOf, type Entries, rowsOf } from './rows.js';
import { ScrollKeeper } from './scroll-keeper.js';
import { startScrolling } from './scrolling.js';
import { flash } from './spotlight.js';
import { startUnread, type Unread } from './unread.js';

// 跳到的一条停在可见区的这个比例处: 前面的几条也看得见
const SPOT_AT = 0.3;

export function createLog(context: ViewContext, openImage: (fileId: string) => void): HTMLElement {
  return new LogView(context, openImage).element;
}

class LogView {
  readonly element: HTMLElement;
  readonly #context: ViewContext;
  readonly #scroller: HTMLElement;
  readonly #list = h('div', { class: 'log-list' });
  readonly #empty = emptyState();
  readonly #rows: RowList;
  readonly #keeper: ScrollKeeper;
  readonly #window = new LogWindow();
  readonly #older: EdgeLoader;
  readonly #newer: EdgeLoader;
  readonly #bar: ExcerptBar;
  readonly #unread: Unread;
  readonly #pill: JumpPill;
  readonly #announce: (inserted: number) => void;
  readonly #schedule: () => void;
  // 要去的地方, 画下一帧时到: 界面重建之前看着的, 或搜索的一条
  #returning: LogPlace | undefined;
  // 到了之后闪一下的那一条
  #spotKey: string | undefined;

  constructor(context: ViewContext, openImage: (fileId: string) => void) {
    this.#context = context;
    this.#returning = context.ui.logPlace;
    this.#older = createOlderLoader(context);
    this.#newer = createNewerLoader(context);
    this.#scroller = createScroller(this.#older.element, this.#empty, this.#list, this.#newer.element);
    // 展开过的长消息, 移出窗口再回来, 或界面重建, 仍是展开的
    const { expanded } = context.ui;
    this.#rows = new RowList(this.#list, (row) => {
      if (isTalk(row)) return createMessageRow(row, { openImage, expanded });
      return row.kind === 'offer' ? createOfferRow(row) : createLineRow(row);
    });
    this.#keeper = new ScrollKeeper(this.#scroller, this.#list);
    this.#unread = startUnread(context, () => this.#keeper.following);
    this.#pill = createJumpPill(() => this.#jump());
    this.#bar = createExcerptBar(() => this.#jump());
    this.#announce = createAnnouncer(this.#scroller, context.life);
    this.#schedule = onNextFrame(() => this.#render(), context.life);
    this.element = h('div', { class: 'log' }, this.#scroller, this.#pill.element, this.#bar.element);
    startRowActions(context, this.#list, this.#rows, expanded);
    this.#watchReader();
    this.#watchModel();
    this.#schedule();
  }

  #watchReader(): void {
    startScrolling(this.#context, this.#scroller, {
      released: () => this.#keeper.release(),
      scrolled: () => this.#scrolled(),
      toEnd: () => this.#jump(),
      toStart: () => this.#toStart(),
    });
    // 图片载入, 窗口改变大小: 排版之后, 绘制之前回到原位, 看不出跳动
    const observer = new ResizeObserver(() => this.#keeper.restore());
    observer.observe(this.#scroller);
    observer.observe(this.#list);
    const stop = (): void => {
      observer.disconnect();
      this.#savePlace();
    };
    this.#context.life.addEventListener('abort', stop, { once: true });
  }

  #watchModel(): void {
    const { model, life } = this.#context;
    model.timeline.changed.subscribe(this.#schedule, life);
    model.excerpt.changed.subscribe(this.#schedule, life);
    model.offers.changed.subscribe(this.#schedule, life);
    // 自己的传输有了 fileId, 就不再当作别人的
    model.transfers.changed.subscribe(() => model.offers.items.length > 0 && this.#schedule(), life);
    model.spotlight.subscribe((key) => this.#goTo(key), life);
    model.loadingOlder.subscribe(this.#schedule, life);
    model.loadingNewer.subscribe(this.#schedule, life);
    model.identity.subscribe(this.#schedule, life);
    let outgoing = model.outbox.size;
    const onOutbox = (): void => {
      // 自己发言: 回到底部看着它
      if (model.outbox.size > outgoing) this.#follow();
      outgoing = model.outbox.size;
      this.#schedule();
    };
    model.outbox.changed.subscribe(onOutbox, life);
    // 切回来时立即画, 不等后台的那一秒
    const onVisibility = (): void => {
      if (!document.hidden) this.#render();
    };
    document.addEventListener('visibilitychange', onVisibility, { signal: life });
  }

  #entries(): Entries {
    const { timeline, excerpt, outbox, offers, transfers, identity } = this.#context.model;
    const ownName = identity.get()?.name;
    const unreadKey = this.#unread.dividerKey;
    // 很早的一段与最新的一头不相连: 没有发出的与正在上传的不画在它下面
    if (excerpt.isOpen) return { items: excerpt.items, offers: [], pending: [], ownName, unreadKey };
    return {
      items: timeline.items,
      offers: offersOfOthers(offers.items, transfers.items, ownName),
      pending: outbox.items.filter(({ shown }) => !shown),
      ownName,
      unreadKey,
    };
  }

  #render(): void {
    const entries = this.#entries();
    const place = this.#takePlace(entries);
    this.#window.update(entries, place === undefined && this.#keeper.following);
    const { start, end } = this.#window.range;
    // 先写: 全部 DOM 改动
    this.#announce(this.#rows.render(rowsOf(entries, start, end)));
    this.#empty.hidden = countOf(entries) > 0;
    this.#older.update(this.#window.atStart);
    this.#newer.update(this.#window.atEnd);
    if (place !== undefined) this.#holdAt(place);
    // 后读: 一次排版
    this.#keeper.restore();
    this.#settle(entries);
  }

  /** 滚到这一条 (键), 再闪一下 */
  #goTo(key: string): void {
    this.#returning = { key, offset: this.#keeper.viewHeight * SPOT_AT };
    this.#spotKey = key;
    this.#schedule();
  }

  /** 重建之后的第一帧, 或要去搜索的一条; 那一条已经不在了就照旧 */
  #takePlace(entries: Entries): LogPlace | undefined {
    const place = this.#returning;
    this.#returning = undefined;
    return place !== undefined && this.#window.toKey(entries, place.key) ? place : undefined;
  }

  #holdAt({ key, offset }: LogPlace): void {
    const element = this.#rows.elementOf(key);
    if (element === undefined) return;
    this.#keeper.hold({ element, offset });
    if (key === this.#spotKey) flash(element);
    this.#spotKey = undefined;
  }

  #savePlace(): void {
    // 一帧也没画就又重建了: 记着的还是对的
    if (this.#returning !== undefined) return;
    const { following, anchor } = this.#keeper;
    this.#context.ui.logPlace = following || anchor === undefined ? undefined : placeOf(this.#rows, anchor);
  }

  /** 位置定了之后: 移窗口, 要更早的, 收起或显示按钮 */
  #settle(entries: Entries): void {
    const { following, edges, viewHeight } = this.#keeper;
    const { timeline, excerpt } = this.#context.model;
    timeline.pinned = following;
    if (following) this.#unread.clearCount();
    const { count } = this.#unread;
    const far = edges.below > viewHeight || !this.#window.atEnd;
    this.#pill.update(!following && !excerpt.isOpen && (far || count > 0), count);
    this.#bar.update(excerpt.isOpen, count);
    // 上面总留着一屏, 向上滚的第一下不露白
    const short = following && edges.above < viewHeight;
    const moved = following ? short && this.#window.widen() : this.#window.shift(entries, edges);
    if (moved) this.#schedule();
    this.#older.check(this.#window.atStart && edges.above < viewHeight);
    this.#newer.check(this.#window.atEnd && edges.below < viewHeight);
  }

  #scrolled(): void {
    // 很早的一段的末尾不是最新的
    this.#keeper.scrolled(this.#window.atEnd && !this.#context.model.excerpt.isOpen);
    this.#older.rearm();
    this.#newer.rearm();
    this.#settle(this.#entries());
  }

  /** 跟着最新的; 正看着很早的一段就先回来 */
  #follow(): void {
    this.#keeper.follow();
    if (this.#context.model.excerpt.isOpen) this.#context.actions.showLatest();
  }

  #jump(): void {
    this.#follow();
    this.#render();
    // 按钮随即收起, 焦点不能丢
    this.#scroller.focus({ preventScroll: true });
  }

  #toStart(): void {
    this.#keeper.release();
    this.#window.toStart(this.#entries());
    this.#scroller.scrollTop = 0;
    this.#schedule();
  }
}

function createScroller(...children: readonly HTMLElement[]): HTMLElement {
  const label = logTexts().log;
  const attributes = { class: 'log-scroller', role: 'log', 'aria-label': label, 'aria-live': 'polite' };
  // tabindex: 能滚动的区域要能用键盘到达
  return h('div', { ...attributes, tabindex: 0 }, ...children);
}

function emptyState(): HTMLElement {
  const texts = logTexts();
  const picture = icon(LOG_ICONS.chat);
  return h('div', { class: 'log-empty' }, picture, h('p', {}, texts.emptyTitle), h('p', {}, texts.emptyHint));
}
