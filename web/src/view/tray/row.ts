// 传输列表的一行: 建一次, 之后只改有变化的部分

import { kindOf } from '../../../../src/protocol/file-kind.js';
import { trayTexts } from '../../i18n/tray.js';
import type { Actions } from '../../model/actions.js';
import type { Transfer } from '../../model/transfers.js';
import { h, icon } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { copyLinkButton } from '../media/copy-link.js';
import { fileName, safeName } from '../media/file-name.js';
import { kindIcon } from '../media/kind-icons.js';
import { describeTransfer, fractionOf } from './progress-text.js';
import { actionButton, verbsOf } from './row-actions.js';

// progress 的分度: 一行几百像素, 更细看不出, 也省下无谓的重画
const STEPS = 1000;

export interface TrayRow {
  readonly element: HTMLElement;
  /** link: 已经可以给别人的链接 (绝对); 还没有时不给 */
  update(transfer: Transfer, link?: string): void;
}

export function createRow(first: Transfer, actions: Actions): TrayRow {
  const progress = h('progress', { class: 'tray-progress', max: STEPS, value: 0 });
  const name = h('div', { class: 'tray-name' });
  const renamed = h('span', { class: 'tray-renamed', dir: 'auto' });
  const state = h('span', { class: 'tray-state' });
  const buttons = h('div', { class: 'tray-buttons' });
  const linkSlot = h('div', { class: 'tray-link' });
  const showLink = createLinkSlot(linkSlot);
  const badge = h('span', { class: 'tray-badge', 'aria-hidden': 'true' });
  const element = h(
    'li',
    { class: 'tray-row' },
    h('div', { class: 'tray-icon' }, kindIcon(kindOf('', first.name)), badge),
    h('div', { class: 'tray-body' }, name, progress, state, renamed),
    linkSlot,
    buttons,
  );
  // 模型里的一项不可变: 同一个对象就是没有变化
  let shown: Transfer | undefined;

  // 服务器可能改名: 写着名字的都跟着换
  const showName = (transfer: Transfer): void => {
    name.replaceChildren(fileName(transfer.name));
    progress.setAttribute('aria-label', trayTexts().progress(safeName(transfer.name)));
    const from = transfer.renamedFrom;
    renamed.textContent = from === undefined ? '' : trayTexts().renamed(safeName(from));
    renamed.title = renamed.textContent;
    delete buttons.dataset['verbs'];
  };

  const update = (transfer: Transfer, link?: string): void => {
    showLink(transfer, link);
    if (transfer === shown) return;
    if (transfer.name !== shown?.name || transfer.renamedFrom !== shown.renamedFrom) showName(transfer);
    showParts(state, describeTransfer(transfer));
    const value = Math.floor(fractionOf(transfer) * STEPS);
    if (progress.value !== value) progress.value = value;
    if (element.dataset['state'] !== transfer.state) {
      element.dataset['state'] = transfer.state;
      badge.replaceChildren(...badgeOf(transfer));
    }
    const verbs = verbsOf(transfer).join(' ');
    if (buttons.dataset['verbs'] !== verbs) {
      buttons.dataset['verbs'] = verbs;
      replaceButtons(
        buttons,
        verbsOf(transfer).map((verb) => actionButton(verb, transfer, actions)),
      );
    }
    shown = transfer;
  };
  update(first);
  return { element, update };
}

// 传完之后链接不变, 但不再有人报来; 文件的广播可能比这里的完成先到, 所以在动的也留着
const KEEPS_LINK: ReadonlySet<Transfer['state']> = new Set(['comparing', 'sending', 'verifying', 'done']);

function createLinkSlot(slot: HTMLElement): (transfer: Transfer, link?: string) => void {
  let shown: string | undefined;
  let shownName: string | undefined;
  return ({ state, name }, link) => {
    const kept = KEEPS_LINK.has(state) ? shown : undefined;
    const wanted = link ?? kept;
    if (wanted === shown && name === shownName) return;
    shown = wanted;
    shownName = name;
    slot.replaceChildren(...(wanted === undefined ? [] : [copyLinkButton(wanted, safeName(name))]));
  };
}

function badgeOf({ state }: Transfer): SVGSVGElement[] {
  if (state === 'done') return [icon(ICONS.check)];
  return state === 'failed' || state === 'needs_file' ? [icon(ICONS.alert)] : [];
}

// 按下的按钮 (暂停) 换成了另一个 (继续): 键盘用户的焦点留在这一行
function replaceButtons(parent: HTMLElement, buttons: readonly HTMLButtonElement[]): void {
  const focused = parent.contains(document.activeElement);
  parent.replaceChildren(...buttons);
  if (focused) buttons[0]?.focus({ preventScroll: true });
}

// 窄屏上只在分隔处换行: 85 MB/s 不拆成两行; 只有一段的 (失败的原因) 照常换行
function showParts(element: HTMLElement, text: string): void {
  if (element.textContent === text) return;
  const parts = text.split(' · ');
  if (parts.length === 1) element.textContent = text;
  else {
    element.replaceChildren(
      ...parts.flatMap((part, index) => [index > 0 ? ' · ' : '', h('span', { class: 'tray-part' }, part)]),
    );
  }
}
