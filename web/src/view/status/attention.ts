// 页面在后台时引起注意: 标题里的未读条数, 与桌面通知
import { peopleTexts } from '../../i18n/people.js';
import { shellTexts } from '../../i18n/shell.js';
import type { MessageItem, RoomMessage } from '../../model/timeline.js';
import type { ViewContext } from '../kit/dom.js';

// 通知里的正文至多这么多字
const MAX_BODY = 120;
// 两条通知至少隔这么久 (毫秒)
const MIN_INTERVAL_MS = 2000;

/** 副作用: 改 document.title; 语言换了要随界面重新开始 */
export function startAttention({ model, life }: ViewContext): void {
  let unread = 0;
  let notifiedAt = Number.NEGATIVE_INFINITY;
  const onArrived = ({ message }: MessageItem): void => {
    if (!document.hidden || message.name === model.identity.get()?.name) return;
    unread += 1;
    showTitle(unread);
    if (!model.preferences.notifications.get() || Date.now() - notifiedAt < MIN_INTERVAL_MS) return;
    notifiedAt = Date.now();
    notify(message);
  };
  const onVisibility = (): void => {
    if (document.hidden) return;
    unread = 0;
    showTitle(unread);
  };
  model.timeline.arrived.subscribe(onArrived, life);
  document.addEventListener('visibilitychange', onVisibility, { signal: life });
  showTitle(unread);
}

function showTitle(unread: number): void {
  const { brand } = shellTexts();
  document.title = unread === 0 ? brand : `(${unread}) ${brand}`;
}

function notify(message: RoomMessage): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  try {
    // 同一个 tag: 新的顶替旧的, 不堆成一摞
    const notification = new Notification(message.name, {
      body: bodyOf(message),
      tag: 'sluice',
      icon: 'favicon.svg',
    });
    notification.addEventListener('click', () => {
      window.focus();
      notification.close();
    });
  } catch {
    // 安卓的 Chrome 不许页面直接造通知, 会抛 TypeError; 标题里仍有条数
  }
}

function bodyOf(message: RoomMessage): string {
  const text = message.type === 'file' ? peopleTexts().file(message.originalName) : message.message;
  // 按字符切, 不切开一个代理对
  const characters = [...text.slice(0, MAX_BODY * 2)];
  return characters.length > MAX_BODY ? `${characters.slice(0, MAX_BODY).join('')}...` : text;
}
