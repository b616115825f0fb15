// 跟在预写文件后面读 (写线程里): 交出成批的记录; 读完的一段, 等下一次来要时删掉
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import type { RoomEntry } from '../../protocol/messages.js';
import { isMissing } from '../disk-errors.js';
import { type JournalPosition, type JournalRecord, listSegments, segmentPath } from './journal.js';

// 一批至多读这么多 (字节): 一次提交的内存与时长都有界
const BATCH_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;

export class JournalFollower {
  readonly #folder: string;
  #segment: number;
  #offset = 0;
  #trust: 'doubtful' | 'sound';

  /** 从最早的一段读起; doubtful: 上个进程留下的, 断过电的话可能有坏块 */
  constructor(folder: string, trust: 'doubtful' | 'sound') {
    this.#folder = folder;
    this.#trust = trust;
    this.#segment = listSegments(folder)[0] ?? 0;
  }

  /** 现有的最后一段的末尾, 写到一半的一行也算在内 */
  end(): JournalPosition {
    const segment = listSegments(this.#folder).at(-1) ?? 0;
    return { segment, bytes: Number.POSITIVE_INFINITY };
  }

  /**
   * 到 target 为止的下一批, 空的表示没有了。前提: 上一批已经提交。
   * 副作用: 删掉完全读过的段。错误: target 之内有不合格的一行 (磁盘坏了)
   */
  next(target: JournalPosition): JournalRecord[] {
    for (; this.#segment <= target.segment; this.#advance()) {
      const last = this.#segment === target.segment;
      const records = this.#read(last ? target.bytes : Number.POSITIVE_INFINITY);
      if (records.length > 0 || last) return records;
    }
    return [];
  }

  /** 读过的全部删掉: 停机时, 或启动补完之后。此后的都是本进程写的 */
  clear(): void {
    this.#trust = 'sound';
    for (const segment of listSegments(this.#folder))
      rmSync(segmentPath(this.#folder, segment), { force: true });
  }

  #advance(): void {
    rmSync(segmentPath(this.#folder, this.#segment), { force: true });
    this.#segment += 1;
    this.#offset = 0;
  }

  #read(end: number): JournalRecord[] {
    const bytes = this.#bytes(end);
    const complete = bytes.lastIndexOf(NEWLINE) + 1;
    const records: JournalRecord[] = [];
    for (let start = 0; start < complete; ) {
      const stop = bytes.indexOf(NEWLINE, start);
      const record = parse(bytes.toString('utf8', start, stop));
      if (record === undefined) {
        if (this.#trust === 'sound') throw new Error('预写文件里有读不懂的一行');
        // 断电留下的坏块: 它之后的都不可信, 整段到此为止
        this.#offset = Number.POSITIVE_INFINITY;
        return records;
      }
      records.push(record);
      start = stop + 1;
    }
    this.#offset += complete;
    return records;
  }

  #bytes(end: number): Buffer {
    let fd: number;
    try {
      fd = openSync(segmentPath(this.#folder, this.#segment), 'r');
    } catch (error) {
      // 还没有写过第一条的一段
      if (isMissing(error)) return Buffer.alloc(0);
      throw error;
    }
    try {
      const wanted = Math.min(end, fstatSync(fd).size) - this.#offset;
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(BATCH_BYTES, wanted)));
      if (buffer.length === 0) return buffer;
      return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, this.#offset));
    } finally {
      closeSync(fd);
    }
  }
}

function parse(line: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(line) as { entry?: Partial<RoomEntry> } | null;
    return Number.isSafeInteger(record?.entry?.seq) ? (record as JournalRecord) : undefined;
  } catch {
    // 不是 JSON
    return undefined;
  }
}
