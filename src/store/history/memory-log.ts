// 内存里的消息日志: 最近若干条, 条数与字节都有上限; 不持久 (history.store 为 memory 时用)
import { randomUUID } from 'node:crypto';
import type { Appended, HistoryFilter, SearchPage, SearchQuery } from '../../chat/ports.js';
import type { FileEntry, FileRecord, RoomEntry, TextEntry } from '../../protocol/messages.js';
import { matches } from '../../protocol/search-query.js';
import type { History } from './history.js';
import { searchedOf } from './searched.js';
import { Tail, type TailLimits } from './tail.js';

const DURABLE = Promise.resolve();

export class MemoryLog implements History {
  readonly epoch = randomUUID();
  readonly usage = [];
  readonly #tail: Tail;
  #seq = 0;

  constructor(limits: TailLimits) {
    this.#tail = new Tail(limits, 1);
  }

  get seq(): number {
    return this.#seq;
  }

  get firstSeq(): number {
    return this.#tail.firstSeq;
  }

  get fileCount(): number {
    return this.#tail.files;
  }

  appendText(draft: Omit<TextEntry, 'seq'>): Appended<TextEntry> {
    return this.#append({ ...draft, seq: this.#seq + 1 });
  }

  appendFile({ time, file }: { time: number; file: FileRecord }): Appended<FileEntry> {
    return this.#append({ kind: 'file', seq: this.#seq + 1, time, file });
  }

  recentAfter(seq: number, filter: HistoryFilter): readonly RoomEntry[] {
    return this.#tail.after(seq, filter);
  }

  recentBefore(seq: number, filter: HistoryFilter): readonly RoomEntry[] {
    return this.#tail.before(seq, filter);
  }

  after(seq: number, filter: HistoryFilter): readonly RoomEntry[] {
    return this.#tail.after(seq, filter);
  }

  before(seq: number, filter: HistoryFilter): readonly RoomEntry[] {
    return this.#tail.before(seq, filter);
  }

  /** 什么都没有存盘: 重启之后没有可认的 */
  async findSent(): Promise<undefined> {}

  async sentIds(): Promise<readonly string[]> {
    return [];
  }

  async search({ criteria, limit, before, count }: SearchQuery): Promise<SearchPage> {
    const test = (entry: RoomEntry): boolean => matches(criteria, searchedOf(entry));
    const found = this.#newest(before ?? Number.POSITIVE_INFINITY, limit + 1, test);
    const page = { entries: found.slice(0, limit), more: found.length > limit };
    if (!count) return page;
    const all = this.#newest(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, test);
    return { ...page, total: all.length };
  }

  async hasSize(size: number): Promise<boolean> {
    return this.#files((file) => file.size === size, 1).length > 0;
  }

  async find(sha256: string, size: number): Promise<FileRecord | undefined> {
    return this.#files((file) => file.size === size && file.sha256 === sha256, 1)[0];
  }

  async findFile(fileId: string): Promise<FileEntry | undefined> {
    const wanted = (entry: RoomEntry): boolean => entry.kind === 'file' && entry.file.id === fileId;
    const [found] = this.#newest(Number.POSITIVE_INFINITY, 1, wanted);
    return found?.kind === 'file' ? found : undefined;
  }

  async knownFiles(): Promise<ReadonlySet<string>> {
    return new Set(this.#files(() => true, Number.POSITIVE_INFINITY).map(({ id }) => id));
  }

  /** 只留最近若干条 (chat.historyMessages), 新的挤掉旧的: 不落盘的不留底 */
  requireRoom(): void {}

  /** 尾部自有上限, 没有别的可删 */
  beginRetention(): void {}

  async stop(): Promise<void> {}

  #files(test: (file: FileRecord) => boolean, limit: number): FileRecord[] {
    const found = this.#newest(
      Number.POSITIVE_INFINITY,
      limit,
      (entry) => entry.kind === 'file' && test(entry.file),
    );
    return found.flatMap((entry) => (entry.kind === 'file' ? [entry.file] : []));
  }

  #newest(below: number, limit: number, test: (entry: RoomEntry) => boolean): RoomEntry[] {
    return this.#tail.search({ above: 0, below, limit }, test);
  }

  #append<E extends RoomEntry>(entry: E): Appended<E> {
    this.#seq = entry.seq;
    this.#tail.push(entry);
    this.#tail.trim(entry.seq);
    return { entry, durable: DURABLE };
  }
}
