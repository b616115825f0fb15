// 收完 (或秒传认出) 的内容 -> 文件的记录: 类型, 链接, 图片的尺寸与缩略图
import type { FileRecord } from '../protocol/messages.js';
import { publishedPath } from './naming.js';
import { isText, isThumbable, type TypePolicy } from './policy.js';
import type { FileSentBy, Picture } from './ports.js';
import { findCharset, type ReadAt } from './text-charset.js';

/** 发布所需的描述; originalName 已清理 */
export interface FileDescription {
  readonly fileId: string;
  readonly name: string;
  readonly from?: string;
  readonly originalName: string;
  readonly mimeType?: string;
  readonly sentBy?: FileSentBy;
}

export interface Content {
  readonly size: number;
  readonly sha256: string;
  /** 文件开头, 至多 HEAD_BYTES */
  readonly head: Uint8Array;
  readonly read: ReadAt;
  readonly picture: () => Promise<Picture | undefined>;
}

export interface Described {
  readonly record: FileRecord;
  /** 发布时一起留下 */
  readonly thumbnail?: Uint8Array;
}

/** 错误: file_type_forbidden */
export async function describeFile(
  types: TypePolicy,
  { fileId, name, from, originalName, mimeType: declared }: FileDescription,
  { size, sha256, head, read, picture }: Content,
): Promise<Described> {
  const mimeType = await types.identify(head, originalName, declared);
  const path = publishedPath(fileId, originalName);
  const sender = from === undefined ? { name } : { name, from };
  const record: FileRecord = { id: fileId, ...sender, originalName, path, size, mimeType, sha256 };
  if (isText(mimeType)) {
    const charset = await findCharset(size, read);
    return { record: charset === undefined ? record : { ...record, charset } };
  }
  if (!isThumbable(mimeType)) return { record };
  // 先解开再广播: 残缺的图 (没有传完就发出来的) 不能带着一个打不开的 thumbUrl
  const found = await picture();
  if (found === undefined) return { record };
  const { thumbnail, ...dimensions } = found;
  const pictured = { ...record, thumbPath: `/files/${fileId}/thumb`, ...dimensions };
  return thumbnail === undefined ? { record: pictured } : { record: pictured, thumbnail };
}
