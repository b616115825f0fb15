// 字节 -> 有类型的消息 (或 AppError); 消息 -> 字符串, 每次广播只编码一次
import { decodeChunkFrame, UUID_PATTERN } from './chunk-frame.js';
import { AppError } from './errors.js';
import { FILE_GROUPS, type FileGroup } from './file-kind.js';
import { scanFrame } from './json-scan.js';
import {
  CHALLENGE_RANGES,
  type ClientMessage,
  DEFAULT_HISTORY_LIMIT,
  DEFAULT_SEARCH_LIMIT,
  type ErrorMessage,
  type FileBroadcast,
  type FileRecord,
  type HistoryKind,
  type HistoryMessage,
  MAX_CLIENT_ID_LENGTH,
  MAX_ENVELOPE_BYTES,
  MAX_HISTORY_LIMIT,
  MAX_QUERY_LENGTH,
  MAX_SEARCH_LIMIT,
  MAX_UTC_OFFSET,
  type Recipient,
  type RoomEntry,
  type SearchMessage,
  type ServerMessage,
  type TextBroadcast,
} from './messages.js';

type Envelope = Readonly<Record<string, unknown>>;
interface Scanned {
  readonly envelope: Envelope;
  readonly payload: Uint8Array | undefined;
  readonly payloadKey: string | undefined;
}

const PAYLOAD_KEYS = ['filedata', 'data'] as const;
const SHA256_PATTERN = /^[0-9a-f]{64}$/;
// 会话与续传令牌的长度上限 (字符): 比我们签发的长得多, 只为挡住滥用
const MAX_TOKEN_LENGTH = 128;
// 文件名先收下再清理; 4096 字符足以放下任何系统的完整路径
const MAX_RAW_NAME_LENGTH = 4096;
const MAX_FEATURES = 16;
// 带 ref 的几种
const ASKING_TYPES: ReadonlySet<unknown> = new Set(['history', 'search', 'transfer_ticket']);

/**
 * 解码一帧。text: UTF-8 的 JSON 对象; binary: 协议 6.3 的分片。
 * 返回值里的字节视图指向 frame, 只在本次回调内有效。错误: 只抛 AppError。
 */
export function decodeFrame(frame: Uint8Array, isBinary: boolean): ClientMessage {
  if (isBinary) return { type: 'file_chunk', encoding: 'binary', ...decodeChunkFrame(frame) };
  const scanned = scanFrame(frame, PAYLOAD_KEYS, MAX_ENVELOPE_BYTES);
  const type = scanned.envelope['type'];
  if (typeof type !== 'string') throw invalid('type');
  const decoder = DECODERS.get(type);
  if (decoder === undefined) {
    throw new AppError('unknown_type', { detail: type.slice(0, 64), ref: referenceOf(scanned.envelope) });
  }
  try {
    return decoder(scanned);
  } catch (error) {
    // 出错的消息也要带 ref, 客户端才知道是哪一条失败了
    if (error instanceof AppError) throw error.withRef(referenceOf(scanned.envelope));
    throw error;
  }
}

// 用 Map 而不是对象: type 由对方给出, 不能碰到 __proto__ 之类的键
const DECODERS = new Map<string, (scanned: Scanned) => ClientMessage>([
  ['user_update', ({ envelope }) => decodeUserUpdate(envelope)],
  ['text', ({ envelope }) => decodeText(envelope)],
  ['file', decodeFile],
  ['file_start', ({ envelope }) => decodeFileStart(envelope)],
  ['file_chunk', decodeFileChunk],
  [
    'file_end',
    ({ envelope }) => ({
      type: 'file_end',
      uploadId: uuid(envelope, 'uploadId'),
      ...optional('sha256', sha256(envelope)),
    }),
  ],
  ['file_pause', ({ envelope }) => ({ type: 'file_pause', uploadId: uuid(envelope, 'uploadId') })],
  ['file_cancel', ({ envelope }) => ({ type: 'file_cancel', uploadId: uuid(envelope, 'uploadId') })],
  [
    'file_hash',
    ({ envelope }) => ({
      type: 'file_hash',
      uploadId: uuid(envelope, 'uploadId'),
      sha256: requiredSha256(envelope['sha256'], 'sha256'),
    }),
  ],
  ['file_proof', ({ envelope }) => decodeFileProof(envelope)],
  ['history', ({ envelope }) => decodeHistory(envelope)],
  ['search', ({ envelope }) => decodeSearch(envelope)],
  [
    'transfer_ticket',
    ({ envelope }) => ({ type: 'transfer_ticket', ...optional('ref', label(envelope, 'ref')) }),
  ],
]);

/** 契约里客户端可发的消息类型; 文档测试用它核对 PROTOCOL.md */
export const CLIENT_TYPES: readonly string[] = [...DECODERS.keys()];

function decodeUserUpdate(envelope: Envelope): ClientMessage {
  const action = envelope['action'];
  if (action === 'leave') return { type: 'user_update', action };
  if (action !== 'join') throw invalid('action');
  return {
    type: 'user_update',
    action,
    name: requiredString(envelope, 'name', MAX_RAW_NAME_LENGTH),
    ...optional('session', optionalString(envelope, 'session', MAX_TOKEN_LENGTH)),
    ...optional('after', optionalInteger(envelope, 'after')),
    ...optional('features', features(envelope)),
  };
}

function decodeText(envelope: Envelope): ClientMessage {
  return {
    type: 'text',
    // 长度上限由房间按 UTF-8 字节数检查, 这里只看类型
    message: requiredString(envelope, 'message', Number.POSITIVE_INFINITY),
    ...senderName(envelope),
    ...optional('clientId', label(envelope, 'clientId')),
  };
}

function decodeFile({ envelope, payload, payloadKey }: Scanned): ClientMessage {
  if (payload === undefined || payloadKey !== 'filedata') throw invalid('filedata');
  return {
    type: 'file',
    originalName: requiredString(envelope, 'originalName', MAX_RAW_NAME_LENGTH),
    filedata: payload,
    ...senderName(envelope),
    ...optional('mimeType', optionalString(envelope, 'mimeType', MAX_TOKEN_LENGTH)),
    ...optional('clientId', label(envelope, 'clientId')),
  };
}

function decodeFileStart(envelope: Envelope): ClientMessage {
  const id = optional('clientId', label(envelope, 'clientId'));
  if (envelope['uploadId'] !== undefined) {
    return {
      type: 'file_resume',
      uploadId: uuid(envelope, 'uploadId'),
      resumeToken: requiredString(envelope, 'resumeToken', MAX_TOKEN_LENGTH),
      ...id,
    };
  }
  const encoding = envelope['encoding'] ?? 'base64';
  if (encoding !== 'base64' && encoding !== 'binary') throw invalid('encoding');
  return {
    type: 'file_start',
    originalName: requiredString(envelope, 'originalName', MAX_RAW_NAME_LENGTH),
    encoding,
    ...id,
    ...senderName(envelope),
    ...optional('size', optionalInteger(envelope, 'size')),
    ...optional('mimeType', optionalString(envelope, 'mimeType', MAX_TOKEN_LENGTH)),
    ...optional('sha256', sha256(envelope)),
  };
}

function decodeFileChunk({ envelope, payload, payloadKey }: Scanned): ClientMessage {
  if (payload === undefined || payloadKey !== 'data') throw invalid('data');
  const offset = optionalInteger(envelope, 'offset');
  if (offset === undefined) throw invalid('offset');
  return {
    type: 'file_chunk',
    encoding: 'base64',
    uploadId: uuid(envelope, 'uploadId'),
    offset,
    data: payload,
  };
}

function decodeFileProof(envelope: Envelope): ClientMessage {
  const hashes = envelope['hashes'];
  if (!Array.isArray(hashes) || hashes.length !== CHALLENGE_RANGES) throw invalid('hashes');
  return {
    type: 'file_proof',
    uploadId: uuid(envelope, 'uploadId'),
    hashes: hashes.map((value: unknown) => requiredSha256(value, 'hashes')),
  };
}

/** search 的字段; GET /api/search 的查询参数也由它检查。错误: invalid_field */
export function decodeSearch(envelope: Envelope): SearchMessage {
  const limit = optionalInteger(envelope, 'limit') ?? DEFAULT_SEARCH_LIMIT;
  if (limit === 0) throw invalid('limit');
  const kind = historyKind(envelope);
  const isList = kind !== undefined;
  // 文件列表可以什么词也不给
  const written = isList ? optionalString(envelope, 'query', MAX_QUERY_LENGTH) : undefined;
  const query = (isList ? (written ?? '') : requiredString(envelope, 'query', MAX_QUERY_LENGTH)).trim();
  if (query === '' && !isList) throw invalid('query');
  return {
    type: 'search',
    query,
    limit: Math.min(limit, MAX_SEARCH_LIMIT),
    ...optional('kind', kind),
    ...optional('group', fileGroup(envelope)),
    ...optional('from', sender(envelope)),
    ...optional('utcOffset', utcOffset(envelope)),
    ...optional('before', optionalInteger(envelope, 'before')),
    ...optional('ref', label(envelope, 'ref')),
  };
}

/** history 的字段; GET /api/messages 的查询参数也由它检查。错误: invalid_field */
export function decodeHistory(envelope: Envelope): HistoryMessage {
  const limit = optionalInteger(envelope, 'limit') ?? DEFAULT_HISTORY_LIMIT;
  // 零条的一页说不清还有没有, 照着它翻页的客户端会停不下来
  if (limit === 0) throw invalid('limit');
  return {
    type: 'history',
    // 超过上限不算错: 少给几条, 客户端看 more 继续取
    limit: Math.min(limit, MAX_HISTORY_LIMIT),
    ...optional('before', optionalInteger(envelope, 'before')),
    ...optional('after', optionalInteger(envelope, 'after')),
    ...optional('kind', historyKind(envelope)),
    ...optional('ref', label(envelope, 'ref')),
  };
}

// ---- 字段: 每个函数要么给出合格的值, 要么抛 invalid_field ----

function invalid(field: string): AppError {
  return new AppError('invalid_field', { detail: field, facts: { field } });
}

function requiredString(envelope: Envelope, field: string, maxLength: number): string {
  const value = envelope[field];
  if (typeof value !== 'string' || value.length > maxLength) throw invalid(field);
  return value;
}

// null 与缺省同义: 许多语言的序列化器会把空字段写成 null
function optionalString(envelope: Envelope, field: string, maxLength: number): string | undefined {
  return envelope[field] == null ? undefined : requiredString(envelope, field, maxLength);
}

function optionalInteger(envelope: Envelope, field: string): number | undefined {
  const value = envelope[field];
  if (value == null) return undefined;
  // 安全整数: 超过 2^53 的偏移在算术里会悄悄变成别的数
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(field);
  return value;
}

/** 客户端自己起的标签, 原样返回: 1 到 64 个字符 */
function label(envelope: Envelope, field: string): string | undefined {
  const value = optionalString(envelope, field, MAX_CLIENT_ID_LENGTH);
  if (value === '') throw invalid(field);
  return value;
}

function uuid(envelope: Envelope, field: string): string {
  const value = requiredString(envelope, field, 36).toLowerCase();
  if (!UUID_PATTERN.test(value)) throw invalid(field);
  return value;
}

function sha256(envelope: Envelope): string | undefined {
  const value = envelope['sha256'];
  return value == null ? undefined : requiredSha256(value, 'sha256');
}

/** 十六进制, 大小写都收, 一律变成小写 */
function requiredSha256(value: unknown, field: string): string {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (!SHA256_PATTERN.test(text)) throw invalid(field);
  return text;
}

function senderName(envelope: Envelope): { name?: string } {
  return optional('name', optionalString(envelope, 'name', MAX_RAW_NAME_LENGTH));
}

function historyKind(envelope: Envelope): HistoryKind | undefined {
  const value = envelope['kind'];
  if (value == null) return undefined;
  if (value !== 'file') throw invalid('kind');
  return value;
}

function fileGroup(envelope: Envelope): FileGroup | undefined {
  const value = envelope['group'];
  if (value == null) return undefined;
  const group = FILE_GROUPS.find((known) => known === value);
  if (group === undefined) throw invalid('group');
  return group;
}

function sender(envelope: Envelope): string | undefined {
  const value = optionalString(envelope, 'from', MAX_QUERY_LENGTH)?.trim();
  if (value === '') throw invalid('from');
  return value;
}

function utcOffset(envelope: Envelope): number | undefined {
  const value = envelope['utcOffset'];
  if (value == null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > MAX_UTC_OFFSET)
    throw invalid('utcOffset');
  return value;
}

function features(envelope: Envelope): string[] | undefined {
  const value = envelope['features'];
  if (value == null) return undefined;
  if (!Array.isArray(value) || value.length > MAX_FEATURES) throw invalid('features');
  if (!value.every((item): item is string => typeof item === 'string')) throw invalid('features');
  return value;
}

// 缺省的字段不出现在结果里 (exactOptionalPropertyTypes)
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function referenceOf(envelope: Envelope): string | undefined {
  // 只有一问一答的认得 ref; 别的消息里它是不认识的字段, 一律忽略
  const fields = ASKING_TYPES.has(envelope['type']) ? ['ref'] : ['clientId', 'uploadId'];
  for (const field of fields) {
    const value = envelope[field];
    if (typeof value === 'string' && value.length > 0 && value.length <= MAX_CLIENT_ID_LENGTH) return value;
  }
  return undefined;
}

// ---- 编码 ----

/** 一条服务器消息的线上文本; 广播时只调用一次, 结果交给所有收件人 */
export function encode(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** 错误消息; facts 并入顶层, 但不能盖住固定字段 */
export function errorMessage(error: AppError): ErrorMessage {
  return {
    ...error.facts,
    type: 'error',
    code: error.code,
    message: error.message,
    ...optional('ref', error.ref),
    retryable: error.retryable,
  } as ErrorMessage;
}

/**
 * 房间记录 -> 线上广播。recipient.origin 形如 http://host:port, 是收件人所用的来源,
 * 文件链接据此成为对他可打开的绝对链接 (协议第 4 节)。
 */
export function toBroadcast(entry: RoomEntry, { origin, people }: Recipient): TextBroadcast | FileBroadcast {
  const { from } = entry.kind === 'text' ? entry : entry.file;
  // 排在最后: 不认得它的收件人那一份, 就是去掉末尾这一项
  const sender = people ? optional('from', from) : {};
  if (entry.kind === 'text') {
    const { id, seq, time, name, message } = entry;
    return { type: 'text', id, seq, time, name, message, ...sender };
  }
  return { type: 'file', ...fileFields(entry.file, entry.seq, entry.time, origin), ...sender };
}

function fileFields(
  file: FileRecord,
  seq: number,
  time: number,
  origin: string,
): Omit<FileBroadcast, 'type'> {
  return {
    id: file.id,
    seq,
    time,
    name: file.name,
    originalName: file.originalName,
    url: origin + file.path,
    size: file.size,
    mimeType: file.mimeType,
    sha256: file.sha256,
    ...(file.thumbPath === undefined ? {} : { thumbUrl: origin + file.thumbPath }),
    ...optional('width', file.width),
    ...optional('height', file.height),
  };
}
