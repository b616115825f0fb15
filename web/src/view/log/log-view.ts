// 聊天记录: 每帧至多画一次; 只画窗口里的行, 眼前的位置不动
import { logTexts } from '../../i18n/log.js';
import { h, icon, onNextFrame, type ViewContext } from '../kit/dom.js';
import type { LogPlace } from '../kit/ui-state.js';
import { createAnnouncer } from './announcer.js';
import { createJumpPill, type JumpPill } from './jump-pill.js';
import { createLineRow } from './line-rows.js';
import { LOG_ICONS } from './log-icons.js';
import { LogWindow } from './log-window.js';
import { createMessageRow, isTalk } from './message-row.js';
import { createOlderLoader, type OlderLoader } from './older-loader.js';
import { placeOf } from './place.js';
import { startRowActions } from './row-actions.js';
import { RowList } from './row-list.js';
import { countOf, type Entries, rowsOf } from './rows.js';
import { ScrollKeeper } from './scroll-keeper.js';
import { startScrolling } from './scrolling.js';
import { startUnread, type Unread } from './unread.js';

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
  readonly #older: OlderLoader;
  readonly #unread: Unread;
  readonly #pill: JumpPill;
  readonly #announce: (inserted: number) => void;
  readonly #schedule: () => void;
  // 界面重建之前看着的地方, 画第一帧时回去
  #returning: LogPlace | undefined;

  constructor(context: ViewContext, openImage: (fileId: string) => void) {
    this.#context = context;
    this.#returning = context.ui.logPlace;
    this.#older = createOlderLoader(context);
    this.#scroller = createScroller(this.#older.element, this.#empty, this.#list);
    // 展开过的长消息, 移出窗口再回来, 或界面重建, 仍是展开的
    const { expanded } = context.ui;
    this.#rows = new RowList(this.#list, (row) =>
      isTalk(row) ? createMessageRow(row, { openImage, expanded }) : createLineRow(row),
    );
    this.#keeper = new ScrollKeeper(this.#scroller, this.#list);
    this.#unread = startUnread(context, () => this.#keeper.following);
    this.#pill = createJumpPill(() => this.#jump());
    this.#announce = createAnnouncer(this.#scroller, context.life);
    this.#schedule = onNextFrame(() => this.#render(), context.life);
    this.element = h('div', { class: 'log' }, this.#scroller, this.#pill.element);
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
    model.loadingOlder.subscribe(this.#schedule, life);
    model.identity.subscribe(this.#schedule, life);
    let outgoing = model.outbox.size;
    const onOutbox = (): void => {
      // 自己发言: 回到底部看着它
      if (model.outbox.size > outgoing) this.#keeper.follow();
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
    const { timeline, outbox, identity } = this.#context.model;
    return {
      items: timeline.items,
      pending: outbox.items.filter(({ shown }) => !shown),
      ownName: identity.get()?.name,
      unreadKey: this.#unread.dividerKey,
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
    if (place !== undefined) this.#holdAt(place);
    // 后读: 一次排版
    this.#keeper.restore();
    this.#settle(entries);
  }

  /** 只有第一帧有; 那一条已经不在了就跟随底部 */
  #takePlace(entries: Entries): LogPlace | undefined {
    const place = this.#returning;
    this.#returning = undefined;
    return place !== undefined && this.#window.toKey(entries, place.key) ? place : undefined;
  }

  #holdAt({ key, offset }: LogPlace): void {
    const element = this.#rows.elementOf(key);
    if (element !== undefined) this.#keeper.hold({ element, offset });
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
    this.#context.model.timeline.pinned = following;
    if (following) this.#unread.clearCount();
    const far = edges.below > viewHeight || !this.#window.atEnd;
    this.#pill.update(!following && (far || this.#unread.count > 0), this.#unread.count);
    // 上面总留着一屏, 向上滚的第一下不露白
    const short = following && edges.above < viewHeight;
    const moved = following ? short && this.#window.widen() : this.#window.shift(entries, edges);
    if (moved) this.#schedule();
    this.#older.check(this.#window.atStart && edges.above < viewHeight);
  }

  #scrolled(): void {
    this.#keeper.scrolled(this.#window.atEnd);
    this.#older.rearm();
    this.#settle(this.#entries());
  }

  #jump(): void {
    this.#keeper.follow();
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
