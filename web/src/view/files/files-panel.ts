// 文件面板
import { h, type ViewContext } from '../dom.js';

export function createFilesPanel(_context: ViewContext, _openImage: (fileId: string) => void): HTMLElement {
  return h('section', { class: 'files' });
}
