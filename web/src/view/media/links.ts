// 文件的链接: 页面上只用路径, 因为 url 里的主机是服务器以为的, 与打开页面的地址可能不同, CSP 也只许本站
import type { FileBroadcast } from '../../../../src/protocol/messages.js';

/** 绝对链接里的路径; 不是 http(s), 或会被浏览器当成别的主机 (//evil) 时为 undefined */
export function pagePath(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return /^\/(?!\/)/.test(pathname) ? pathname : undefined;
}

export function filePath(file: Pick<FileBroadcast, 'url'>): string | undefined {
  return pagePath(file.url);
}

export function thumbPath(file: FileBroadcast): string | undefined {
  return file.thumbUrl === undefined ? undefined : pagePath(file.thumbUrl);
}

/** 一律作附件的链接 */
export function downloadPath(file: Pick<FileBroadcast, 'url'>): string | undefined {
  const path = filePath(file);
  return path === undefined ? undefined : `${path}?download=1`;
}

/** 能缩略的位图, 尺寸已知: 可以预留位置, 也可以看大图 */
export function isPicture(file: FileBroadcast): boolean {
  const { thumbUrl, width, height } = file;
  return thumbUrl !== undefined && isSide(width) && isSide(height) && filePath(file) !== undefined;
}

/** JPEG 没有透明; 其余的位图都可能有 */
export function maybeTransparent({ mimeType }: FileBroadcast): boolean {
  return mimeType !== 'image/jpeg';
}

function isSide(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value) && value >= 1;
}

/** 浏览器会直接打开而不是下载的 (服务器的 inline 名单里最要紧的几类) */
export function opensInPage(mimeType: string): boolean {
  return /^(?:image\/(?!svg)|audio\/|video\/|text\/plain)/.test(mimeType);
}
