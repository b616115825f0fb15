// 上传日志: 每个可续传的上传一个小 JSON; 已写多少由部分文件的长度说话, 分片路上不写日志
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEntry, StoredPartial, UploadJournal } from '../files/ports.js';
import { isMissing } from './disk-errors.js';
import { readJson, writeJson } from './json-file.js';
import type { StorageFolder } from './storage-folder.js';

export class DiskJournal implements UploadJournal {
  readonly #folder: StorageFolder;

  constructor(folder: StorageFolder) {
    this.#folder = folder;
  }

  save(entry: JournalEntry): Promise<void> {
    return writeJson(this.#folder.journal(entry.uploadId), entry);
  }

  load(uploadId: string): Promise<JournalEntry | undefined> {
    return readJson(this.#folder.journal(uploadId));
  }

  async remove(uploadId: string): Promise<void> {
    await rm(this.#folder.journal(uploadId), { force: true });
  }

  async list(): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for (const uploadId of await this.#idsWith('.json')) {
      const entry = await this.load(uploadId);
      if (entry !== undefined) entries.push(entry);
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
    const names = await readdir(this.#folder.partialFolder);
    return names.filter((name) => name.endsWith(extension)).map((name) => path.basename(name, extension));
  }
}
