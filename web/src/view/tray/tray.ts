// 传输列表
import { h, type ViewContext } from '../dom.js';

export function createTray(_context: ViewContext): HTMLElement {
  return h('section', { class: 'tray' });
}
