// 文件的一行说明与下载链接; 卡片, 播放器, 文件面板共用

import { kindOf, shortType } from '../../../../src/protocol/file-kind.js';
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { mediaTexts } from '../../i18n/media.js';
import { h, icon } from '../kit/dom.js';
import { formatBytes } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { safeName } from './file-name.js';
import { downloadPath } from './links.js';

/** 12.3 MB · PDF */
export function sizeAndType(file: FileBroadcast): string {
  return `${formatBytes(file.size)} · ${typeName(file)}`;
}

export function typeName(file: FileBroadcast): string {
  const type = shortType(file.originalName);
  return type ?? mediaTexts()[`kind_${kindOf(file.mimeType, file.originalName)}`];
}

/** 链接不可用时没有 */
export function downloadLink(file: FileBroadcast, className = ''): HTMLAnchorElement | undefined {
  const href = downloadPath(file);
  if (href === undefined) return undefined;
  const texts = mediaTexts();
  const name = safeName(file.originalName);
  const link = h('a', {
    href,
    // 名字由服务器的 Content-Disposition 定, 这里的只是后备
    download: file.originalName,
    class: `icon-button ${className}`.trim(),
    'aria-label': texts.download(name),
    title: texts.downloadShort,
  });
  link.append(icon(ICONS.download));
  return link;
}
