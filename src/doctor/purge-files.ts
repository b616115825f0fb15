// 清除的文件: 移到一旁的文件夹 (改名, 不复制), 反悔时移得回来; 内容还有别的消息带着的, 那边的名字不动
import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { FileRecord } from '../protocol/messages.js';
import { explainDisk, isMissing } from '../store/disk-errors.js';
import { readJson } from '../store/json-file.js';
import type { PurgeTarget } from './purge-target.js';

export interface PurgeUpload {
  readonly uploadId: string;
  /** 已发布的: 它的记录跟着文件走 */
  readonly isDone: boolean;
}

/** 要清除的上传记录: 没传完的照人与时刻, 传完的照文件 */
export async function findUploads(
  storage: string,
  target: PurgeTarget,
  { sinceMs, fileIds }: { readonly sinceMs: number; readonly fileIds: ReadonlySet<string> },
): Promise<PurgeUpload[]> {
  const names = await readdir(path.join(storage, 'partial')).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found: PurgeUpload[] = [];
  for (const file of names.filter((name) => name.endsWith('.json'))) {
    const value = await readJson<unknown>(path.join(storage, 'partial', file));
    if (typeof value !== 'object' || value === null) continue;
    const { fileId, name, address, startedAt, done } = value as Readonly<Record<string, unknown>>;
    const from = typeof address === 'string' ? address : undefined;
    const isTheirs = Number(startedAt) >= sinceMs && target.matches(String(name), from);
    const isDone = done !== undefined;
    if (isDone ? fileIds.has(String(fileId)) : isTheirs)
      found.push({ uploadId: path.basename(file, '.json'), isDone });
  }
  return found;
}

/** 移到 box (相对存储目录); 已经没有的跳过, 所以做到一半可以再来。错误: 移不了 (一行中文) */
export async function setAside(
  storage: string,
  box: string,
  { files, uploads }: { readonly files: readonly FileRecord[]; readonly uploads: readonly PurgeUpload[] },
): Promise<void> {
  const subjects = [
    ...files.flatMap(({ id, path: url }) => [
      `files/${path.basename(url)}`,
      `thumbs/${id}.webp`,
      `meta/${id}.json`,
    ]),
    ...uploads.flatMap(({ uploadId }) => [`partial/${uploadId}.part`, `partial/${uploadId}.json`]),
  ];
  for (const folder of ['files', 'thumbs', 'meta', 'partial'])
    await mkdir(path.join(storage, box, folder), { recursive: true });
  for (const subject of subjects) {
    const file = path.join(storage, subject);
    await rename(file, path.join(storage, box, subject)).catch((error: unknown) => {
      if (!isMissing(error)) throw explainDisk(error, file);
    });
  }
}
