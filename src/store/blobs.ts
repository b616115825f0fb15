// 文件的存放: 部分文件, 发布 (元数据先写, 再改名), 查找与读取
import { close, constants, open, read } from 'node:fs';
import { access, open as openFolder, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BlobReader, BlobStore, FileSentBy, OpenBlob, PartialFile } from '../files/ports.js';
import type { FileRecord } from '../protocol/messages.js';
import { isMissing, translateDiskError } from './disk-errors.js';
import type { HashPool } from './hash-pool.js';
import { readJson, writeJson } from './json-file.js';
import { DiskPartial, type PartialOptions } from './partial-file.js';
import type { StorageFolder } from './storage-folder.js';
import type { Thumbnails } from './thumbnails.js';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const readAsync = promisify(read);
// 最近用过的元数据, 省去每次下载读一次 JSON
const MAX_CACHED_RECORDS = 1000;

export class Blobs implements BlobStore, BlobReader {
  readonly #folder: StorageFolder;
  readonly #hashes: HashPool;
  readonly #thumbnails: Thumbnails;
  readonly #options: PartialOptions;
  readonly #records = new Map<string, FileRecord>();

  constructor(folder: StorageFolder, hashes: HashPool, thumbnails: Thumbnails, options: PartialOptions) {
    this.#folder = folder;
    this.#hashes = hashes;
    this.#thumbnails = thumbnails;
    this.#options = options;
  }

  createPartial(uploadId: string): Promise<PartialFile> {
    return DiskPartial.create(this.#folder.partial(uploadId), this.#hashes, this.#options);
  }

  async openPartial(uploadId: string): Promise<PartialFile | undefined> {
    const file = this.#folder.partial(uploadId);
    const size = await sizeOf(file);
    return size === undefined ? undefined : DiskPartial.reopen(file, size, this.#hashes, this.#options);
  }

  async removePartial(uploadId: string): Promise<number> {
    const file = this.#folder.partial(uploadId);
    const size = await sizeOf(file);
    if (size === undefined) return 0;
    await rm(file, { force: true });
    return size;
  }

  async publish(uploadId: string, record: FileRecord, sentBy?: FileSentBy): Promise<void> {
    try {
      // 元数据在前: 改名一成功, 文件就是完整可查的; 只有元数据的不算发布
      await writeJson(this.#folder.meta(record.id), { ...record, ...sentBy }, this.#options.fsync);
      await rename(this.#folder.partial(uploadId), this.#path(record));
      if (this.#options.fsync) await syncFolders(this.#folder.meta(record.id), this.#path(record));
    } catch (error) {
      await rm(this.#folder.meta(record.id), { force: true });
      throw translateDiskError(error);
    }
    this.#remember(record);
  }

  async find(fileId: string): Promise<FileRecord | undefined> {
    const cached = this.#records.get(fileId);
    if (cached !== undefined) return cached;
    const record = await readJson<FileRecord>(this.#folder.meta(fileId));
    if (record === undefined || !(await exists(this.#path(record)))) return undefined;
    this.#remember(record);
    return record;
  }

  async open(fileId: string): Promise<OpenBlob | undefined> {
    const record = await this.find(fileId);
    if (record === undefined) return undefined;
    const blob = await openBlob(this.#path(record));
    // 管理员从磁盘上删掉了它
    if (blob === undefined) this.#records.delete(fileId);
    return blob;
  }

  openUnpublished(uploadId: string): Promise<OpenBlob | undefined> {
    return openBlob(this.#folder.partial(uploadId));
  }

  async thumbnail(fileId: string): Promise<Uint8Array | undefined> {
    const record = await this.find(fileId);
    if (record?.thumbPath === undefined) return undefined;
    return this.#thumbnails.get(this.#path(record), this.#folder.thumb(fileId));
  }

  async dimensions(uploadId: string): Promise<{ width: number; height: number } | undefined> {
    return this.#thumbnails.measure(this.#folder.partial(uploadId));
  }

  /** 删掉已发布的文件, 连同元数据与缩略图; 已经没有也算成功。副作用: 正在下载的照样下完 (Windows 上会失败) */
  async remove(record: FileRecord): Promise<void> {
    this.#records.delete(record.id);
    // 文件在前: 只剩元数据的不算发布, 下次启动时收走
    await rm(this.#path(record), { force: true });
    await rm(this.#folder.meta(record.id), { force: true });
    await rm(this.#folder.thumb(record.id), { force: true });
  }

  // 磁盘上的名字就是链接的最后一段: UUID.ext
  #path(record: FileRecord): string {
    return this.#folder.file(record.path.slice(record.path.lastIndexOf('/') + 1));
  }

  #remember(record: FileRecord): void {
    this.#records.delete(record.id);
    this.#records.set(record.id, record);
    if (this.#records.size <= MAX_CACHED_RECORDS) return;
    const oldest = this.#records.keys().next().value;
    if (oldest !== undefined) this.#records.delete(oldest);
  }
}

// 改名只改目录项: 目录也要落盘, 掉电之后名字才在。Windows 打不开目录, 那里由文件系统自己保证
async function syncFolders(...files: string[]): Promise<void> {
  if (process.platform === 'win32') return;
  for (const file of files) {
    const folder = await openFolder(path.dirname(file), 'r');
    await folder.sync().finally(() => folder.close());
  }
}

/** 没有这个文件则 undefined */
async function openBlob(file: string): Promise<OpenBlob | undefined> {
  const fd = await openAsync(file, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (fd === undefined) return undefined;
  return {
    read: async (target, position) => (await readAsync(fd, target, 0, target.byteLength, position)).bytesRead,
    // 磁盘上的读从不等人
    abandon: () => {},
    close: () => closeAsync(fd),
  };
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    // 不存在与不可读对下载是一回事
    return false;
  }
}
