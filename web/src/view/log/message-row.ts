// 一条消息的页面: 头像, 名字与时间, 气泡, 发送状态; 从发送中到已确认是同一个元素
import { logTexts } from '../../i18n/log.js';
import type { Outgoing } from '../../model/outbox.js';
import type { RoomMessage } from '../../model/timeline.js';
import { h, icon } from '../kit/dom.js';
import { formatFullTime, formatTime } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { avatar } from '../kit/person.js';
import { createAttachment } from '../media/attachment.js';
import { LOG_ICONS } from './log-icons.js';
import { createText } from './message-text.js';
import type { RowView } from './row-list.js';
import type { LogRow } from './rows.js';
import { isFewEmoji } from './tokens.js';

/** 各行共用的, 只造一次 */
export interface RowTools {
  readonly openImage: (fileId: string) => void;
  /** 展开过的长消息, 移出窗口再回来仍是展开的 */
  readonly expanded: ReadonlySet<string>;
}

export type TalkRow = Extract<LogRow, { kind: 'message' | 'outgoing' }>;

export function isTalk(row: LogRow): row is TalkRow {
  return row.kind === 'message' || row.kind === 'outgoing';
}

/** 复制用的文字; 文件消息是文件名 */
export function textOf(row: TalkRow): string {
  const content = contentOf(row);
  return 'message' in content ? content.message : content.originalName;
}

export function createMessageRow(row: TalkRow, tools: RowTools): RowView {
  const bubble = h('div', { class: bubbleClass(row) }, contentElement(row, tools));
  const side = h('div', { class: 'log-side' });
  const line = h('div', { class: 'log-line' }, bubble, side);
  const stack = h('div', { class: 'log-stack' }, line);
  const element = h('div', {}, stack);
  const show = (next: TalkRow): void => {
    element.className = classOf(next);
    bubble.title = formatFullTime(next.source.time);
    side.replaceChildren(...sideOf(next));
    stack.replaceChildren(...headOf(next), line, ...troubleOf(next));
    element.replaceChildren(...avatarOf(next), stack);
  };
  show(row);
  return {
    element,
    update: (next) => {
      // 正文不变才沿用; 文件消息没有发送中的样子
      if (!isTalk(next) || textOf(next) !== textOf(row)) return false;
      show(next);
      return true;
    },
  };
}

function contentOf(row: TalkRow): RoomMessage | Outgoing {
  return row.kind === 'message' ? row.source.message : row.source;
}

function contentElement(row: TalkRow, tools: RowTools): HTMLElement {
  const content = contentOf(row);
  if (!('message' in content)) return createAttachment(content, tools.openImage);
  return createText(content.message, tools.expanded.has(row.key));
}

function classOf(row: TalkRow): string {
  const content = contentOf(row);
  const parts = ['log-row', 'log-message'];
  if (row.mine) parts.push('log-mine');
  if (row.first) parts.push('log-first');
  if (!('message' in content)) parts.push('log-file');
  if ('state' in content) parts.push(`log-${content.state}`);
  return parts.join(' ');
}

function bubbleClass(row: TalkRow): string {
  const content = contentOf(row);
  return 'message' in content && isFewEmoji(content.message) ? 'log-bubble log-emoji' : 'log-bubble';
}

// 自己的不画头像
function avatarOf(row: TalkRow): HTMLElement[] {
  const shown = row.first && !row.mine && row.kind === 'message';
  return shown ? [avatar(row.source.message.name)] : [];
}

function headOf(row: TalkRow): HTMLElement[] {
  if (!row.first) return [];
  // 自己的名字只念不画
  const own = row.mine || row.kind === 'outgoing';
  const name = own
    ? h('span', { class: 'sr-only' }, logTexts().me)
    : h('bdi', { class: 'log-name', dir: 'auto' }, row.source.message.name);
  return [h('div', { class: 'log-head' }, name, ...tagElements(row), timeElement(row))];
}

// 这个名字在上面是另一个人
function tagElements(row: TalkRow): HTMLElement[] {
  if (row.kind !== 'message' || row.tag === undefined) return [];
  return [h('span', { class: 'log-tag', title: logTexts().otherHands(row.tag) }, `#${row.tag}`)];
}

// 每组第一条的时间在名字旁边, 其余的悬停才显示
function sideOf(row: TalkRow): HTMLElement[] {
  const time = row.first ? [] : [timeElement(row)];
  return row.mine ? [statusElement(row), ...time] : time;
}

function timeElement(row: TalkRow): HTMLElement {
  return h('time', { class: 'log-time' }, formatTime(row.source.time));
}

function statusElement(row: TalkRow): HTMLElement {
  const texts = logTexts();
  const [label, path] =
    row.kind === 'message'
      ? [texts.sent, ICONS.check]
      : row.source.state === 'failed'
        ? [texts.failed, ICONS.alert]
        : [texts.sending, LOG_ICONS.clock];
  const status = h('span', { class: 'log-status', role: 'img', 'aria-label': label, title: label });
  status.append(icon(path));
  return status;
}

// 还没有发出去的: 为什么, 能做什么
function troubleOf(row: TalkRow): HTMLElement[] {
  if (row.kind !== 'outgoing' || row.source.state === 'sending') return [];
  const { error, state } = row.source;
  const texts = logTexts();
  const reason = error === undefined ? '' : `: ${texts.failure(error.code, error.message)}`;
  const note = state === 'waiting' ? texts.waiting : texts.failed;
  const retry = h('button', { type: 'button', class: 'quiet', 'data-action': 'retry' }, texts.retry);
  const discard = h('button', { type: 'button', class: 'quiet', 'data-action': 'discard' }, texts.discard);
  const message = h('span', { class: 'log-reason' }, `${note}${reason}`);
  // 两个按钮换行也在一起; 会自动再发的不必重试
  const choices = h('span', {}, ...(state === 'waiting' ? [] : [retry]), discard);
  return [h('div', { class: 'log-failure' }, message, choices)];
}
