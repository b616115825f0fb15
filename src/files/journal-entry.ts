// 续传凭证: 新上传的记录, 令牌的散列与核对
import { createHash, timingSafeEqual } from 'node:crypto';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../protocol/errors.js';
import type { FileStartMessage } from '../protocol/messages.js';
import { type Renamed, renamedFrom } from '../protocol/renamed-from.js';
import type { Visitor } from '../quota/ports.js';
import type { JournalEntry } from './ports.js';

export interface Sender {
  readonly name: string;
  readonly visitor: Visitor;
  readonly from?: string | undefined;
}

/** 一个新上传的记录; originalName 须已清理。受信任的地址不记: 不按地址计数 */
export function newEntry(
  { name, visitor, from }: Sender,
  originalName: string,
  resumeToken: string,
  { originalName: rawName, size, mimeType, sha256 }: FileStartMessage,
): JournalEntry {
  return {
    uploadId: uuidv4(),
    tokenHash: hashToken(resumeToken),
    fileId: uuidv4(),
    name,
    ...(from === undefined ? {} : { from }),
    originalName,
    ...renamedFrom(rawName, originalName),
    startedAt: Date.now(),
    ...(visitor.trusted ? {} : { address: visitor.address }),
    ...(size === undefined ? {} : { size }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/** 定时比较: 不让应答时间透露猜对了几位。错误: upload_unknown (与不存在的一样, 不透露它是否存在) */
export function requireToken(entry: JournalEntry, token: string): void {
  const expected = Buffer.from(entry.tokenHash, 'hex');
  const actual = Buffer.from(hashToken(token), 'hex');
  if (!timingSafeEqual(expected, actual)) throw new AppError('upload_unknown');
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** 上传者的应答里关于名字的字段 */
export function namesOf({
  originalName,
  renamedFrom: from,
}: JournalEntry): Renamed & { originalName: string } {
  return { originalName, ...(from === undefined ? {} : { renamedFrom: from }) };
}
