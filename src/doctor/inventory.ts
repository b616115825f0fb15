// 存储目录里有什么: 每个子目录只列一次; 只看不动
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, isMissing } from '../store/disk-errors.js';
import { readJson } from '../store/json-file.js';
import { readStored, type StoredRecord } from '../store/stored-record.js';

/** 一次上传的记录; 读不懂的是 undefined */
export interface SavedUpload {
  readonly fileId: string;
  readonly done: boolean;
}

export interface Inventory {
  /** 键是 id (文件名到第一个点为止), 值是 files/ 里的名字与大小 (字节) */
  readonly files: ReadonlyMap<string, { readonly name: string; readonly size: number }>;
  /** 读不懂的是 undefined */
  readonly metas: ReadonlyMap<string, StoredRecord | undefined>;
  readonly thumbs: ReadonlySet<string>;
  readonly partials: ReadonlySet<string>;
  readonly uploads: ReadonlyMap<string, SavedUpload | undefined>;
  /** 临时文件, 相对存储目录 */
  readonly leftovers: readonly string[];
}

// 并行读取的个数: 太多会占满线程池
const BATCH = 64;

/** root 须是存储目录; 缺了子目录当作空的 */
export async function takeInventory(root: string): Promise<Inventory> {
  const files = await list(root, 'files');
  const metas = await list(root, 'meta');
  const thumbs = await list(root, 'thumbs');
  const partials = await list(root, 'partial');
  const sized = await eachOf(
    files,
    async (name) => [stem(name), { name, size: await sizeOf(path.join(root, 'files', name)) }] as const,
  );
  const records = await eachOf(
    withEnding(metas, '.json'),
    async (name) => [stem(name), await readStored(path.join(root, 'meta', name))] as const,
  );
  const uploads = await eachOf(
    withEnding(partials, '.json'),
    async (name) => [stem(name), await readUpload(path.join(root, 'partial', name))] as const,
  );
  return {
    // 断了的链接等于没有
    files: new Map(
      sized.flatMap(([id, { name, size }]) => (size === undefined ? [] : [[id, { name, size }]])),
    ),
    metas: new Map(records),
    thumbs: new Set(withEnding(thumbs, '.webp').map(stem)),
    partials: new Set(withEnding(partials, '.part').map(stem)),
    uploads: new Map(uploads),
    leftovers: await listLeftovers(root),
  };
}

async function listLeftovers(root: string): Promise<string[]> {
  const folders = await Promise.all(
    ['meta', 'thumbs', 'partial', 'history', 'requests'].map(async (folder) =>
      withEnding(await list(root, folder), '.tmp').map((name) => path.join(folder, name)),
    ),
  );
  return folders.flat();
}

async function readUpload(file: string): Promise<SavedUpload | undefined> {
  const value = await readJson<unknown>(file);
  if (typeof value !== 'object' || value === null) return undefined;
  const { fileId, uploadId, done } = value as Readonly<Record<string, unknown>>;
  if (typeof fileId !== 'string' || uploadId !== stem(path.basename(file))) return undefined;
  return { fileId, done: done !== undefined };
}

async function list(root: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true });
    // 符号链接 (挪到别的盘上的) 也算文件
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    // 不是文件夹的另外报
    if (isMissing(error) || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function withEnding(names: readonly string[], ending: string): string[] {
  return names.filter((name) => name.endsWith(ending));
}

// UUID 里没有点: 第一个点之前就是它
function stem(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

async function eachOf<T>(names: readonly string[], task: (name: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let start = 0; start < names.length; start += BATCH) {
    results.push(...(await Promise.all(names.slice(start, start + BATCH).map(task))));
  }
  return results;
}
