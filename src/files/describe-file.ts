// 收完 (或秒传认出) 的内容 -> 文件的记录: 类型, 链接, 图片的尺寸
import type { FileRecord } from '../protocol/messages.js';
import { publishedPath } from './naming.js';
import { isThumbable, type TypePolicy } from './policy.js';
import type { Dimensions, FileSentBy } from './ports.js';

/** 发布所需的描述; originalName 已清理 */
export interface FileDescription {
  readonly fileId: string;
  readonly name: string;
  readonly originalName: string;
  readonly mimeType?: string;
  readonly sentBy?: FileSentBy;
}

export interface Content {
  readonly size: number;
  readonly sha256: string;
  /** 文件开头, 至多 HEAD_BYTES */
  readonly head: Uint8Array;
  readonly measure: () => Promise<Dimensions | undefined>;
}

/** 错误: file_type_forbidden */
export async function describeFile(
  types: TypePolicy,
  { fileId, name, originalName, mimeType: declared }: FileDescription,
  { size, sha256, head, measure }: Content,
): Promise<FileRecord> {
  const mimeType = await types.identify(head, originalName, declared);
  const path = publishedPath(fileId, originalName);
  const record: FileRecord = { id: fileId, name, originalName, path, size, mimeType, sha256 };
  if (!isThumbable(mimeType)) return record;
  const dimensions = await measure();
  if (dimensions === undefined) return record;
  return { ...record, thumbPath: `/files/${fileId}/thumb`, ...dimensions };
}
