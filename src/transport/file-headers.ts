// 下载的应答头: 安全头, 显示还是附件, 文件名, 缓存
import contentDisposition from 'content-disposition';
import { isInlineType, isText } from '../files/policy.js';
import { TEXT_CHARSETS, type TextCharset } from '../protocol/messages.js';

/** 用户上传的内容: 不执行任何东西, 即使被直接打开; 也不许放进别人的框里。其余的安全头每个应答都有 (hardening.ts) */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  // 地址里是 UUID, 内容从不改变
  'Cache-Control': 'private, max-age=31536000, immutable',
};

export interface ServedFile {
  readonly originalName: string;
  readonly mimeType: string;
  readonly charset?: TextCharset;
  /** 还在上传: 缓存不能留下它, 也许永远不会完整 */
  readonly unfinished: boolean;
}

export function fileHeaders(file: ServedFile, forceDownload: boolean): Record<string, string> {
  const inline = !forceDownload && isInlineType(file.mimeType);
  return {
    ...SECURITY_HEADERS,
    ...(file.unfinished ? { 'Cache-Control': 'no-store' } : {}),
    'Accept-Ranges': 'bytes',
    'Content-Type': contentType(file),
    'Content-Disposition': disposition(file.originalName, inline),
  };
}

// 记录来自磁盘: 只写认得的编码, 手改过的进不了头
function contentType({ mimeType, charset }: ServedFile): string {
  if (!isText(mimeType)) return mimeType;
  return `${mimeType}; charset=${TEXT_CHARSETS.find((known) => known === charset) ?? 'utf-8'}`;
}

// 总是给出 filename*: 库只在名字非 ASCII 时才给, 而契约对所有名字都要求它
function disposition(name: string, inline: boolean): string {
  // 后备名只用 ASCII: 库会留下 é 之类的 latin1 字符, 而 uWS 把头写成 UTF-8, 到对面就成了乱码
  const fallback = name.replace(/[^\x20-\x7e]/gu, '_');
  const value = contentDisposition(name, { type: inline ? 'inline' : 'attachment', fallback });
  return value.includes('filename*=') ? value : `${value}; filename*=UTF-8''${encodeRfc5987(name)}`;
}

// RFC 5987 的 attr-char 不含这几个, encodeURIComponent 却不转它们
function encodeRfc5987(value: string): string {
  return encodeURIComponent(value).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
