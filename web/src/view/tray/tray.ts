// 传输列表: 输入区上方, 每个文件一行; 没有传输时不占地方, 但列表仍在无障碍树里
import { trayTexts } from '../../i18n/tray.js';
import { h, onNextFrame, type ViewContext } from '../kit/dom.js';
import { placeChildren } from '../kit/keyed-list.js';
import { createAnnouncer } from './announcer.js';
import { DoneExpiry } from './expiry.js';
import { rememberFocus, restoreFocus } from './focus-keeper.js';
import { createHeader } from './header.js';
import { createLeaveGuard } from './leave-guard.js';
import { createRow, type TrayRow } from './row.js';
import { Batch, chooseRows, summarize } from './summary.js';

export function createTray(context: ViewContext): HTMLElement {
  const { model, actions, life } = context;
  const texts = trayTexts();
  const list = h('ul', { class: 'tray-list', 'aria-label': texts.list, role: 'list' });
  const more = h('p', { class: 'tray-more', hidden: true });
  const body = h('div', { class: 'tray-body-box', id: 'tray-body' }, list, more);
  const header = createHeader(context, body);
  const announcer = createAnnouncer(model.transfers.items);
  const section = h(
    'section',
    { class: 'tray', 'aria-label': texts.section },
    header.element,
    body,
    announcer.element,
  );
  let rows: ReadonlyMap<string, TrayRow> = new Map();
  const batch = new Batch();

  const render = (): void => {
    const all = model.transfers.items;
    const visible = expiry.visible(all);
    const chosen = chooseRows(visible);
    const place = rememberFocus(section, rows);
    // 每次换成新的 Map: 不画的行随即放掉
    const next = new Map<string, TrayRow>();
    for (const transfer of chosen) {
      const row = rows.get(transfer.id) ?? createRow(transfer, actions);
      row.update(transfer, model.offers.get(transfer.fileId ?? '')?.url);
      next.set(transfer.id, row);
    }
    rows = next;
    placeChildren(
      list,
      [...next.values()].map(({ element }) => element),
    );
    header.update(summarize(all, batch.doneBytes(all, model.transfers.finishedBytes)), visible);
    more.hidden = visible.length <= chosen.length;
    more.textContent = texts.more(visible.length - chosen.length);
    section.classList.toggle('empty', visible.length === 0);
    restoreFocus(place, rows, header.toggle);
    announcer.watch(all);
  };
  const redraw = onNextFrame(render, life);
  const expiry = new DoneExpiry(redraw, life);
  model.transfers.changed.subscribe(redraw, life);
  model.offers.changed.subscribe(redraw, life);
  createLeaveGuard(model, life);
  render();
  return section;
}
