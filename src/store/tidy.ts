// 启动时收走上次崩溃留下的零碎: 写到一半的 JSON, 没有文件的元数据, 没有元数据的缩略图
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { StorageFolder } from './storage-folder.js';

/** 须在别的模块打开存储之前调用; 返回删掉的个数。保证: 从不碰 files/ 里的文件 */
export async function tidyStorage(folder: StorageFolder): Promise<number> {
  // 名字就够了: 挪到别的盘上的 (符号链接) 也是文件
  const files = new Set((await readdir(path.join(folder.root, 'files'))).map(stem));
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

// 文件夹不是我们留下的: 不碰, 由体检指出
async function list(folder: StorageFolder, name: string): Promise<string[]> {
  const entries = await readdir(path.join(folder.root, name), { withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
}

// UUID 里没有点: 第一个点之前就是它
function stem(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

function isTemporary(name: string): boolean {
  return name.endsWith('.tmp');
}
