// 桌面通知的开关: 打开时才请求许可; 不能用时说明为什么
import { settingsTexts } from '../../i18n/settings.js';
import type { Preferences } from '../../model/preferences.js';
import { h } from '../kit/dom.js';

type Availability = 'available' | 'blocked' | 'insecure' | 'unsupported';

export function createNotificationSwitch(preferences: Preferences, life: AbortSignal): HTMLElement {
  const texts = settingsTexts();
  const input = h('input', { type: 'checkbox', role: 'switch', 'aria-describedby': 'settings-notify-note' });
  const note = h('p', { class: 'settings-note', id: 'settings-notify-note' });

  const refresh = (): void => {
    const state = availability();
    // 开着而许可被收回: 如实显示为关
    input.checked =
      state === 'available' && Notification.permission === 'granted' && preferences.notifications.get();
    input.disabled = state === 'insecure' || state === 'unsupported';
    note.textContent = texts[state];
  };
  input.addEventListener(
    'change',
    async () => {
      const on = input.checked && (await askPermission());
      preferences.setNotifications(on);
      refresh();
    },
    { signal: life },
  );
  preferences.notifications.subscribe(refresh, life);
  // 用户可能刚在网站设置里改了许可
  window.addEventListener('focus', refresh, { signal: life });
  refresh();
  const label = h('label', { class: 'settings-switch' }, h('span', {}, texts.notifications), input);
  return h('div', { class: 'settings-group' }, label, note);
}

function availability(): Availability {
  // http 页面上 Chrome 仍有 Notification, 只是永远拒绝, 所以先看来源是否安全
  if (!window.isSecureContext) return 'insecure';
  if (!('Notification' in window)) return 'unsupported';
  return Notification.permission === 'denied' ? 'blocked' : 'available';
}

// 须在用户操作里调用; 不抛错
async function askPermission(): Promise<boolean> {
  if (availability() !== 'available') return false;
  if (Notification.permission === 'granted') return true;
  return (await Notification.requestPermission().catch(() => 'denied')) === 'granted';
}
