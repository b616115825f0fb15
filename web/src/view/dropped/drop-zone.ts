// 整个窗口都能拖放: 拖着文件进来时盖一层说明; 拖文字不管, 照旧落进输入框
import { composerTexts } from '../../i18n/composer.js';
import type { Actions } from '../../model/actions.js';
import type { Model } from '../../model/model.js';
import { h, icon, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { collectDropped, type Dropped, MAX_DROPPED } from './dropped-files.js';

// 拖着不动时 dragover 也一直发 (Firefox 每 350 毫秒); 这么久没有就是拖走了
const STALE_MS = 1500;
// Safari 经过子元素时也说没有下一个元素, 等一等, 下一个 dragover 会取消
const LEAVE_MS = 120;

/** 放在界面的最外层; 只在聊天界面里有 */
export function createDropZone(context: ViewContext): HTMLElement {
  const texts = composerTexts();
  const card = h('div', { class: 'drop-card' });
  card.append(icon(ICONS.attach), h('p', {}, texts.dropHere), h('p', {}, texts.dropHint));
  const overlay = h('div', { class: 'drop-zone', hidden: true }, card);
  listen(context, overlay);
  return overlay;
}

type DragName = 'dragenter' | 'dragover' | 'dragleave' | 'drop';

function listen({ model, actions, life }: ViewContext, overlay: HTMLElement): void {
  const visibility = createVisibility(overlay, life);
  const isOutside = watchInnerDrags(life);
  const on = (name: DragName, act: (event: DragEvent, data: DataTransfer) => void): void => {
    const listener = (event: DragEvent): void => {
      const data = event.dataTransfer;
      if (data === null || !data.types.includes('Files') || !isOutside()) return;
      // 不拦下来, 浏览器会离开本页去打开这个文件
      event.preventDefault();
      act(event, data);
    };
    window.addEventListener(name, listener, { signal: life });
  };
  on('dragenter', () => visibility.show());
  on('dragover', (_event, data) => {
    data.dropEffect = 'copy';
    visibility.show();
  });
  on('dragleave', (event) => {
    // 没有下一个元素: 离开了窗口
    if (event.relatedTarget === null) visibility.hideSoon(LEAVE_MS);
  });
  on('drop', (_event, data) => {
    visibility.hideSoon(0);
    // collectDropped 不拒绝: 读不了的计在 unreadable 里
    void collectDropped(data).then((dropped) => deliver(model, actions, dropped));
  });
}

// 不数进出的次数: 指针下的消息被移走时没有 dragleave, 数会对不上, 覆盖层就收不掉
function createVisibility(overlay: HTMLElement, life: AbortSignal) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hideSoon = (delayMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      overlay.hidden = true;
    }, delayMs);
  };
  const show = (): void => {
    if (overlay.hidden) overlay.hidden = false;
    hideSoon(STALE_MS);
  };
  life.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return { show, hideSoon };
}

// 从本页拖起的图片也带着 Files, 那不是要发送的文件
function watchInnerDrags(life: AbortSignal): () => boolean {
  let inner = false;
  const set = (value: boolean) => (): void => {
    inner = value;
  };
  window.addEventListener('dragstart', set(true), { signal: life });
  window.addEventListener('dragend', set(false), { signal: life });
  return () => !inner;
}

function deliver(model: Model, actions: Actions, { files, tooMany, unreadable }: Dropped): void {
  const texts = composerTexts();
  const complain = (text: string): void => model.toasts.emit({ kind: 'error', text });
  if (tooMany) complain(texts.tooManyFiles(MAX_DROPPED));
  if (unreadable > 0) complain(texts.unreadable(unreadable));
  if (files.length > 0) actions.sendFiles(files);
  else if (!tooMany && unreadable === 0) complain(texts.emptyFolder);
}
