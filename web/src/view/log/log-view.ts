// 聊天记录
import { h, type ViewContext } from '../dom.js';

export function createLog(_context: ViewContext, _openImage: (fileId: string) => void): HTMLElement {
  return h('div', { class: 'log', role: 'log', 'aria-label': '聊天记录' });
}
