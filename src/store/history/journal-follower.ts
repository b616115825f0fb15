// 跟在预写文件后面读 (写线程里): 交出成批的记录; 读完的一段, 等下一次来要时删掉
import { closeSync, fstatSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { explainDisk, isMissing, isPassingDisk } from '../disk-errors.js';
import { type JournalPosition, type JournalRecord, listSegments, segmentPath } from './journal.js';
import { isHole, type JournalCheck, parseLine } from './journal-check.js';

// 一批至多读这么多 (字节): 一次提交的内存与时长都有界
const BATCH_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;
// 坏了的原件至多留这么多个 (每个约 4 MiB)
const MAX_DAMAGED = 8;
const DAMAGED_NAME = /^damaged-.*\.jsonl$/;

export class JournalFollower {
  readonly #folder: string;
  #segment: number;
  #offset = 0;
  /** 正在读的一段; 一直开着: 描述符用尽时照样落盘 */
  #fd: number | undefined;
  /** 下一段 (主线程先建好的), 同样先开好 */
  #ahead: number | undefined;
  /** 上个进程留下的才要核对; 本进程写的不该有坏处 */
  #check: JournalCheck | undefined;

  /** 从最早的一段读起 */
  constructor(folder: string, check?: JournalCheck) {
    this.#folder = folder;
    this.#check = check;
    this.#segment = listSegments(folder)[0] ?? 0;
  }

  /** 现有的最后一段的末尾, 写到一半的一行也算在内 */
  end(): JournalPosition {
    const segment = listSegments(this.#folder).at(-1) ?? 0;
    return { segment, bytes: Number.POSITIVE_INFINITY };
  }

  /**
   * 到 target 为止的下一批, 空的表示没有了。前提: 上一批已经提交。
   * 副作用: 删掉完全读过的段 (有坏处的留着)。错误: 本进程写的有读不懂的一行 (磁盘坏了)
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
    this.#check = undefined;
    this.#close();
    for (const segment of listSegments(this.#folder))
      rmSync(segmentPath(this.#folder, segment), { force: true });
  }

  /** 有坏处的段移到一旁, 返回新的名字。只留最近的 MAX_DAMAGED 个 */
  keepDamaged(): string[] {
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const names = [...(this.#check?.segments ?? [])].map((segment) => {
      const name = `damaged-${stamp}-journal-${segment}.jsonl`;
      renameSync(segmentPath(this.#folder, segment), path.join(this.#folder, name));
      return name;
    });
    const kept = readdirSync(this.#folder).filter((name) => DAMAGED_NAME.test(name));
    for (const name of kept.sort().slice(0, -MAX_DAMAGED)) rmSync(path.join(this.#folder, name));
    return names;
  }

  #advance(): void {
    // 先关上: Windows 删不掉开着的文件
    closeOpened(this.#fd);
    this.#fd = this.#ahead;
    this.#ahead = undefined;
    if (this.#check?.segments.has(this.#segment) !== true)
      rmSync(segmentPath(this.#folder, this.#segment), { force: true });
    this.#segment += 1;
    this.#offset = 0;
  }

  // 空的表示这一段读完了
  #read(end: number): JournalRecord[] {
    for (;;) {
      const bytes = this.#bytes(end);
      const complete = bytes.lastIndexOf(NEWLINE) + 1;
      if (complete === 0) {
        if (isHole(bytes)) this.#accept(undefined);
        return [];
      }
      this.#offset += complete;
      const records = this.#parse(bytes.subarray(0, complete));
      if (records.length > 0) return records;
    }
  }

  #parse(bytes: Buffer): JournalRecord[] {
    const records: JournalRecord[] = [];
    for (let start = 0; start < bytes.length; ) {
      const stop = bytes.indexOf(NEWLINE, start);
      const record = parseLine(bytes.toString('utf8', start, stop));
      if (this.#accept(record) && record !== undefined) records.push(record);
      start = stop + 1;
    }
    return records;
  }

  #accept(record: JournalRecord | undefined): boolean {
    if (this.#check !== undefined) return this.#check.accept(record, this.#segment);
    if (record === undefined) throw new Error('预写文件里有读不懂的一行');
    return true;
  }

  #bytes(end: number): Buffer {
    try {
      this.#fd ??= openSync(segmentPath(this.#folder, this.#segment), 'r');
    } catch (error) {
      // 还没有写过第一条的一段
      if (isMissing(error)) return Buffer.alloc(0);
      throw this.#explained(error);
    }
    const fd = this.#fd;
    this.#openAhead();
    try {
      const wanted = Math.min(end, fstatSync(fd).size) - this.#offset;
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(BATCH_BYTES, wanted)));
      if (buffer.length === 0) return buffer;
      return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, this.#offset));
    } catch (error) {
      // 句柄也许从此没有用了 (网络盘断过): 再试时重开
      this.#close();
      throw this.#explained(error);
    }
  }

  #openAhead(): void {
    try {
      this.#ahead ??= openSync(segmentPath(this.#folder, this.#segment + 1), 'r');
    } catch {
      // 还没有建, 或此刻开不了: 到读它的时候再说
    }
  }

  #close(): void {
    closeOpened(this.#fd);
    closeOpened(this.#ahead);
    this.#fd = undefined;
    this.#ahead = undefined;
  }

  // 一时的困难原样抛出, 写者凭它的码重试; 别的 (是个文件夹) 指出是哪一个
  #explained(error: unknown): unknown {
    return isPassingDisk(error) ? error : explainDisk(error, segmentPath(this.#folder, this.#segment));
  }
}

function closeOpened(fd: number | undefined): void {
  if (fd !== undefined) closeSync(fd);
}
