// 一条搜索结果: 谁, 何时, 命中的一段; 点了就到那里去

import { kindOf } from '../../../../src/protocol/file-kind.js';
import { searchTexts } from '../../i18n/search.js';
import type { Going } from '../../model/search.js';
import type { RoomMessage } from '../../model/timeline.js';
import { h } from '../kit/dom.js';
import { formatBytes, formatFullTime, formatShortDate, formatTime, startOfDay } from '../kit/format.js';
import { avatar } from '../kit/person.js';
import { downloadLink } from '../media/facts.js';
import { safeName } from '../media/file-name.js';
import { kindIcon } from '../media/kind-icons.js';
import { type Piece, piecesOf, snippetOf } from './snippet.js';

export interface ResultRow {
  readonly element: HTMLElement;
  readonly seq: number;
  /** 正在去的, 或刚到的一条; 是别的一条时这里复原 */
  update(going: Going | undefined): void;
}

/** words: 要标出的, 已折叠 */
export function createResultRow(
  message: RoomMessage,
  words: readonly string[],
  go: (seq: number) => void,
): ResultRow {
  const { seq } = message;
  const note = h('span', { class: 'search-note' });
  const time = h('time', { class: 'search-time', title: formatFullTime(message.time) }, timeOf(message.time));
  const name = h('bdi', { class: 'search-name', dir: 'auto' }, message.name);
  const button = h(
    'button',
    { type: 'button', class: 'search-go', title: searchTexts().goThere(message.name, timeOf(message.time)) },
    h('span', { class: 'search-head' }, name, time),
    contentOf(message, words),
    note,
  );
  button.addEventListener('click', () => go(seq));
  const link = message.type === 'file' && downloadLink(message, 'search-download');
  const face =
    message.type === 'file' ? kindIcon(kindOf(message.mimeType, message.originalName)) : avatar(message.name);
  const element = h('li', { class: `search-row search-${message.type}` }, face, button, link);
  return {
    element,
    seq,
    update: (going) => {
      const mine = going?.seq === seq ? going : undefined;
      // 到了的那一条一直标着: 一条一条看时知道看到哪里
      if (mine === undefined) button.removeAttribute('aria-current');
      else button.setAttribute('aria-current', 'true');
      note.textContent = noteOf(mine);
    },
  };
}

function contentOf(message: RoomMessage, words: readonly string[]): HTMLElement {
  if (message.type === 'text') {
    return h('span', { class: 'search-snippet', dir: 'auto' }, ...marked(snippetOf(message.message, words)));
  }
  const name = h(
    'span',
    { class: 'search-snippet', dir: 'auto' },
    ...marked(piecesOf(safeName(message.originalName), words)),
  );
  return h('span', {}, name, h('span', { class: 'search-size' }, formatBytes(message.size)));
}

// 用户的文字只经文字节点进入页面
function marked(pieces: readonly Piece[]): (Node | string)[] {
  return pieces.map(({ text, hit }) => (hit ? h('mark', {}, text) : text));
}

function noteOf(going: Going | undefined): string {
  const texts = searchTexts();
  const notes: Readonly<Record<Going['state'], string>> = {
    loading: texts.going,
    arrived: '',
    gone: texts.gone,
    failed: texts.notThere,
  };
  return going === undefined ? '' : notes[going.state];
}

function timeOf(time: number): string {
  const isToday = startOfDay(time) === startOfDay(Date.now());
  return isToday ? formatTime(time) : `${formatShortDate(time)} ${formatTime(time)}`;
}
