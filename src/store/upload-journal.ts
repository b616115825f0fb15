// 上传日志: 每个可续传的上传一个小 JSON; 已写多少由部分文件的长度说话, 分片路上不写日志
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEntry, StoredPartial, UploadJournal } from '../files/ports.js';
import { isMissing, rethrow } from './disk-errors.js';
import { readJson, writeJson } from './json-file.js';
import type { StorageFolder } from './storage-folder.js';

const SHA256_HEX = /^[0-9a-f]{64}$/;

export class DiskJournal implements UploadJournal {
  readonly #folder: StorageFolder;

  constructor(folder: StorageFolder) {
    this.#folder = folder;
  }

  save(entry: JournalEntry): Promise<void> {
    return writeJson(this.#folder.journal(entry.uploadId), entry);
  }

  async load(uploadId: string): Promise<JournalEntry | undefined> {
    const found = await readJson<unknown>(this.#folder.journal(uploadId)).catch(rethrow);
    return isEntry(found, uploadId) ? found : undefined;
  }

  async remove(uploadId: string): Promise<void> {
    await rm(this.#folder.journal(uploadId), { force: true }).catch(rethrow);
  }

  async list(): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for (const uploadId of await this.#idsWith('.json')) {
      const entry = await this.load(uploadId);
      if (entry !== undefined) entries.push(entry);
      // 保存是原子的, 读不懂的只能是坏的: 没有人能凭它续传, 不留着
      else await this.remove(uploadId);
    }
    return entries;
  }

  async listPartials(): Promise<StoredPartial[]> {
    const partials: StoredPartial[] = [];
    for (const uploadId of await this.#idsWith('.part')) {
      try {
        const { size, mtimeMs } = await stat(this.#folder.partial(uploadId));
        partials.push({ uploadId, bytes: size, modifiedAt: mtimeMs });
      } catch (error) {
        // 列出之后刚好发布或取消了
        if (!isMissing(error)) throw error;
      }
    }
    return partials;
  }

  async #idsWith(extension: string): Promise<string[]> {
    const entries = await readdir(this.#folder.partialFolder, { withFileTypes: true });
    // 文件夹不是我们留下的: 不认也不删, 由体检指出
    return entries
      .filter((entry) => entry.name.endsWith(extension) && !entry.isDirectory())
      .map(({ name }) => path.basename(name, extension));
  }
}

// 断电会留下坏的, 管理员会放错的: 形状不对的按没有处理, 不能让启动失败
function isEntry(value: unknown, uploadId: string): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof JournalEntry, unknown>>;
  return (
    entry.uploadId === uploadId &&
    typeof entry.fileId === 'string' &&
    typeof entry.tokenHash === 'string' &&
    SHA256_HEX.test(entry.tokenHash) &&
    typeof entry.startedAt === 'number' &&
    (entry.address === undefined || typeof entry.address === 'string')
  );
}
