// 预写文件的体检: 与服务器启动时同样地核对, 坏处指到行
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type JournalRecord, listSegments, segmentPath } from '../store/history/journal.js';
import { isHole, JournalCheck, parseLine } from '../store/history/journal-check.js';
import type { Finding } from './findings.js';
import { isFolder } from './misplaced.js';

const NEWLINE = 10;

export interface JournalView {
  /** 收得下而还没有进数据库的 */
  readonly records: readonly JournalRecord[];
  readonly findings: readonly Finding[];
  readonly isTailLost: boolean;
  /** 有坏处的文件里收得下的各行 */
  readonly sound: ReadonlyMap<string, readonly string[]>;
}

/** folder 是存储目录的 history/; lastSeq 是数据库里的最后一条 */
export function examineJournal(folder: string, lastSeq: number): JournalView {
  const check = new JournalCheck(lastSeq);
  const records: JournalRecord[] = [];
  const findings: Finding[] = [];
  const sound = new Map<string, string[]>();
  for (const segment of listSegments(folder)) {
    const name = path.basename(segmentPath(folder, segment));
    // 另外报过
    if (isFolder(path.join(folder, name))) continue;
    const lines = linesOf(path.join(folder, name));
    const parsed = lines.map(parseLine);
    const taken = parsed.map((record) => check.accept(record, segment));
    records.push(...parsed.flatMap((record, at) => (record !== undefined && taken[at] ? [record] : [])));
    if (!check.segments.has(segment)) continue;
    sound.set(
      name,
      lines.filter((_line, at) => taken[at]),
    );
    const detail = `第 ${taken.indexOf(false) + 1} 行${parsed.includes(undefined) ? '' : '起接不上前面的序号'}`;
    findings.push({ kind: 'journal_damaged', subject: `history/${name}`, detail });
  }
  const fresh = records.filter(({ entry }) => entry.seq > lastSeq);
  return { records: fresh, findings, isTailLost: check.damage?.isTailLost ?? false, sound };
}

/** 副作用: 名为 name 的有坏处, 就改写成只有收得下的各行 */
export function keepSound(folder: string, name: string, { sound }: JournalView): void {
  const lines = sound.get(name);
  if (lines === undefined) return;
  const file = path.join(folder, name);
  writeFileSync(`${file}.tmp`, lines.map((line) => `${line}\n`).join(''));
  renameSync(`${file}.tmp`, file);
}

// 最后一行没有换行: 写到一半崩溃, 那一条没有播出去, 不算坏; 空洞算
function linesOf(file: string): string[] {
  const bytes = readFileSync(file);
  const complete = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = bytes.toString('utf8', 0, complete).split('\n').slice(0, -1);
  return isHole(bytes.subarray(complete)) ? [...lines, '\0'] : lines;
}
