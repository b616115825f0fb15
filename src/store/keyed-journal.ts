// 带幂等键的请求, 每个一个小 JSON: 将要发布 (或已发布) 的各个文件; 名字是请求的散列, 不含键与发送者
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { KeyedFile, KeyedJournal, KeyedRecord, SavedRequest } from '../files/ports.js';
import { isMissing, rethrow } from './disk-errors.js';
import { readJson, readJsonSync, writeJson } from './json-file.js';
import type { StorageFolder } from './storage-folder.js';

const EXTENSION = '.json';

export class DiskKeyedJournal implements KeyedJournal {
  readonly #folder: StorageFolder;

  constructor(folder: StorageFolder) {
    this.#folder = folder;
  }

  save(id: string, record: KeyedRecord): Promise<void> {
    return writeJson(this.#folder.request(id), record);
  }

  async load(id: string): Promise<KeyedRecord | undefined> {
    return parseRecord(await readJson<unknown>(this.#folder.request(id)).catch(rethrow));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#folder.request(id), { force: true }).catch(rethrow);
  }

  async list(): Promise<SavedRequest[]> {
    const names = await readdir(this.#folder.requestFolder);
    const ids = names
      .filter((name) => name.endsWith(EXTENSION))
      .map((name) => path.basename(name, EXTENSION));
    const saved: SavedRequest[] = [];
    for (const id of ids) {
      try {
        // 写下的时刻就是文件的时间: 记录从不改写, 只整个换掉
        const { mtimeMs: savedAt } = await stat(this.#folder.request(id));
        const address = parseRecord(readJsonSync(this.#folder.request(id)))?.address;
        saved.push({ id, savedAt, ...(address === undefined ? {} : { address }) });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    return saved;
  }
}

// 断电会留下坏的: 形状不对的按没有处理。旧的记录就是各个文件的数组
function parseRecord(value: unknown): KeyedRecord | undefined {
  if (Array.isArray(value)) return value.every(isKeyedFile) ? { files: value } : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { files, address } = value as Partial<Record<keyof KeyedRecord, unknown>>;
  if (!Array.isArray(files) || !files.every(isKeyedFile)) return undefined;
  return typeof address === 'string' ? { files, address } : { files };
}

function isKeyedFile(value: unknown): value is KeyedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { id, originalName, size, sha256 } = value as Partial<Record<keyof KeyedFile, unknown>>;
  return typeof size === 'number' && [id, originalName, sha256].every((text) => typeof text === 'string');
}
