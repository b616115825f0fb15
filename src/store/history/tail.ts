// 内存里最近的一段记录: seq 连续, 条数与字节都有上限; 还没落盘的不丢, 加入与补发多半由它回答
import type { HistoryFilter } from '../../chat/ports.js';
import type { HistoryKind, RoomEntry } from '../../protocol/messages.js';

export interface TailLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

// 文件记录的估计大小 (字节): 名字与摘要都有界
const FILE_ENTRY_BYTES = 1024;
// 每条的固定开销 (字节): 对象头, id, 名字
const ENTRY_OVERHEAD_BYTES = 256;
// 空出的前半截超过这么多才搬一次, 均摊下来每条 O(1)
const COMPACT_AT = 1024;

export class Tail {
  readonly #limits: TailLimits;
  #entries: (RoomEntry | undefined)[] = [];
  /** 第一个有效的下标; 它之前的已经丢掉 */
  #head = 0;
  #bytes = 0;
  #nextSeq: number;
  #files = 0;

  /** nextSeq: 将要放进来的第一条 */
  constructor(limits: TailLimits, nextSeq: number) {
    this.#limits = limits;
    this.#nextSeq = nextSeq;
  }

  /** 最旧一条的 seq; 空的时候是下一条的 */
  get firstSeq(): number {
    return this.#nextSeq - this.#length;
  }

  /** 其中的文件有几个 */
  get files(): number {
    return this.#files;
  }

  get #length(): number {
    return this.#entries.length - this.#head;
  }

  /** entry.seq 须恰好接着上一条 */
  push(entry: RoomEntry): void {
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
    if (entry.kind === 'file') this.#files += 1;
    this.#nextSeq = entry.seq + 1;
  }

  /** 丢到上限以内, 但只丢 seq 不大于 durableSeq 的: 余下的别处还读不到 */
  trim(durableSeq: number): void {
    const { maxMessages, maxBytes } = this.#limits;
    while (this.firstSeq <= durableSeq && (this.#length > maxMessages || this.#bytes > maxBytes))
      this.#shift();
  }

  /** 丢掉 seq 小于它的: 已过保留期 */
  dropBelow(seq: number): void {
    while (this.#length > 0 && this.firstSeq < seq) this.#shift();
  }

  /** seq 大于它的最早若干条, 旧的在前; 至多看完整个尾部 */
  after(seq: number, { limit, kind }: HistoryFilter): RoomEntry[] {
    const start = this.#head + Math.max(0, seq + 1 - this.firstSeq);
    if (kind !== undefined) return this.#pick(kind, start, { limit, step: 1 });
    return this.#slice(start, start + limit);
  }

  /** seq 小于它的最近若干条, 旧的在前 */
  before(seq: number, { limit, kind }: HistoryFilter): RoomEntry[] {
    // 两头都夹住: before 可以远远大于最新的 seq
    const end = this.#head + Math.min(this.#length, Math.max(0, seq - this.firstSeq));
    if (kind !== undefined) return this.#pick(kind, end - 1, { limit, step: -1 }).reverse();
    return this.#slice(Math.max(this.#head, end - limit), end);
  }

  /** seq 在 (above, below) 之间而合乎 test 的, 新的在前, 够了 limit 条就停 */
  search(
    range: { readonly above: number; readonly below: number; readonly limit: number },
    test: (entry: RoomEntry) => boolean,
  ): RoomEntry[] {
    const found: RoomEntry[] = [];
    const newest = Math.min(this.#nextSeq, range.below) - 1;
    const oldest = Math.max(this.firstSeq, range.above + 1);
    for (let seq = newest; seq >= oldest && found.length < range.limit; seq -= 1) {
      const entry = this.#entries[this.#head + seq - this.firstSeq];
      if (entry !== undefined && test(entry)) found.push(entry);
    }
    return found;
  }

  // 从 start 起逐条找, 够了就停
  #pick(
    kind: HistoryKind,
    start: number,
    { limit, step }: { readonly limit: number; readonly step: 1 | -1 },
  ): RoomEntry[] {
    const found: RoomEntry[] = [];
    for (let index = start; index >= this.#head && found.length < limit; index += step) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      if (entry.kind === kind) found.push(entry);
    }
    return found;
  }

  #slice(start: number, end: number): RoomEntry[] {
    // head 之后没有空位
    return this.#entries.slice(start, end) as RoomEntry[];
  }

  #shift(): void {
    const dropped = this.#entries[this.#head];
    if (dropped === undefined) return;
    this.#bytes -= entryBytes(dropped);
    if (dropped.kind === 'file') this.#files -= 1;
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

/** 一条在内存里大约占的字节 */
export function entryBytes(entry: RoomEntry): number {
  // 正文按每字符两字节计, 是 V8 字符串的上界
  return entry.kind === 'file' ? FILE_ENTRY_BYTES : ENTRY_OVERHEAD_BYTES + entry.message.length * 2;
}
