// 不是消息的行: 日期, 未读, 进出, 提示
import { logTexts } from '../../i18n/log.js';
import type { PresenceItem } from '../../model/timeline.js';
import { h } from '../kit/dom.js';
import { formatDay, formatFullTime } from '../kit/format.js';
import type { RowView } from './row-list.js';
import type { LogRow } from './rows.js';

// 一行里写出的名字; 其余只写人数
const SHOWN_NAMES = 3;

export type LineRow = Extract<LogRow, { kind: 'day' | 'unread' | 'presence' | 'notice' }>;

export function createLineRow(row: LineRow): RowView {
  const element = h('div', { class: `log-row log-${row.kind}` }, contentOf(row));
  showTitle(element, row);
  return {
    element,
    update: (next) => {
      if (next.kind !== row.kind) return false;
      element.replaceChildren(contentOf(next as LineRow));
      showTitle(element, next as LineRow);
      return true;
    },
  };
}

function contentOf(row: LineRow): HTMLElement {
  const texts = logTexts();
  if (row.kind === 'day') return h('span', {}, formatDay(row.source));
  if (row.kind === 'unread') return h('span', {}, texts.unread);
  if (row.kind === 'notice') {
    return h('span', {}, row.source.notice === 'gap' ? texts.gap : texts.historyLost);
  }
  return presenceOf(row.source);
}

function presenceOf({ joined, joinedCount, left, leftCount }: PresenceItem): HTMLElement {
  const texts = logTexts();
  const parts = [
    ...crowd(joined, joinedCount, texts.joined),
    joinedCount > 0 && leftCount > 0 && ', ',
    ...crowd(left, leftCount, texts.left),
  ];
  return h('span', {}, ...parts);
}

function crowd(
  names: readonly string[],
  count: number,
  verb: (count: number, named: number) => string,
): (Node | string)[] {
  if (count === 0) return [];
  // 记不下名字的人只有人数 (model/presence-fold.ts), 那时 verb 自己成句
  // bdi: 从右到左的名字不打乱前后的文字
  const shown = names.slice(0, SHOWN_NAMES).map((name) => h('bdi', {}, name));
  const listed = shown.flatMap((name, index) => (index === 0 ? [name] : [', ', name]));
  return [...listed, verb(count, shown.length)];
}

function showTitle(element: HTMLElement, row: LineRow): void {
  if (row.kind !== 'presence') return;
  const { joined, left, time } = row.source;
  const names = [...joined, ...left].join(', ');
  element.title = names === '' ? formatFullTime(time) : `${formatFullTime(time)}\n${names}`;
}
