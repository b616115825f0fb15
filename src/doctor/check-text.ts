// 消息的文字: 每一列都应是 UTF-8, detail 应是 JSON; 不是的说明磁盘出过错, 或被别的工具写过
import { isUtf8 } from 'node:buffer';
import type { Connection } from '../store/history/database.js';
import { blobOf } from '../store/history/rows.js';
import type { Finding } from './findings.js';

// 一次取这么多行: 百万条消息也不占多少内存
const PAGE_ROWS = 2000;
// 合成一个 JSON 取字节: 直接取文字的话, 坏的一行会让原生库中止整个进程
const COLUMNS = ['kind', 'id', 'name', 'body', 'detail', 'sha256', 'sender', 'client_id'];
const SELECT = `SELECT seq, ${blobOf(`json_array(${COLUMNS.map((name) => `CAST(${name} AS TEXT)`).join()})`)},
  detail IS NULL OR json_valid(CAST(detail AS TEXT)) FROM messages WHERE seq > ? ORDER BY seq LIMIT ${PAGE_ROWS}`;

type TextRow = [seq: number, text: Uint8Array, isDetailJson: number];

/** 坏了的每行一条; subject 是数据库 */
export function checkText(database: Connection, subject: string): Finding[] {
  const statement = database.prepare(SELECT).raw();
  const findings: Finding[] = [];
  for (let above: number | undefined = Number.MIN_SAFE_INTEGER; above !== undefined; ) {
    const rows = statement.all([above]) as TextRow[];
    for (const [seq, text, isDetailJson] of rows) {
      if (!isUtf8(text)) findings.push({ kind: 'text_damaged', subject, detail: `seq ${seq}, 不是 UTF-8` });
      else if (isDetailJson === 0)
        findings.push({ kind: 'text_damaged', subject, detail: `seq ${seq}, detail 不是 JSON` });
    }
    above = rows.at(-1)?.[0];
  }
  return findings;
}
