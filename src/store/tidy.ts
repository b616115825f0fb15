// 启动时收走上次崩溃留下的零碎: 写到一半的 JSON, 没有文件的元数据, 没有元数据的缩略图
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { StorageFolder } from './storage-folder.js';

/** 须在别的模块打开存储之前调用; 返回删掉的个数。保证: 从不碰 files/ 里的文件 */
export async function tidyStorage(folder: StorageFolder): Promise<number> {
  const files = new Set((await list(folder, 'files')).map(stem));
  const records = await list(folder, 'meta');
  const known = new Set(records.map(stem).filter((id) => files.has(id)));
  const stale = [
    // 元数据先于改名写下: 停在两者之间的, 文件还在 partial/, 续传后会重写它
    ...records.filter((name) => isTemporary(name) || !known.has(stem(name))).map((name) => ['meta', name]),
    ...(await list(folder, 'thumbs'))
      .filter((name) => isTemporary(name) || !known.has(stem(name)))
      .map((name) => ['thumbs', name]),
    ...(await list(folder, 'partial')).filter(isTemporary).map((name) => ['partial', name]),
    ...(await list(folder, 'requests')).filter(isTemporary).map((name) => ['requests', name]),
  ];
  for (const parts of stale) await rm(path.join(folder.root, ...parts), { force: true });
  return stale.length;
}

function list(folder: StorageFolder, name: string): Promise<string[]> {
  return readdir(path.join(folder.root, name));
}

// UUID 里没有点: 第一个点之前就是它
function stem(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

function isTemporary(name: string): boolean {
  return name.endsWith('.tmp');
}
