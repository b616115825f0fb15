// 后台校验标过的: 没有逐个核对时照它的记录报; 逐个核对过又要修复的, 把已经完好的从记录里去掉
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { writeJson } from '../store/json-file.js';
import { readScrubRecord } from '../store/scrub-state.js';
import { SCRUB_RECORD } from '../store/storage-folder.js';
import type { Finding } from './findings.js';
import type { Inventory } from './inventory.js';
import { isFolder } from './misplaced.js';

/** 标过, 而样子还与那时一样的; 换过的要 --hashes 才知道 */
export async function checkMarks(root: string, { files }: Inventory): Promise<Finding[]> {
  const findings: Finding[] = [];
  // 位置不对的另外报
  if (isFolder(path.join(root, SCRUB_RECORD))) return findings;
  const { damaged } = await readScrubRecord(path.join(root, SCRUB_RECORD));
  const marks = new Map(damaged.map((mark) => [mark.inode, mark]));
  if (marks.size === 0) return findings;
  for (const { name } of files.values()) {
    const { ino, size, mtimeMs } = await stat(path.join(root, 'files', name));
    const mark = marks.get(ino);
    if (mark === undefined || mark.size !== size || mark.mtimeMs !== mtimeMs) continue;
    const detail = `后台校验在 ${new Date(mark.foundAt).toISOString()} 查出`;
    findings.push({ kind: 'hash_mismatch', subject: `files/${name}`, detail });
  }
  return findings;
}

/** findings 是逐个核对的结果。副作用: 记录里只留下仍然坏的 */
export async function settleMarks(root: string, findings: readonly Finding[]): Promise<void> {
  const file = path.join(root, SCRUB_RECORD);
  if (isFolder(file)) return;
  const record = await readScrubRecord(file);
  if (record.damaged.length === 0) return;
  const bad = new Set(
    findings.filter(({ kind }) => kind === 'hash_mismatch').map(({ subject }) => path.basename(subject)),
  );
  await writeJson(file, { ...record, damaged: record.damaged.filter(({ name }) => bad.has(name)) });
}
