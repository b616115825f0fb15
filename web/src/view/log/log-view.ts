// 聊天记录: 每帧至多画一次; 只画窗口里的行, 眼前的位置不动
import { logTexts } from '../../i18n/log.js';
import { h, icon, onNextFrame, type ViewContext } from '../dom.js';
import { createJumpPill } from './jump-pill.js';
import { createLineRow } from './line-rows.js';
import { LOG_ICONS } from './log-icons.js';
import { LogWindow } from './log-window.js';
import { createMessageRow, isTalk } from './message-row.js';
import { createOlderLoader } from './older-loader.js';
import { startRowActions } from './row-actions.js';
import { RowList } from './row-list.js';
import { countOf, type Entries, rowsOf } from './rows.js';
import { ScrollKeeper } from './scroll-keeper.js';
import { startScrolling } from './scrolling.js';
import { startUnread } from './unread.js';

// 一帧里插入得更多 (翻页, 补历史, 刷屏) 时, 读屏软件不逐条念
const MAX_ANNOUNCED = 5;
// 关掉播报之后多久恢复 (毫秒)
const QUIET_MS = 1000;

export function createLog(context: ViewContext, openImage: (fileId: string) => void): HTMLElement {
  const { model, life } = context;
  const texts = logTexts();
  const expanded = new Set<string>();
  const list = h('div', { class: 'log-list' });
  const empty = emptyState();
  const older = createOlderLoader(context);
  const scroller = h(
    'div',
    { class: 'log-scroller', role: 'log', 'aria-label': texts.log, 'aria-live': 'polite', tabindex: 0 },
    older.element,
    empty,
    list,
  );
  const rows = new RowList(list, (row) =>
    isTalk(row) ? createMessageRow(row, { openImage, expanded }) : createLineRow(row),
  );
  const keeper = new ScrollKeeper(scroller, list);
  const view = new LogWindow();
  const unread = startUnread(context, () => keeper.following);
  const pill = createJumpPill(() => {
    jump();
    // 按钮随即收起, 焦点不能丢
    scroller.focus({ preventScroll: true });
  });
  const entries = (): Entries => ({
    items: model.timeline.items,
    pending: model.outbox.items.filter(({ shown }) => !shown),
    ownName: model.identity.get()?.name,
    unreadKey: unread.dividerKey,
  });
  const announce = createAnnouncer(scroller, life);

  const render = (): void => {
    const current = entries();
    view.update(current, keeper.following);
    const { start, end } = view.range;
    // 先写: 全部 DOM 改动
    announce(rows.render(rowsOf(current, start, end)));
    empty.hidden = countOf(current) > 0;
    older.update(view.atStart);
    // 后读: 一次排版
    keeper.restore();
    settle(current);
  };
  const schedule = onNextFrame(render, life);
  // 位置变了: 移窗口, 要更早的, 收起或显示按钮
  const settle = (current: Entries): void => {
    const { following, edges, viewHeight } = keeper;
    model.timeline.pinned = following;
    if (following) unread.clearCount();
    pill.update(!following && (unread.count > 0 || edges.below > viewHeight || !view.atEnd), unread.count);
    if (!following && view.shift(current, edges)) schedule();
    older.check(view.atStart && edges.above < viewHeight);
  };
  const jump = (): void => {
    keeper.follow();
    render();
  };

  startScrolling(context, scroller, {
    released: () => keeper.release(),
    scrolled: () => {
      keeper.scrolled(view.atEnd);
      older.rearm();
      settle(entries());
    },
    toEnd: jump,
    toStart: () => {
      keeper.release();
      view.toStart(entries());
      scroller.scrollTop = 0;
      schedule();
    },
  });
  startRowActions(context, list, rows, expanded);
  keepOnResize([scroller, list], keeper, life);
  let outgoing = model.outbox.size;
  model.outbox.changed.subscribe(() => {
    // 自己发言: 回到底部看着它
    if (model.outbox.size > outgoing) keeper.follow();
    outgoing = model.outbox.size;
    schedule();
  }, life);
  model.timeline.changed.subscribe(schedule, life);
  model.loadingOlder.subscribe(schedule, life);
  model.identity.subscribe(schedule, life);
  document.addEventListener('visibilitychange', schedule, { signal: life });
  schedule();
  return h('div', { class: 'log' }, scroller, pill.element);
}

function emptyState(): HTMLElement {
  const texts = logTexts();
  const picture = icon(LOG_ICONS.chat);
  return h('div', { class: 'log-empty' }, picture, h('p', {}, texts.emptyTitle), h('p', {}, texts.emptyHint));
}

// 图片载入, 窗口改变大小: 排版之后, 绘制之前回到原位, 看不出跳动
function keepOnResize(elements: readonly Element[], keeper: ScrollKeeper, life: AbortSignal): void {
  const observer = new ResizeObserver(() => keeper.restore());
  for (const element of elements) observer.observe(element);
  life.addEventListener('abort', () => observer.disconnect(), { once: true });
}

function createAnnouncer(scroller: HTMLElement, life: AbortSignal): (inserted: number) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  life.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return (inserted) => {
    if (inserted <= MAX_ANNOUNCED) return;
    scroller.setAttribute('aria-live', 'off');
    clearTimeout(timer);
    timer = setTimeout(() => scroller.setAttribute('aria-live', 'polite'), QUIET_MS);
  };
}
