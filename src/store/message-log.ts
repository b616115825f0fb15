// 内存里的消息日志: 最近若干条, 条数与字节都有上限; 不持久 (history.store 为 memory 时用)
import { randomUUID } from 'node:crypto';
import type { Appended, HistoryFilter, MessageLog, SearchPage, SearchQuery } from '../chat/ports.js';
import type { ContentIndex } from '../files/ports.js';
import type { FileEntry, FileRecord, HistoryKind, RoomEntry, TextEntry } from '../protocol/messages.js';

export interface MemoryLogOptions {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

// 文件记录的估计大小 (字节): 名字与摘要都有界
const FILE_ENTRY_BYTES = 1024;
// 每条的固定开销 (字节): 对象头, id, 名字
const ENTRY_OVERHEAD_BYTES = 256;
const DURABLE = Promise.resolve();

export class MemoryLog implements MessageLog, ContentIndex {
  readonly epoch = randomUUID();
  readonly #options: MemoryLogOptions;
  readonly #entries: RoomEntry[] = [];
  #bytes = 0;
  #seq = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
  }

  get seq(): number {
    return this.#seq;
  }

  appendText(draft: Omit<TextEntry, 'seq'>): Appended<TextEntry> {
    return this.#append({ ...draft, seq: this.#nextSeq() });
  }

  appendFile({ time, file }: { time: number; file: FileRecord }): Appended<FileEntry> {
    return this.#append({ kind: 'file', seq: this.#nextSeq(), time, file });
  }

  after(seq: number, { limit, kind }: HistoryFilter): readonly RoomEntry[] {
    const start = Math.max(0, this.#indexOf(seq + 1));
    if (kind !== undefined) return this.#pick(kind, start, { limit, step: 1 });
    return this.#entries.slice(start, start + limit);
  }

  before(seq: number, { limit, kind }: HistoryFilter): readonly RoomEntry[] {
    // 两头都夹住: before 可以远远大于最新的 seq
    const end = Math.min(this.#entries.length, Math.max(0, this.#indexOf(seq)));
    if (kind !== undefined) return this.#pick(kind, end - 1, { limit, step: -1 }).reverse();
    return this.#entries.slice(Math.max(0, end - limit), end);
  }

  /** 什么都没有存盘: 重启之后没有可认的 */
  async findSent(): Promise<undefined> {}

  async hasSize(size: number): Promise<boolean> {
    return this.#entries.some((entry) => entry.kind === 'file' && entry.file.size === size);
  }

  async find(sha256: string, size: number): Promise<FileRecord | undefined> {
    for (const entry of this.#entries) {
      if (entry.kind === 'file' && entry.file.sha256 === sha256 && entry.file.size === size)
        return entry.file;
    }
    return undefined;
  }

  async search({ query, limit, before = Number.POSITIVE_INFINITY }: SearchQuery): Promise<SearchPage> {
    const wanted = query.toLowerCase();
    const found = this.#entries.filter(
      (entry) => entry.seq < before && searchable(entry).toLowerCase().includes(wanted),
    );
    return { entries: found.slice(-limit).reverse(), more: found.length > limit };
  }

  // 从 start 起逐条找, 够了就停; 至多看完 maxMessages 条
  #pick(
    kind: HistoryKind,
    start: number,
    { limit, step }: { readonly limit: number; readonly step: 1 | -1 },
  ): RoomEntry[] {
    const found: RoomEntry[] = [];
    for (let index = start; found.length < limit; index += step) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      if (entry.kind === kind) found.push(entry);
    }
    return found;
  }

  // seq 连续, 所以下标只是一次减法
  #indexOf(seq: number): number {
    const firstSeq = this.#entries[0]?.seq ?? seq;
    return seq - firstSeq;
  }

  #nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  #append<E extends RoomEntry>(entry: E): Appended<E> {
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
    while (this.#entries.length > this.#options.maxMessages || this.#bytes > this.#options.maxBytes) {
      const dropped = this.#entries.shift();
      if (dropped === undefined) break;
      this.#bytes -= entryBytes(dropped);
    }
    return { entry, durable: DURABLE };
  }
}

function searchable(entry: RoomEntry): string {
  return entry.kind === 'text' ? entry.message : entry.file.originalName;
}

function entryBytes(entry: RoomEntry): number {
  // 正文按每字符两字节计, 是 V8 字符串的上界
  return entry.kind === 'file' ? FILE_ENTRY_BYTES : ENTRY_OVERHEAD_BYTES + entry.message.length * 2;
}
