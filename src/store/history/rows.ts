// 消息记录与数据库的行之间的换算
import type { Provenance } from '../../chat/ports.js';
import type { FileRecord, RoomEntry } from '../../protocol/messages.js';

type Values = [
  seq: number,
  kind: string,
  id: string,
  time: number,
  name: string,
  body: string,
  detail: string | null,
  sha256: string | null,
  size: number | null,
  fromTag?: string | null,
];

/** 一行的各列, 一个 JSON 数组的字节 */
export type Row = readonly [json: Uint8Array];

const FIRST_COLUMNS = `m.seq, CAST(m.kind AS TEXT), CAST(m.id AS TEXT), CAST(m.time AS INTEGER), CAST(m.name AS TEXT),
  CAST(m.body AS TEXT), CAST(m.detail AS TEXT), CAST(m.sha256 AS TEXT), CAST(m.size AS INTEGER)`;

/** 表名须是 m。不能直接取文字: 文字不是 UTF-8 时 (磁盘出错) 原生库会中止整个进程; 各列合成一个取, 与直接取一样快 */
export const COLUMNS = blobOf(`json_array(${FIRST_COLUMNS}, CAST(m.from_tag AS TEXT))`);
/** 同上, 第 3 版之前的表: 还没有 from_tag */
export const OLD_COLUMNS = blobOf(`json_array(${FIRST_COLUMNS})`);
export const INSERT = `INSERT INTO messages
  (seq, kind, id, time, name, body, detail, sha256, size, sender, client_id, from_tag, address)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

// 不合格的字节换成 U+FFFD; BOM 是正文的一部分
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** SELECT 里取一个文字列 (或式子) 的写法, 用 textOf 读出 */
export function blobOf(expression: string): string {
  return `CAST(${expression} AS BLOB)`;
}

/** blobOf 取出的; 不是 UTF-8 的部分是 U+FFFD */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

type Detail = Omit<FileRecord, 'id' | 'name' | 'from' | 'originalName' | 'sha256' | 'size'>;

/** INSERT 的参数 */
export function insertValues(entry: RoomEntry, { sentBy, address }: Provenance): (string | number | null)[] {
  const { from = null } = entry.kind === 'text' ? entry : entry.file;
  return [...contentValues(entry), sentBy?.sender ?? null, sentBy?.clientId ?? null, from, address ?? null];
}

function contentValues(entry: RoomEntry): (string | number | null)[] {
  if (entry.kind === 'text') {
    const { seq, kind, id, time, name, message } = entry;
    // 原生库把字符串读到 U+0000 为止: 原文另存
    const plain = message.replaceAll('\0', '\uFFFD');
    return [seq, kind, id, time, name, plain, plain === message ? null : JSON.stringify(message), null, null];
  }
  const { seq, kind, time, file } = entry;
  // 有列的字段不在 JSON 里重复
  const { id, name, from: _from, originalName, sha256, size, ...detail } = file;
  return [seq, kind, id, time, name, originalName, JSON.stringify(detail), sha256, size];
}

/** 从不抛错: 坏了的一行也显示得出, 坏处是 U+FFFD, 空的, 或缺省值 */
export function toEntry([json]: Row): RoomEntry {
  const [seq, kind, id, time, name, body, detail, sha256, size, tag] = JSON.parse(textOf(json)) as Values;
  const from = typeof tag === 'string' ? { from: tag } : {};
  if (kind === 'text') return { kind, id, seq, time, name, ...from, message: originalText(body, detail) };
  const rest: Detail = { path: `/files/${id}`, mimeType: 'application/octet-stream', ...parseDetail(detail) };
  const file = { id, name, ...from, originalName: body, ...rest, size: size ?? 0, sha256: sha256 ?? '' };
  return { kind: 'file', seq, time, file };
}

function originalText(body: string, detail: string | null): string {
  const original = detail === null ? undefined : parseJson(detail);
  return typeof original === 'string' ? original : body;
}

function parseDetail(detail: string | null): Partial<Detail> {
  const value = detail === null ? undefined : parseJson(detail);
  return typeof value === 'object' && value !== null ? value : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // 磁盘出错: 由体检指出
    return undefined;
  }
}
