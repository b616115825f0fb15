// 文件面板的一行: 缩略图或图标, 名字, 发送者, 大小, 时间, 下载与复制链接

import { kindOf } from '../../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h } from '../kit/dom.js';
import { formatBytes, formatFullTime, formatShortDate } from '../kit/format.js';
import { copyLinkButton } from '../media/copy-link.js';
import { downloadLink } from '../media/facts.js';
import { fileName, safeName } from '../media/file-name.js';
import { kindIcon } from '../media/kind-icons.js';
import { downloadPath, filePath, isPicture, opensInPage, thumbPath } from '../media/links.js';

/** 文件发布之后不再变, 所以一行建好就不用更新 */
export function createFileRow(file: FileBroadcast, openImage: (fileId: string) => void): HTMLElement {
  const link = downloadLink(file);
  return h(
    'li',
    { class: 'files-row' },
    isPicture(file) ? thumbnail(file, openImage) : kindIcon(kindOf(file.mimeType, file.originalName)),
    h('div', { class: 'files-body' }, nameLink(file), facts(file)),
    link && h('div', { class: 'files-tools' }, copyLinkButton(file.url, safeName(file.originalName)), link),
  );
}

function thumbnail(file: FileBroadcast, openImage: (fileId: string) => void): HTMLElement {
  const image = h('img', { alt: '', width: 40, height: 40, loading: 'lazy', decoding: 'async' });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'files-thumb',
      'aria-label': mediaTexts().openImage(safeName(file.originalName)),
    },
    image,
  );
  // 缩略图做不出来: 只换图标, 大图仍可以试
  // 透明的衬底等图到了才有: 不先闪一块浅色
  image.addEventListener('load', () => image.classList.add('loaded'), { once: true });
  image.addEventListener('error', () => button.replaceChildren(kindIcon('image')), { once: true });
  image.setAttribute('src', thumbPath(file) ?? '');
  button.addEventListener('click', () => openImage(file.id));
  return button;
}

// 浏览器能直接看的在新标签页打开, 聊天不中断; 其余的点了就是下载
function nameLink(file: FileBroadcast): HTMLElement {
  const opens = opensInPage(file.mimeType);
  const href = opens ? filePath(file) : downloadPath(file);
  const name = fileName(file.originalName);
  if (href === undefined) return name;
  const attributes = opens ? { target: '_blank', rel: 'noopener' } : { download: file.originalName };
  return h('a', { href, class: 'files-name', ...attributes }, name);
}

function facts(file: FileBroadcast): HTMLElement {
  const time = h(
    'time',
    { datetime: new Date(file.time).toISOString(), title: formatFullTime(file.time) },
    briefDate(file.time),
  );
  const sender = h('bdi', { class: 'files-sender', title: file.name }, file.name);
  // 大小与时间一组: 名字长时整组折到下一行, 名字不为它们截断
  const rest = h('span', { class: 'files-rest' }, h('span', {}, formatBytes(file.size)), time);
  return h('span', { class: 'files-facts' }, sender, rest);
}

// 侧栏很窄: 今年的不写年份, 地方让给发送者; 两种语言的写法里年份都在一头
function briefDate(time: number): string {
  const year = String(new Date().getFullYear());
  return formatShortDate(time)
    .replace(new RegExp(`^${year}/`), '')
    .replace(new RegExp(`/${year}$`), '');
}
