// 预写文件: 广播之前, 记录先追加到这里 (交给操作系统, 不落盘); 写线程随后把它搬进数据库
//   journal-1.jsonl, journal-2.jsonl ... 每行一条 JSON; 写到一半的最后一行 (没有换行) 不算数
import { closeSync, ftruncateSync, openSync, readdirSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Provenance } from '../../chat/ports.js';
import { AppError } from '../../protocol/errors.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { refuseEntry } from '../disk-errors.js';

export interface JournalRecord extends Provenance {
  readonly entry: RoomEntry;
}

/** 预写文件里的一个位置: 第 segment 个文件的前 bytes 字节 */
export interface JournalPosition {
  readonly segment: number;
  readonly bytes: number;
}

// 一个文件的大小: 全部搬进数据库之后整个删掉
const SEGMENT_BYTES = 4 * 1024 * 1024;
const SEGMENT_NAME = /^journal-(\d+)\.jsonl$/;
// 常见的一条远小于它; 更长的另外分配
const SCRATCH_BYTES = 64 * 1024;
// UTF-16 一个单元至多占 3 个 UTF-8 字节
const MAX_BYTES_PER_UNIT = 3;

export class Journal {
  readonly #folder: string;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #segment: number;
  #fd: number | undefined;
  /** 下一段, 先开好: 描述符用尽时换段不必再开 */
  #ahead: number | undefined;
  #bytes = 0;

  /** 从第 segment 个文件写起; 写第一条时才建立 */
  constructor(folder: string, segment: number) {
    this.#folder = folder;
    this.#segment = segment;
  }

  get position(): JournalPosition {
    return { segment: this.#segment, bytes: this.#bytes };
  }

  /**
   * 追加一条, 返回占用的字节。返回时已在页缓存里: 进程被 kill -9 也不丢。
   * 错误: storage_full, server_busy (都可重试); 抛错时没有留下半条
   */
  append(record: JournalRecord): number {
    const line = `${JSON.stringify(record)}\n`;
    const most = line.length * MAX_BYTES_PER_UNIT;
    const buffer = most <= SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafe(most);
    const length = buffer.write(line);
    this.#write(buffer.subarray(0, length));
    if (this.#bytes >= SEGMENT_BYTES) this.#rotate();
    return length;
  }

  close(): void {
    closeQuietly(this.#fd);
    this.#fd = undefined;
    this.#closeAhead();
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#fd ??= openSync(segmentPath(this.#folder, this.#segment), 'w');
      // 定位写: 上次写了一半的会被这次盖住
      const written = writeSync(this.#fd, bytes, 0, bytes.length, this.#bytes);
      if (written < bytes.length) throw new AppError('storage_full', { retryable: true });
      this.#bytes += written;
      this.#openAhead();
    } catch (error) {
      this.#discardTorn();
      const refusal = refuseEntry(error);
      if (!isFull(refusal)) this.#reopenNext();
      throw refusal;
    }
  }

  // 句柄可能从此没有用了 (网络盘断过, 换过挂载): 下一条另开。写过的不能再以 w 打开, 那会清空它
  #reopenNext(): void {
    // 先开好的一样没有用了
    this.#closeAhead();
    if (this.#bytes > 0) this.#rotate();
    else this.close();
  }

  #discardTorn(): void {
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      // 截不掉也不要紧: 写线程只读到 position, 重启后半行不算数, 下一条又从这里写起
    }
  }

  #rotate(): void {
    closeQuietly(this.#fd);
    this.#fd = this.#ahead;
    this.#ahead = undefined;
    this.#segment += 1;
    this.#bytes = 0;
  }

  // 空的一段: 断电留下它也无妨。开不了就到用的时候再开
  #openAhead(): void {
    if (this.#ahead !== undefined) return;
    try {
      this.#ahead = openSync(segmentPath(this.#folder, this.#segment + 1), 'w');
    } catch {
      // 这一条已经写好了: 不能说没有
    }
  }

  #closeAhead(): void {
    closeQuietly(this.#ahead);
    this.#ahead = undefined;
  }
}

function closeQuietly(fd: number | undefined): void {
  if (fd === undefined) return;
  try {
    closeSync(fd);
  } catch {
    // 网络盘到关的时候才报错: 已经交出去的不能改口说没有, 写线程读不回来自会说
  }
}

// 满了的磁盘, 句柄是好的: 最后一页里还放得下短的
function isFull(error: unknown): boolean {
  return error instanceof AppError && error.code === 'storage_full';
}

export function segmentPath(folder: string, segment: number): string {
  return path.join(folder, `journal-${segment}.jsonl`);
}

export function isSegment(name: string): boolean {
  return SEGMENT_NAME.test(name);
}

/** 现有的各段, 从小到大 */
export function listSegments(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other);
}
