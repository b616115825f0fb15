// 文件的存放: 部分文件, 发布 (元数据先写, 再改名或链接), 查找, 读取与删除
import { statSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type {
  BlobReader,
  BlobStore,
  ContentIndex,
  FileSentBy,
  OpenBlob,
  PartialFile,
  Party,
  Picture,
  PublishedFile,
  PublishedFiles,
} from '../files/ports.js';
import { AppError } from '../protocol/errors.js';
import type { FileRecord } from '../protocol/messages.js';
import { isReadable, openBlob, sizeOf, syncFolders, tryReadStored } from './blob-files.js';
import { ContentLinks, copyContent } from './content-links.js';
import { rethrow, translateDiskError } from './disk-errors.js';
import type { HashPool } from './hash-pool.js';
import { writeJson } from './json-file.js';
import { DiskPartial, type PartialOptions } from './partial-file.js';
import type { ScrubState } from './scrub-state.js';
import type { SoundCopies } from './sound-copies.js';
import type { StorageFolder } from './storage-folder.js';
import { readStored } from './stored-record.js';
import type { Thumbnails } from './thumbnails.js';

// 最近用过的元数据, 省去每次下载读一次 JSON
const MAX_CACHED_RECORDS = 1000;

export interface Sharing {
  readonly contents: ContentIndex;
  readonly copies: SoundCopies;
  readonly scrub: ScrubState;
  /** 换掉坏的一份, 释放了这么多字节 */
  readonly freed: (bytes: number) => void;
}

export class Blobs implements BlobStore, BlobReader, PublishedFiles {
  readonly #folder: StorageFolder;
  readonly #hashes: HashPool;
  readonly #thumbnails: Thumbnails;
  readonly #options: PartialOptions;
  readonly #links = new ContentLinks();
  #sharing: Sharing | undefined;
  readonly #records = new Map<string, FileRecord>();

  constructor(folder: StorageFolder, hashes: HashPool, thumbnails: Thumbnails, options: PartialOptions) {
    this.#folder = folder;
    this.#hashes = hashes;
    this.#thumbnails = thumbnails;
    this.#options = options;
  }

  /** 相同内容只存一份, 坏了的不送出的依据; 没有给就各存各的。索引自己要删文件, 所以后来才给 */
  shareContents(sharing: Sharing): void {
    this.#sharing = sharing;
  }

  async requireSound(record: FileRecord): Promise<void> {
    const scrub = this.#sharing?.scrub;
    // 平时到此为止: 没有坏的, 不多碰一次磁盘
    if (scrub === undefined || scrub.damagedCount === 0) return;
    const stats = await stat(this.#path(record)).catch(() => undefined);
    const verdict = stats === undefined ? 'unmarked' : scrub.verdict(stats);
    if (stats === undefined || verdict === 'unmarked') return;
    // 标过之后变了样: 多半是有人放回了好的, 核对过才算
    if (verdict === 'changed' && (await this.isSound(record))) scrub.forget(stats.ino);
    else if (!(await this.#heal(record, stats.ino))) throw new AppError('file_damaged');
  }

  // 别处有完好的同样内容 (有人又发了一次): 换上它的链接。坏的那一份没有别的名字时就此删掉
  async #heal(record: FileRecord, damagedInode: number): Promise<boolean> {
    try {
      const twin = await this.#sharing?.contents.find(record.sha256, record.size);
      if (twin === undefined || twin.id === record.id) return false;
      const { ino } = await stat(this.#path(twin));
      if (ino === damagedInode || !(await this.isSound(twin))) return false;
      // 名字以 .tmp 结尾: 崩溃留下的由 tidy 收走
      const beside = `${this.#folder.partial(record.id)}.tmp`;
      const freedBytes = await this.#links.replace(this.#path(twin), this.#path(record), beside, record.size);
      this.#sharing?.freed(freedBytes ?? 0);
      return freedBytes !== undefined;
    } catch {
      // 索引忙, 那一份刚被删: 这一次治不好
      return false;
    }
  }

  async isSound(record: FileRecord): Promise<boolean> {
    return (await this.#sharing?.copies.isSound(this.#path(record), record)) ?? false;
  }

  createPartial(uploadId: string): Promise<PartialFile> {
    return DiskPartial.create(this.#folder.partial(uploadId), this.#hashes, this.#options);
  }

  async openPartial(uploadId: string): Promise<PartialFile | undefined> {
    const file = this.#folder.partial(uploadId);
    const size = await sizeOf(file);
    if (size === undefined) return undefined;
    return DiskPartial.reopen(file, size, this.#hashes, this.#options).catch(rethrow);
  }

  async removePartial(uploadId: string): Promise<number> {
    const file = this.#folder.partial(uploadId);
    const size = await sizeOf(file);
    if (size === undefined) return 0;
    await rm(file, { force: true }).catch(rethrow);
    return size;
  }

  async publish(uploadId: string, record: FileRecord, sentBy?: FileSentBy): Promise<number> {
    const twin = await this.#twin(record);
    const partial = this.#folder.partial(uploadId);
    return this.#publishWith(record, sentBy, async (target) => {
      if (twin === undefined || !(await this.#links.link(this.#path(twin), target, record.size))) {
        await rename(partial, target);
        await this.#sharing?.copies.trust(target, record);
        return 0;
      }
      // 已经发布了: 崩溃在这里, 或删不掉, 多出来的部分文件由启动对账收走
      await rm(partial, { force: true }).catch(() => {});
      return record.size;
    });
  }

  async publishSame(
    source: FileRecord,
    record: FileRecord,
    claim: (bytes: number) => void,
    sentBy?: FileSentBy,
  ): Promise<void> {
    const from = this.#path(source);
    await this.#publishWith(record, sentBy, async (target) => {
      if (await this.#links.link(from, target, record.size)) return;
      claim(record.size);
      // 名字以 .tmp 结尾: 崩溃留下的半个由 tidy 收走
      const temporary = `${this.#folder.partial(record.id)}.tmp`;
      await copyContent(from, { temporary, target, flush: this.#options.fsync });
    });
  }

  async remove(record: FileRecord): Promise<number> {
    this.#records.delete(record.id);
    // 文件在前: 停在中间时只剩没有文件的元数据, 启动时收走
    const freedBytes = await this.#links.unlink(this.#path(record));
    await rm(this.#folder.thumb(record.id), { force: true });
    await rm(this.#folder.meta(record.id), { force: true });
    return freedBytes;
  }

  async find(fileId: string): Promise<FileRecord | undefined> {
    const cached = this.#records.get(fileId);
    if (cached !== undefined) return cached;
    const stored = await readStored(this.#folder.meta(fileId)).catch(rethrow);
    if (stored === undefined || !(await isReadable(this.#path(stored.record)))) return undefined;
    this.#remember(stored.record);
    return stored.record;
  }

  listPublished(): Promise<string[]> {
    return this.#folder.listFiles();
  }

  listDescribed(): Promise<string[]> {
    return this.#folder.listMeta();
  }

  readPublished(fileIds: readonly string[]): PublishedFile[] {
    return fileIds.flatMap((fileId) => {
      const meta = this.#folder.meta(fileId);
      const stored = tryReadStored(meta);
      if (stored === undefined) return [];
      const { record: file, sentBy } = stored;
      // 元数据在发布的那一刻写下; 文件自己的时间不行: 秒传的与最初那份共用一个
      const { mtimeMs: publishedAt } = statSync(meta);
      return [{ file, publishedAt, ...(sentBy === undefined ? {} : { sentBy }) }];
    });
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

  async thumbnail(fileId: string, party: Party): Promise<Uint8Array | undefined> {
    const record = await this.find(fileId);
    if (record?.thumbPath === undefined) return undefined;
    const { width, height } = record;
    const pixels = width === undefined || height === undefined ? undefined : width * height;
    return this.#thumbnails.get(this.#path(record), this.#folder.thumb(fileId), party, pixels);
  }

  picture(uploadId: string, party: Party): Promise<Picture | undefined> {
    return this.#thumbnails.examine(this.#folder.partial(uploadId), party);
  }

  pictureOf(record: FileRecord, party: Party): Promise<Picture | undefined> {
    return this.#thumbnails.examine(this.#path(record), party);
  }

  keepThumbnail(fileId: string, thumbnail: Uint8Array): Promise<void> {
    return this.#thumbnails.save(this.#folder.thumb(fileId), thumbnail);
  }

  // 元数据在前: 文件名一出现, 文件就是完整可查的; 只有元数据的不算发布
  async #publishWith<T>(
    record: FileRecord,
    sentBy: FileSentBy | undefined,
    place: (target: string) => Promise<T>,
  ): Promise<T> {
    const meta = this.#folder.meta(record.id);
    const target = this.#path(record);
    try {
      await writeJson(meta, { ...record, ...sentBy }, this.#options.fsync);
      const placed = await place(target);
      if (this.#options.fsync) await syncFolders(meta, target);
      this.#remember(record);
      return placed;
    } catch (error) {
      // 删不掉的, 启动时收走: 没有文件的元数据不算发布
      await rm(meta, { force: true }).catch(() => {});
      throw translateDiskError(error);
    }
  }

  // 空文件各有各的: 合并了也省不下什么。已存的那份坏了就留下刚收到的: 不能拿核对过的去换没核对过的
  async #twin({ sha256, size }: FileRecord): Promise<FileRecord | undefined> {
    if (size === 0) return undefined;
    try {
      const found = await this.#sharing?.contents.find(sha256, size);
      return found !== undefined && (await this.isSound(found)) ? found : undefined;
    } catch {
      // 索引忙或出错: 多存一份, 不妨碍发布
      return undefined;
    }
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
