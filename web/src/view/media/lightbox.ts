// 大图: 模态对话框, 在 model.files 的图片之间按时间前后翻
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h, iconButton, type ViewContext } from '../kit/dom.js';
import { formatBytes, formatFullTime } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { copyLinkButton } from './copy-link.js';
import { downloadLink } from './facts.js';
import { fileName, safeName } from './file-name.js';
import { listenKeys } from './lightbox-keys.js';
import { filePath, isPicture } from './links.js';
import { Stage } from './stage.js';

export interface Lightbox {
  readonly element: HTMLDialogElement;
  open(fileId: string): void;
}

const ZOOM_STEP = 1.4;
// 相邻的图先取来; 太大的等用户真的翻到
const PRELOAD_BYTES = 8 * 1024 * 1024;

export function createLightbox(context: ViewContext): Lightbox {
  const viewer = new Viewer(context);
  return { element: viewer.element, open: (fileId) => viewer.open(fileId) };
}

class Viewer {
  readonly element: HTMLDialogElement;
  readonly #context: ViewContext;
  readonly #stage: Stage;
  readonly #caption = h('div', { class: 'lightbox-caption', 'aria-live': 'polite' });
  readonly #position = h('span', { class: 'lightbox-position' });
  readonly #fileTools = h('div', { class: 'lightbox-tools' });
  readonly #fit = h('button', { type: 'button', class: 'lightbox-fit', title: mediaTexts().fit });
  readonly #previous = iconButton(ICONS.left, mediaTexts().previous, 'lightbox-step lightbox-previous');
  readonly #next = iconButton(ICONS.right, mediaTexts().next, 'lightbox-step lightbox-next');
  readonly #close = iconButton(ICONS.close, mediaTexts().close);
  #current: FileBroadcast | undefined;

  constructor(context: ViewContext) {
    const { model, life } = context;
    this.#context = context;
    this.#stage = new Stage(
      {
        zoomChanged: (percent) => this.#showPercent(percent),
        swipe: (direction) => this.#swipe(direction),
        backdrop: () => this.element.close(),
      },
      life,
    );
    this.element = h(
      'dialog',
      { class: 'lightbox', 'aria-label': mediaTexts().viewer },
      h('div', { class: 'lightbox-bar' }, this.#caption, this.#zoomTools(), this.#fileTools, this.#close),
      this.#stage.element,
      this.#previous,
      this.#next,
      this.#position,
    );
    this.#listen();
    model.files.changed.subscribe(() => this.#updateSteps(), life);
    // 换语言时整个界面重建: 模态状态不能留在拆掉的元素上
    life.addEventListener('abort', () => this.element.close(), { once: true });
  }

  /** 不是图片, 或已经找不到的不打开 */
  open(fileId: string): void {
    const file = findPicture(this.#context, fileId);
    if (file === undefined) return;
    if (!this.element.open) this.element.showModal();
    // 先打开再显示: 舞台有了大小才算得出比例
    this.#show(file);
    this.#close.focus();
  }

  #zoomTools(): HTMLElement {
    const options = { signal: this.#context.life };
    const zoomOut = iconButton(ICONS.minus, mediaTexts().zoomOut);
    const zoomIn = iconButton(ICONS.plus, mediaTexts().zoomIn);
    zoomOut.addEventListener('click', () => this.#stage.scale(1 / ZOOM_STEP), options);
    zoomIn.addEventListener('click', () => this.#stage.scale(ZOOM_STEP), options);
    this.#fit.addEventListener('click', () => this.#stage.fit(), options);
    return h('div', { class: 'lightbox-tools lightbox-zoom' }, zoomOut, this.#fit, zoomIn);
  }

  #listen(): void {
    const { life } = this.#context;
    const options = { signal: life };
    const step = (offset: number): void => this.#step(offset);
    this.#previous.addEventListener('click', () => step(-1), options);
    this.#next.addEventListener('click', () => step(1), options);
    this.#close.addEventListener('click', () => this.element.close(), options);
    this.element.addEventListener('close', () => this.#closed(), options);
    const jump = (index: 0 | -1): void => this.#jump(index);
    listenKeys(this.element, { stage: this.#stage, step, jump, zoomStep: ZOOM_STEP }, life);
  }

  #swipe(direction: 'left' | 'right' | 'down'): void {
    if (direction === 'down') this.element.close();
    else this.#step(direction === 'left' ? 1 : -1);
  }

  #step(offset: number): void {
    const pictures = chronological(this.#context);
    const index = this.#indexIn(pictures);
    const target = pictures[index + offset];
    if (index >= 0 && target !== undefined) this.#show(target);
  }

  #jump(index: 0 | -1): void {
    const target = chronological(this.#context).at(index);
    if (target !== undefined && target.id !== this.#current?.id) this.#show(target);
  }

  #show(file: FileBroadcast): void {
    this.#current = file;
    const link = downloadLink(file);
    this.#caption.replaceChildren(...captionOf(file));
    this.#fileTools.replaceChildren(
      copyLinkButton(file.url, safeName(file.originalName)),
      ...(link === undefined ? [] : [link]),
    );
    this.#stage.show(file);
    this.#updateSteps();
  }

  #closed(): void {
    this.#current = undefined;
    this.#stage.clear();
  }

  #showPercent(percent: number): void {
    this.#fit.textContent = `${percent} %`;
    // 看得见的字须包含在读屏名里, 语音控制才点得中
    this.#fit.setAttribute('aria-label', `${mediaTexts().fit} ${percent} %`);
  }

  #updateSteps(): void {
    if (this.#current === undefined) return;
    const { model, actions } = this.#context;
    const pictures = chronological(this.#context);
    const index = this.#indexIn(pictures);
    this.#previous.disabled = index <= 0;
    this.#next.disabled = index < 0 || index === pictures.length - 1;
    const counted = index >= 0 && pictures.length > 1;
    this.#position.textContent = counted ? mediaTexts().position(index + 1, pictures.length) : '';
    for (const neighbour of [pictures[index - 1], pictures[index + 1]]) if (neighbour) preload(neighbour);
    // 翻到最早的一张: 服务器那里可能还有
    if (index === 0 && model.files.more && !model.loadingFiles.get()) actions.loadMoreFiles();
  }

  #indexIn(pictures: readonly FileBroadcast[]): number {
    return pictures.findIndex(({ id }) => id === this.#current?.id);
  }
}

function chronological({ model }: ViewContext): FileBroadcast[] {
  return model.files.files.filter(isPicture).reverse();
}

// 聊天里很早的图可能已被文件索引挤掉, 这时仍能打开, 只是不能前后翻
function findPicture({ model }: ViewContext, fileId: string): FileBroadcast | undefined {
  const indexed = model.files.files.find(({ id }) => id === fileId);
  if (indexed !== undefined) return isPicture(indexed) ? indexed : undefined;
  for (const item of model.timeline.items) {
    if (item.kind !== 'message' || item.message.type !== 'file' || item.message.id !== fileId) continue;
    return isPicture(item.message) ? item.message : undefined;
  }
  return undefined;
}

function captionOf(file: FileBroadcast): HTMLElement[] {
  const facts = [
    file.name,
    formatFullTime(file.time),
    `${file.width} × ${file.height}`,
    formatBytes(file.size),
  ];
  return [
    fileName(file.originalName),
    h('span', { class: 'lightbox-facts' }, ...facts.map((fact) => h('bdi', {}, fact))),
  ];
}

function preload(file: FileBroadcast): void {
  const path = filePath(file);
  if (path === undefined || file.size > PRELOAD_BYTES) return;
  // 应答是 immutable: 重复要的直接来自缓存
  new Image().src = path;
}
