// 拖进来的东西: 文件, 以及文件夹里的文件 (递归, 有上限)
import type { PickedFile } from '../../model/actions.js';
import { handleOf } from './file-handle.js';

/** 一次至多这么多个文件 */
export const MAX_DROPPED = 1000;
// 目录的层数; 防止链接成环
const MAX_DEPTH = 16;
// 一次拖放至多看这么多个目录项: 全是空目录的树也有尽头
const MAX_ENTRIES = 20_000;

const BY_NAME = new Intl.Collator(undefined, { numeric: true });

export interface Dropped {
  readonly files: readonly PickedFile[];
  /** 还有更多, 没有收 */
  readonly tooMany: boolean;
  readonly unreadable: number;
}

interface Collected {
  readonly files: PickedFile[];
  entries: number;
  tooMany: boolean;
  unreadable: number;
}

/** 须在 drop 事件里同步调用: await 之后 DataTransfer 就空了 */
export function collectDropped(data: DataTransfer): Promise<Dropped> {
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  const sources = items.map((item) => {
    const entry = item.webkitGetAsEntry?.() ?? undefined;
    const folder = entry?.isDirectory ? (entry as FileSystemDirectoryEntry) : undefined;
    if (folder !== undefined) return { folder };
    return { file: item.getAsFile() ?? undefined, handle: handleOf(item) };
  });
  return gather(sources);
}

type Source =
  | { readonly folder: FileSystemDirectoryEntry }
  | { readonly file: File | undefined; readonly handle: Promise<FileSystemFileHandle | undefined> };

async function gather(sources: readonly Source[]): Promise<Dropped> {
  const collected: Collected = { files: [], entries: 0, tooMany: false, unreadable: 0 };
  for (const source of sources) {
    if ('folder' in source) await walk(source.folder, 1, collected);
    else if (source.file === undefined) collected.unreadable += 1;
    else add(collected, source.file, await source.handle);
  }
  return collected;
}

async function walk(folder: FileSystemDirectoryEntry, depth: number, collected: Collected): Promise<void> {
  if (depth > MAX_DEPTH) {
    collected.tooMany = true;
    return;
  }
  for (const entry of await entriesOf(folder, collected)) {
    if (isFull(collected)) return;
    await visit(entry, depth, collected);
  }
}

// 目录给出的次序是磁盘上的; 按名字排, 第 2 集在第 10 集之前
async function entriesOf(folder: FileSystemDirectoryEntry, collected: Collected): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  // readEntries 一次至多给 100 个, 直到给出空的为止
  for (let batch = await readBatch(reader, collected); batch.length > 0; ) {
    entries.push(...batch);
    // 排序要先取齐; 多取的一批由 isFull 说明没有收
    if (collected.entries + entries.length > MAX_ENTRIES) break;
    batch = await readBatch(reader, collected);
  }
  return entries.sort((a, b) => BY_NAME.compare(a.name, b.name));
}

async function visit(entry: FileSystemEntry, depth: number, collected: Collected): Promise<void> {
  collected.entries += 1;
  if (entry.isDirectory) return walk(entry as FileSystemDirectoryEntry, depth + 1, collected);
  const file = await fileOf(entry as FileSystemFileEntry);
  if (file === undefined) collected.unreadable += 1;
  else add(collected, file, undefined);
}

function isFull(collected: Collected): boolean {
  if (collected.files.length < MAX_DROPPED && collected.entries < MAX_ENTRIES) return false;
  collected.tooMany = true;
  return true;
}

function add(collected: Collected, file: File, handle: FileSystemFileHandle | undefined): void {
  if (collected.files.length >= MAX_DROPPED) collected.tooMany = true;
  else collected.files.push(handle === undefined ? { file } : { file, handle });
}

// 没有权限的目录: 记一笔, 其余照发
function readBatch(reader: FileSystemDirectoryReader, collected: Collected): Promise<FileSystemEntry[]> {
  return new Promise((resolve) => {
    reader.readEntries(resolve, () => {
      collected.unreadable += 1;
      resolve([]);
    });
  });
}

function fileOf(entry: FileSystemFileEntry): Promise<File | undefined> {
  return new Promise((resolve) => entry.file(resolve, () => resolve(undefined)));
}
