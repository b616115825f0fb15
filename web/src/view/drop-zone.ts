// 整个窗口都能拖放: 拖着文件进来时盖一层说明; 拖文字不管, 照旧落进输入框
import { composerTexts } from '../i18n/composer.js';
import type { Actions } from '../model/actions.js';
import type { Model } from '../model/model.js';
import { h, icon, type ViewContext } from './dom.js';
import { collectDropped, type Dropped, MAX_DROPPED } from './dropped/dropped-files.js';
import { ICONS } from './icons.js';

/** 放在界面的最外层; 只在聊天界面里有 */
export function createDropZone(context: ViewContext): HTMLElement {
  const texts = composerTexts();
  const card = h('div', { class: 'drop-card' });
  card.append(icon(ICONS.attach), h('p', {}, texts.dropHere), h('p', {}, texts.dropHint));
  const overlay = h('div', { class: 'drop-zone', hidden: true }, card);
  listen(context, overlay);
  return overlay;
}

function listen({ model, actions, life }: ViewContext, overlay: HTMLElement): void {
  // 经过子元素时进出成对地发, 数到零才是真的离开了窗口
  let depth = 0;
  const show = (value: number): void => {
    depth = Math.max(0, value);
    overlay.hidden = depth === 0;
  };
  const on = (
    name: 'dragenter' | 'dragover' | 'dragleave' | 'drop',
    act: (data: DataTransfer) => void,
  ): void => {
    const listener = (event: DragEvent): void => {
      const data = event.dataTransfer;
      if (data === null || !data.types.includes('Files')) return;
      // 不拦下来, 浏览器会离开本页去打开这个文件
      event.preventDefault();
      act(data);
    };
    window.addEventListener(name, listener, { signal: life });
  };
  on('dragenter', () => show(depth + 1));
  on('dragleave', () => show(depth - 1));
  on('dragover', (data) => {
    data.dropEffect = 'copy';
  });
  on('drop', (data) => {
    show(0);
    // collectDropped 不拒绝: 读不了的计在 unreadable 里
    void collectDropped(data).then((dropped) => deliver(model, actions, dropped));
  });
}

function deliver(model: Model, actions: Actions, { files, tooMany, unreadable }: Dropped): void {
  const texts = composerTexts();
  const complain = (text: string): void => model.toasts.emit({ kind: 'error', text });
  if (tooMany) complain(texts.tooManyFiles(MAX_DROPPED));
  if (unreadable > 0) complain(texts.unreadable(unreadable));
  if (files.length > 0) actions.sendFiles(files);
  else if (!tooMany && unreadable === 0) complain(texts.emptyFolder);
}
