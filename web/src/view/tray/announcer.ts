// 给读屏软件的播报: 只说完成与失败, 进度一概不说
import { trayTexts } from '../../i18n/tray.js';
import type { Transfer } from '../../model/transfers.js';
import { h } from '../kit/dom.js';
import { safeName } from '../media/file-name.js';
import { reasonOf } from './progress-text.js';

export interface Announcer {
  readonly element: HTMLElement;
  /** 每次重画时给出全部传输 */
  watch(transfers: readonly Transfer[]): void;
}

export function createAnnouncer(initial: readonly Transfer[]): Announcer {
  const element = h('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  // 已经结束的; 每次换成新的集合, 所以不比列表更长
  let settled = settledIn(initial);

  const watch = (transfers: readonly Transfer[]): void => {
    const fresh = transfers.filter((item) => isSettled(item) && !settled.has(item.id));
    settled = settledIn(transfers);
    if (fresh.length === 0) return;
    const done = fresh.filter(({ state }) => state === 'done');
    const failed = fresh.filter(({ state }) => state === 'failed');
    element.textContent = [sayDone(done), sayFailed(failed)].filter((text) => text !== '').join('; ');
  };
  return { element, watch };
}

function isSettled({ state }: Transfer): boolean {
  return state === 'done' || state === 'failed';
}

function settledIn(transfers: readonly Transfer[]): ReadonlySet<string> {
  return new Set(transfers.filter(isSettled).map(({ id }) => id));
}

// 同一帧里结束了好几个: 只说个数
function sayDone(done: readonly Transfer[]): string {
  const [first] = done;
  if (first === undefined) return '';
  return done.length === 1 ? sayOneDone(first) : trayTexts().saidManyDone(done.length);
}

function sayOneDone({ name, renamedFrom }: Transfer): string {
  const texts = trayTexts();
  if (renamedFrom === undefined) return texts.saidDone(safeName(name));
  return texts.saidRenamed(safeName(name), safeName(renamedFrom));
}

function sayFailed(failed: readonly Transfer[]): string {
  const [first] = failed;
  if (first === undefined) return '';
  return failed.length === 1
    ? trayTexts().saidFailed(safeName(first.name), reasonOf(first))
    : trayTexts().saidManyFailed(failed.length);
}
