// 一条文件消息里的附件: 图片, 音频, 视频, 或一张卡片

import { kindOf } from '../../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h } from '../kit/dom.js';
import { copyLinkButton } from './copy-link.js';
import { downloadLink, sizeAndType } from './facts.js';
import { fileName, safeName } from './file-name.js';
import { displayBox, fitsOverlay } from './fit.js';
import { kindIcon } from './kind-icons.js';
import { filePath, isPicture, maybeTransparent, thumbPath } from './links.js';

/** 大小在放进页面时已定: 图片与视频到了之后不挤动别的消息。监听都挂在自己的元素上, 随它一起回收 */
export function createAttachment(file: FileBroadcast, openImage: (fileId: string) => void): HTMLElement {
  const element = h('div', { class: 'attachment' });
  // 解不开的图与媒体都退回卡片, 仍可以下载
  const fallBack = (): void => element.replaceChildren(card(file));
  element.append(content(file, openImage, fallBack));
  return element;
}

function content(
  file: FileBroadcast,
  openImage: (fileId: string) => void,
  fallBack: () => void,
): HTMLElement {
  if (isPicture(file)) return picture(file, openImage, fallBack);
  // 只信 MIME (服务器按内容认的): 只是名字像 .mp4 的放不出来
  const kind = /^(audio|video)\//.exec(file.mimeType)?.[1];
  const src = filePath(file);
  if ((kind !== 'audio' && kind !== 'video') || src === undefined) return card(file);
  return player(file, kind, src, fallBack);
}

function picture(
  file: FileBroadcast,
  openImage: (fileId: string) => void,
  fallBack: () => void,
): HTMLElement {
  const name = safeName(file.originalName);
  const box = displayBox({ width: file.width ?? 1, height: file.height ?? 1 });
  const image = h('img', {
    ...box,
    alt: name,
    loading: 'lazy',
    decoding: 'async',
    class: maybeTransparent(file) ? 'attachment-image backed' : 'attachment-image',
  });
  // 属性给的比例只管到图来之前, 这里的一直有效; 框有 64 的下限, 比例与图可能不同
  image.style.setProperty('aspect-ratio', `${box.width} / ${box.height}`);
  image.addEventListener('load', () => image.classList.add('loaded'), { once: true });
  image.addEventListener('error', fallBack, { once: true });
  // 监听之后才给地址: 缓存里的图可能立即完成
  image.setAttribute('src', thumbPath(file) ?? filePath(file) ?? '');
  const button = h(
    'button',
    { type: 'button', class: 'attachment-open', 'aria-label': mediaTexts().openImage(name) },
    image,
  );
  button.addEventListener('click', () => openImage(file.id));
  // 小图上按钮会盖住整张图, 鼠标就点不开了; 大图里有同样的按钮
  const over = fitsOverlay(box) && h('div', { class: 'attachment-over' }, ...tools(file));
  return h('div', { class: 'attachment-picture' }, button, over);
}

function player(
  file: FileBroadcast,
  kind: 'audio' | 'video',
  src: string,
  fallBack: () => void,
): HTMLElement {
  const common = { controls: true, preload: 'metadata', 'aria-label': safeName(file.originalName) };
  const media = h(kind, kind === 'video' ? { ...common, playsinline: true } : common);
  media.addEventListener('error', () => {
    // 播到一半断线 (服务器重启) 不算放不了: 留着播放器, 用户再点就接着取
    if (media.error?.code !== MediaError.MEDIA_ERR_NETWORK) fallBack();
  });
  media.setAttribute('src', src);
  return h(
    'div',
    { class: `attachment-${kind}` },
    media,
    h('div', { class: 'attachment-bar' }, kind === 'audio' && kindIcon(kind), summary(file), ...tools(file)),
  );
}

function card(file: FileBroadcast): HTMLElement {
  const kind = kindOf(file.mimeType, file.originalName);
  return h('div', { class: 'attachment-card' }, kindIcon(kind), summary(file), ...tools(file));
}

function summary(file: FileBroadcast): HTMLElement {
  return h(
    'div',
    { class: 'attachment-summary' },
    fileName(file.originalName),
    h('span', { class: 'attachment-facts' }, sizeAndType(file)),
  );
}

// 链接不可用 (地址读不懂) 时一个也没有
function tools(file: FileBroadcast): HTMLElement[] {
  const link = downloadLink(file, 'attachment-download');
  return link === undefined ? [] : [copyLinkButton(file.url, safeName(file.originalName)), link];
}
