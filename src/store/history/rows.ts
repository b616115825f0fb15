// 消息记录与数据库的行之间的换算
import type { SentBy } from '../../chat/ports.js';
import type { FileRecord, RoomEntry } from '../../protocol/messages.js';

/** 次序同 COLUMNS */
export type Row = [
  seq: number,
  kind: string,
  id: string,
  time: number,
  name: string,
  body: string,
  detail: string | null,
  sha256: string | null,
  size: number | null,
];

export const COLUMNS = 'm.seq, m.kind, m.id, m.time, m.name, m.body, m.detail, m.sha256, m.size';
export const INSERT = `INSERT INTO messages
  (seq, kind, id, time, name, body, detail, sha256, size, sender, client_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

type Detail = Omit<FileRecord, 'id' | 'name' | 'originalName' | 'sha256' | 'size'>;

/** INSERT 的参数 */
export function insertValues(entry: RoomEntry, sentBy: SentBy | undefined): (string | number | null)[] {
  const sent = [sentBy?.sender ?? null, sentBy?.clientId ?? null];
  if (entry.kind === 'text') {
    const { seq, kind, id, time, name, message } = entry;
    // 原生库把字符串读到 U+0000 为止: 原文另存
    const plain = message.replaceAll('\0', '\uFFFD');
    return [
      seq,
      kind,
      id,
      time,
      name,
      plain,
      plain === message ? null : JSON.stringify(message),
      null,
      null,
      ...sent,
    ];
  }
  const { seq, kind, time, file } = entry;
  // 有列的字段不在 JSON 里重复
  const { id, name, originalName, sha256, size, ...detail } = file;
  return [seq, kind, id, time, name, originalName, JSON.stringify(detail), sha256, size, ...sent];
}

export function toEntry([seq, kind, id, time, name, body, detail, sha256, size]: Row): RoomEntry {
  if (kind === 'text') {
    return { kind, id, seq, time, name, message: detail === null ? body : (JSON.parse(detail) as string) };
  }
  const rest = JSON.parse(detail ?? '{}') as Detail;
  const file = { id, name, originalName: body, ...rest, size: size ?? 0, sha256: sha256 ?? '' };
  return { kind: 'file', seq, time, file };
}
