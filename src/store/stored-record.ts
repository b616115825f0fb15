// meta/ 里的一份 JSON: 文件的记录, 单帧文件还带着发送者与 clientId
import type { FileSentBy } from '../files/ports.js';
import type { FileRecord } from '../protocol/messages.js';
import { readJson, readJsonSync } from './json-file.js';

export interface StoredRecord {
  readonly record: FileRecord;
  readonly sentBy?: FileSentBy;
}

/** 没有, 或形状不对 (断电, 手改) 时为 undefined */
export async function readStored(file: string): Promise<StoredRecord | undefined> {
  return parseStored(await readJson<unknown>(file));
}

/** 同上, 同步: 启动时读十万个, 比异步省六成以上的时间 */
export function readStoredSync(file: string): StoredRecord | undefined {
  return parseStored(readJsonSync(file));
}

function parseStored(value: unknown): StoredRecord | undefined {
  if (!isRecord(value)) return undefined;
  // 拆开: 发送者的散列不属于记录, 不能随它进日志或广播
  const { sender, clientId, ...record } = value;
  if (sender === undefined || clientId === undefined) return { record };
  return { record, sentBy: { sender, clientId } };
}

function isRecord(value: unknown): value is FileRecord & Partial<FileSentBy> {
  if (typeof value !== 'object' || value === null) return false;
  const { id, path, size, name, originalName, sha256, mimeType } = value as Partial<Record<string, unknown>>;
  const texts = [id, path, name, originalName, sha256, mimeType];
  return typeof size === 'number' && texts.every((text) => typeof text === 'string');
}
