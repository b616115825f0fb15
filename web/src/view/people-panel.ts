// 在线用户
import { h, type ViewContext } from './dom.js';

export function createPeoplePanel(_context: ViewContext): HTMLElement {
  return h('section', { class: 'people' });
}
