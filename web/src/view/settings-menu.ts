// 设置: 主题, 语言, 通知, 退出
import { h, type ViewContext } from './dom.js';

export function createSettingsMenu(_context: ViewContext): HTMLElement {
  return h('div', { class: 'settings' });
}
