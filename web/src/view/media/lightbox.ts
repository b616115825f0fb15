// 大图: 模态对话框, 在 model.files 的图片之间按时间前后翻
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h, iconButton, type ViewContext } from '../dom.js';
import { formatBytes, formatFullTime } from '../format.js';
import { ICONS } from '../icons.js';
import { copyLinkButton } from './copy-link.js';
import { downloadLink } from './facts.js';
import { fileName, safeName } from './file-name.js';
import { listenKeys } from './lightbox-keys.js';
import { filePath, isPicture } from './links.js';
import { Stage } from './stage.js';

export interface Lightbox {
  readonly element: HTMLElement;
  open(fileId: string): void;
}

const ZOOM_STEP = 1.4;
// 相邻的图先取来; 太大的等用户真的翻到
const PRELOAD_BYTES = 8 * 1024 * 1024;

export function createLightbox(context: ViewContext): Lightbox {
  const { model, actions, life } = context;
  const texts = mediaTexts();
  let current: FileBroadcast | undefined;

  const percent = h('span', { class: 'lightbox-percent' });
  const caption = h('div', { class: 'lightbox-caption', 'aria-live': 'polite' });
  const position = h('span', { class: 'lightbox-position' });
  const fileTools = h('div', { class: 'lightbox-tools' });
  const previous = iconButton(ICONS.left, texts.previous, 'lightbox-step lightbox-previous');
  const next = iconButton(ICONS.right, texts.next, 'lightbox-step lightbox-next');
  const zoomOut = iconButton(ICONS.minus, texts.zoomOut);
  const zoomIn = iconButton(ICONS.plus, texts.zoomIn);
  const fit = h(
    'button',
    { type: 'button', class: 'lightbox-fit', 'aria-label': texts.fit, title: texts.fit },
    percent,
  );
  const close = iconButton(ICONS.close, texts.close);
  const zoomTools = h('div', { class: 'lightbox-tools lightbox-zoom' }, zoomOut, fit, zoomIn);
  const stage = new Stage(
    {
      zoomChanged: (value) => {
        percent.textContent = `${value} %`;
      },
      swipe: (direction) => (direction === 'down' ? dialog.close() : step(direction === 'left' ? 1 : -1)),
      backdrop: () => dialog.close(),
    },
    life,
  );
  const dialog = h(
    'dialog',
    { class: 'lightbox', 'aria-label': texts.viewer },
    h('div', { class: 'lightbox-bar' }, caption, zoomTools, fileTools, close),
    stage.element,
    previous,
    next,
    position,
  );

  function step(offset: number): void {
    const pictures = chronological(context);
    const index = pictures.findIndex(({ id }) => id === current?.id);
    const target = pictures[index + offset];
    if (index >= 0 && target !== undefined) show(target);
  }

  function show(file: FileBroadcast): void {
    current = file;
    caption.replaceChildren(...captionOf(file));
    const link = downloadLink(file);
    fileTools.replaceChildren(copyLinkButton(file.url, safeName(file.originalName)), ...(link ? [link] : []));
    stage.show(file);
    updateSteps();
  }

  function updateSteps(): void {
    if (current === undefined) return;
    const pictures = chronological(context);
    const index = pictures.findIndex(({ id }) => id === current?.id);
    previous.disabled = index <= 0;
    next.disabled = index < 0 || index === pictures.length - 1;
    position.textContent =
      pictures.length > 1 && index >= 0 ? texts.position(index + 1, pictures.length) : '';
    for (const neighbour of [pictures[index - 1], pictures[index + 1]]) if (neighbour) preload(neighbour);
    // 翻到最早的一张: 服务器那里可能还有
    if (index === 0 && model.files.more && !model.loadingFiles.get()) actions.loadMoreFiles();
  }

  const options = { signal: life };
  previous.addEventListener('click', () => step(-1), options);
  next.addEventListener('click', () => step(1), options);
  zoomOut.addEventListener('click', () => stage.scale(1 / ZOOM_STEP), options);
  zoomIn.addEventListener('click', () => stage.scale(ZOOM_STEP), options);
  fit.addEventListener('click', () => stage.fit(), options);
  close.addEventListener('click', () => dialog.close(), options);
  listenKeys(dialog, { stage, step, zoomStep: ZOOM_STEP }, life);
  dialog.addEventListener(
    'close',
    () => {
      current = undefined;
      stage.clear();
    },
    options,
  );
  model.files.changed.subscribe(updateSteps, life);
  // 换语言时整个界面重建: 模态状态不能留在拆掉的元素上
  life.addEventListener('abort', () => dialog.close(), { once: true });

  const open = (fileId: string): void => {
    const file = findPicture(context, fileId);
    if (file === undefined) return;
    if (!dialog.open) dialog.showModal();
    // 先打开再显示: 舞台有了大小才算得出比例
    show(file);
    close.focus();
  };
  return { element: dialog, open };
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
  new Image().src = path;
}
