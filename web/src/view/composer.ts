// 输入区
import { h, type ViewContext } from './dom.js';

export function createComposer(_context: ViewContext): HTMLElement {
  return h('form', { class: 'composer' });
}
