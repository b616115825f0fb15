// 大图
import { h, type ViewContext } from '../dom.js';

export interface Lightbox {
  readonly element: HTMLElement;
  open(fileId: string): void;
}

export function createLightbox(_context: ViewContext): Lightbox {
  return { element: h('dialog', { class: 'lightbox' }), open: () => undefined };
}
