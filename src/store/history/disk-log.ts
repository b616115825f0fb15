// 磁盘上的消息日志: 追加先进内存与预写文件 (同步, 几微秒), 写线程成批搬进数据库, 读线程回答更早的
//   append -> 尾部 + 预写文件 -> 广播;  写线程提交 (fsync) -> durable 兑现 -> ack

import type {
  Answer,
  Appended,
  HistoryFilter,
  Provenance,
  SearchPage,
  SearchQuery,
  SentBy,
} from '../../chat/ports.js';
import { AppError } from '../../protocol/errors.js';
import type { FileEntry, FileRecord, RoomEntry, TextEntry } from '../../protocol/messages.js';
import { PageFill } from '../../protocol/page-bytes.js';
import type { HourlyUsage } from '../../quota/daily-share.js';
import { currentBoot } from './boot.js';
import { Headroom } from './headroom.js';
import type { History } from './history.js';
import type { ProvenHistory } from './history-proof.js';
import { Journal, type JournalRecord } from './journal.js';
import { Pending } from './pending.js';
import { ReaderLink } from './reader-link.js';
import { type HistoryLogger, Refusals } from './refusals.js';
import { Tail, type TailLimits } from './tail.js';
import { searchWhole } from './whole-search.js';
import { type Opened, type WriterEvent, WriterLink } from './writer-link.js';
import type { RetentionLimits, WriterOptions } from './writer-messages.js';

export interface DiskLogOptions {
  /** 数据库与预写文件所在; 须已存在, 且只有这一个进程写 */
  readonly folder: string;
  readonly tail: TailLimits;
  /** 已广播而没落盘的上限 (字节) */
  readonly pendingBytes: number;
  /** 排队的搜索的上限 */
  readonly maxSearches: number;
  readonly sync: boolean;
  /** 这里有过历史 (怎么知道的, 一行中文): 没有数据库就不打开。undefined 则没有就新建 */
  readonly loss?: string | undefined;
  /** 有过历史的凭据; 数据库比它旧 (由备份恢复的) 就换一个编号 */
  readonly proven?: ProvenHistory | undefined;
  readonly retention: RetentionLimits;
  /** 过了保留期: 删掉文件, 之后才删它的消息; 已经没有也算成功 */
  readonly removeFile: (file: FileRecord) => Promise<void>;
  readonly logger: HistoryLogger;
}

// 读不出的日志隔多久记一行 (毫秒)
const UNREADABLE_MS = 60_000;

// 一批有这么多条就算忙
const BUSY_BATCH = 16;
// 忙的时候两次提交至少隔这么久 (毫秒)
const COMMIT_SPACING_MS = 20;

type State = 'opening' | 'open' | 'failed' | 'stopping' | 'stopped';

export class DiskLog implements History {
  readonly #options: DiskLogOptions;
  readonly #pending = new Pending();
  readonly #reader: ReaderLink;
  #state: State = 'opening';
  #epoch = '';
  #seq = 0;
  #durableSeq = 0;
  #firstSeq = 1;
  #fileCount = 0;
  #isNew = false;
  /** 到这时才再记一行读不出 */
  #unreadableAtMs = 0;
  readonly #refusals: Refusals;
  readonly #headroom: Headroom;
  #usage: readonly HourlyUsage[] = [];
  #tail: Tail;
  #journal: Journal;
  #writer: WriterLink | undefined;
  /** 已告诉写线程而还没提交的最后一条; 没有则 undefined */
  #inFlight: number | undefined;
  #retaining = false;
  /** 过期的文件删不掉, 已经说过 */
  #isKeeping = false;
  #stopped: Promise<void> | undefined;
  /** 等着叫醒写线程 */
  #waking: NodeJS.Immediate | undefined;
  #spacing: NodeJS.Timeout | undefined;

  private constructor(options: DiskLogOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.logger);
    this.#headroom = new Headroom(options.retention, Date.now);
    this.#reader = new ReaderLink({ folder: options.folder }, options.maxSearches, (reason) =>
      this.#warnUnreadable(reason),
    );
    this.#tail = new Tail(options.tail, 1);
    this.#journal = new Journal(options.folder, 1);
  }

  /** 补完上次没搬完的, 读进尾部。错误: HistoryError (丢了, 损坏), 数据库打不开, 版本太新 (都是一行中文) */
  static async open(options: DiskLogOptions): Promise<DiskLog> {
    const log = new DiskLog(options);
    const { link, opened } = await WriterLink.start(
      { ...pick(options), boot: currentBoot() },
      {
        position: () => log.#journal.position,
        crashed: (reason) => options.logger.error({ reason }, '消息日志的写线程死了, 重开'),
        reopened: (again) => log.#reopened(again),
        failed: (reason) => log.#fail(reason),
        event: (event) => log.#receive(event),
      },
    );
    log.#writer = link;
    log.#load(opened);
    return log;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** 打开时才新建的: 以前没有历史 */
  get isNew(): boolean {
    return this.#isNew;
  }

  get seq(): number {
    return this.#seq;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get fileCount(): number {
    return this.#fileCount;
  }

  /** 打开时数出的: 最近一天各地址发了多少 */
  get usage(): readonly HourlyUsage[] {
    return this.#usage;
  }

  requireRoom(): void {
    this.#headroom.require();
  }

  appendText(draft: Omit<TextEntry, 'seq'>, provenance?: Provenance): Appended<TextEntry> {
    return this.#append({ ...draft, seq: this.#seq + 1 }, provenance);
  }

  appendFile(
    { time, file }: { time: number; file: FileRecord },
    provenance?: Provenance,
  ): Appended<FileEntry> {
    return this.#append({ kind: 'file', seq: this.#seq + 1, time, file }, provenance);
  }

  recentAfter(seq: number, filter: HistoryFilter): readonly RoomEntry[] | undefined {
    const isRecent = seq + 1 >= this.#tail.firstSeq || this.#tailIsAll;
    return isRecent ? this.#tail.after(seq, filter) : undefined;
  }

  recentBefore(seq: number, filter: HistoryFilter): readonly RoomEntry[] | undefined {
    const recent = this.#tail.before(seq, filter);
    return recent.length === filter.limit || this.#tailIsAll ? recent : undefined;
  }

  after(seq: number, filter: HistoryFilter): Answer<readonly RoomEntry[]> {
    const edge = this.#tail.firstSeq;
    const found = this.recentAfter(seq, filter);
    if (found !== undefined) return found;
    // 尾部此刻的样子先留下: 数据库答完之前, 它可能已经往前走了
    const recent = this.#tail.after(edge - 1, filter);
    return this.#reader
      .ask('after', { ...filter, above: seq, below: edge })
      .then((older) => [...older, ...(isCut(older, filter) ? [] : recent)].slice(0, filter.limit));
  }

  before(seq: number, filter: HistoryFilter): Answer<readonly RoomEntry[]> {
    const recent = this.#tail.before(seq, filter);
    if (recent.length === filter.limit || this.#tailIsAll) return recent;
    const { limit } = filter;
    return this.#reader
      .ask('before', {
        ...filter,
        below: Math.min(seq, this.#tail.firstSeq),
        limit: limit - recent.length,
      })
      .then((older) => [...older, ...recent]);
  }

  async findSent(sentBy: SentBy): Promise<RoomEntry | undefined> {
    return this.#pending.findSent(sentBy) ?? this.#reader.ask('sent', sentBy);
  }

  async sentIds(sender: string): Promise<readonly string[] | undefined> {
    // 先看没落盘的, 再问数据库: 期间落盘的两边都有, 不会漏
    const pending = this.#pending.sentIds(sender);
    const durable = await this.#reader.ask('sentIds', sender);
    return durable === undefined ? undefined : [...durable, ...pending];
  }

  search(query: SearchQuery): Promise<SearchPage> {
    const parts = { tail: this.#tail, durableSeq: this.#durableSeq };
    return searchWhole(query, parts, (request) => this.#reader.ask('search', request));
  }

  async hasSize(size: number): Promise<boolean> {
    if (this.#pending.findFile((file) => file.size === size) !== undefined) return true;
    return this.#reader.ask('hasSize', size);
  }

  async find(sha256: string, size: number): Promise<FileRecord | undefined> {
    const same = (file: FileRecord): boolean => file.sha256 === sha256 && file.size === size;
    return this.#pending.findFile(same)?.file ?? this.#reader.ask('content', { sha256, size });
  }

  async knownFiles(): Promise<ReadonlySet<string>> {
    // 空的日志不必为此启动读线程
    if (this.#firstSeq > this.#seq) return new Set();
    return new Set(await this.#reader.ask('fileIds', undefined));
  }

  async findFile(fileId: string): Promise<FileEntry | undefined> {
    return this.#pending.findFile(({ id }) => id === fileId) ?? this.#reader.ask('file', fileId);
  }

  beginRetention(): void {
    this.#retaining = true;
    this.#writer?.send({ kind: 'retain' });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#shutdown();
    return this.#stopped;
  }

  #load({ epoch, isNew, seq, firstSeq, files, fullness, usage, segment, tail }: Opened): void {
    this.#headroom.reset(fullness);
    this.#usage = usage;
    this.#fileCount = files;
    this.#epoch = epoch;
    this.#isNew = isNew;
    this.#seq = seq;
    this.#durableSeq = seq;
    this.#firstSeq = firstSeq;
    this.#journal = new Journal(this.#options.folder, segment);
    this.#tail = new Tail(this.#options.tail, tail[0]?.seq ?? seq + 1);
    for (const entry of tail) this.#tail.push(entry);
    this.#tail.trim(seq);
    this.#state = 'open';
  }

  // 内存里就是全部: 不必问数据库
  get #tailIsAll(): boolean {
    return this.#tail.firstSeq <= this.#firstSeq;
  }

  #append<E extends RoomEntry>(entry: E, provenance: Provenance = {}): Appended<E> {
    this.#mustBeOpen();
    const bytes = this.#write({ entry, ...provenance });
    // 交给操作系统之后才占用 seq: 失败的没有发生过
    this.#seq = entry.seq;
    if (entry.kind === 'file') this.#fileCount += 1;
    this.#headroom.appended(entry.time);
    this.#tail.push(entry);
    const durable = this.#pending.add(entry, bytes, provenance.sentBy);
    this.#flushSoon();
    return { entry, durable };
  }

  #write(record: JournalRecord): number {
    try {
      this.#requirePlace();
      this.#headroom.require();
      return this.#journal.append(record);
    } catch (error) {
      this.#refusals.refused(error);
      throw error;
    }
  }

  // 没落盘的还装得下
  #requirePlace(): void {
    const { pendingBytes: limit } = this.#options;
    if (this.#pending.bytes < limit) return;
    throw new AppError('server_busy', { facts: { setting: 'history.pendingBytes', limit } });
  }

  #mustBeOpen(): void {
    if (this.#state === 'open') return;
    if (this.#state === 'failed') throw brokenLog();
    throw new AppError('server_stopping');
  }

  // 写线程闲着: 等两圈, 广播写出去之后再叫醒它。同时动手的话, 它与广播争 CPU, 千人的房间里单独一条晚一两毫秒 (实测)
  #flushSoon(): void {
    if (this.#inFlight !== undefined || (this.#waking ?? this.#spacing) !== undefined) return;
    this.#waking = setImmediate(() => {
      this.#waking = setImmediate(() => this.#flush());
    });
  }

  // 忙的时候隔一阵才提交下一批: 写线程的 CPU 大半是 COMMIT, 应答反正要等一拍广播
  #flushNext(batch: number): void {
    if (batch < BUSY_BATCH) this.#flush();
    else this.#spacing ??= setTimeout(() => this.#flush(), COMMIT_SPACING_MS);
  }

  // 上次的提交完了才通知下一次: 自然成批
  #flush(): void {
    clearImmediate(this.#waking);
    clearTimeout(this.#spacing);
    this.#waking = undefined;
    this.#spacing = undefined;
    if (this.#inFlight !== undefined || this.#pending.isEmpty) return;
    this.#pending.seal();
    this.#inFlight = this.#seq;
    this.#writer?.send({ kind: 'grown', to: this.#journal.position });
  }

  #receive(event: WriterEvent): void {
    const { logger } = this.#options;
    if (event.kind === 'durable') this.#committed(event);
    else if (event.kind === 'expire') void this.#removeFiles(event.files);
    else if (event.kind === 'trimmed') this.#trimmed(event);
    else if (event.kind === 'trouble')
      logger.error({ reason: event.reason }, '消息写不进数据库, 一直重试; 应答先等着');
    else if (event.kind === 'choreless')
      logger.error(
        { reason: event.reason },
        '消息数据库有坏处: 搜索索引与保留期都停了, 消息照收; 请停机后运行 npm run doctor',
      );
    else if (event.kind === 'damaged') this.#warnDamage(event);
    else if (event.kind === 'upgraded')
      logger.info(
        { backup: event.backup },
        '消息数据库升级了, 升级之前的留有副本; 搜索索引若要重编, 在后台进行, 其间的搜索照样准, 只是慢些',
      );
    else logger.info({}, '消息又写得进数据库了');
  }

  #warnDamage({ kind: _kind, ...counts }: Extract<WriterEvent, { kind: 'damaged' }>): void {
    const outcome = counts.isTailLost ? '播出去的消息有的丢了, 历史换了编号, 客户端会重新取' : '消息没有丢';
    this.#options.logger.warn(counts, `上次留下的预写文件有坏处 (原件留在 history/): ${outcome}`);
  }

  // 坏了的话每个查询都这样: 隔一阵记一行
  #warnUnreadable(reason: string): void {
    const nowMs = performance.now();
    if (nowMs < this.#unreadableAtMs) return;
    this.#unreadableAtMs = nowMs + UNREADABLE_MS;
    this.#options.logger.error({ reason }, '翻页或搜索时消息数据库读不出; 请停机后运行 npm run doctor 检查');
  }

  #committed({ seq, usedBytes }: { readonly seq: number; readonly usedBytes: number }): void {
    this.#headroom.committed(usedBytes);
    // 到了上限: 旧的马上删, 不等下一个 10 秒
    if (this.#retaining && this.#headroom.isCrowded) this.#writer?.send({ kind: 'retain' });
    this.#settle(seq);
  }

  #settle(seq: number): void {
    const batch = seq - this.#durableSeq;
    this.#durableSeq = seq;
    this.#pending.settle(seq);
    this.#tail.trim(seq);
    if (this.#pending.isEmpty) this.#refusals.settled();
    if (this.#inFlight !== undefined && seq >= this.#inFlight) this.#inFlight = undefined;
    this.#flushNext(batch);
  }

  // 死之前提交了而没来得及说的, 也在 seq 里
  #reopened({ seq, files, fullness }: Opened): void {
    this.#headroom.reset({ ...fullness, rows: fullness.rows + this.#seq - seq });
    this.#inFlight = undefined;
    // 死之前删了过期的而没来得及说: 重新数
    const newer = { above: seq, below: Number.MAX_SAFE_INTEGER, limit: Number.POSITIVE_INFINITY };
    this.#fileCount = files + this.#tail.search(newer, ({ kind }) => kind === 'file').length;
    if (this.#retaining) this.beginRetention();
    this.#settle(seq);
  }

  #fail(reason: string): void {
    this.#state = 'failed';
    this.#options.logger.error(
      { reason },
      '消息日志的写线程屡次起不来: 不再接受新消息; 可运行 npm run doctor 检查',
    );
    this.#pending.abandon(brokenLog());
  }

  async #removeFiles(files: readonly FileRecord[]): Promise<void> {
    try {
      // 一个一个地删: 不与下载争磁盘
      for (const file of files) await this.#options.removeFile(file);
      this.#isKeeping = false;
      this.#writer?.send({ kind: 'expired' });
    } catch (error) {
      // 每 10 秒再试一次: 只读的磁盘上不能每次都记一行
      if (!this.#isKeeping) this.#options.logger.warn({ err: error }, '过期的文件删不掉, 它的消息先留着');
      this.#isKeeping = true;
      this.#writer?.send({ kind: 'kept' });
    }
  }

  #trimmed({ firstSeq, files, fullness }: Extract<WriterEvent, { kind: 'trimmed' }>): void {
    this.#fileCount -= files;
    // 写线程还没有提交的也算
    this.#headroom.reset({ ...fullness, rows: fullness.rows + this.#seq - this.#durableSeq });
    this.#firstSeq = firstSeq;
    this.#tail.dropBelow(firstSeq);
  }

  async #shutdown(): Promise<void> {
    this.#state = 'stopping';
    this.#inFlight = undefined;
    this.#flush();
    // 先关上: Windows 删不掉开着的文件
    this.#journal.close();
    const clean = await this.#writer?.stop();
    if (clean === false)
      this.#options.logger.warn({}, '停机时还有消息没写进数据库; 下次启动时从预写文件补上');
    this.#pending.abandon(new AppError('server_stopping'));
    this.#refusals.stop();
    await this.#reader.stop();
    this.#state = 'stopped';
  }
}

// 读到放不下为止, 尾部之前还有没读的: 接上尾部就漏了它们
function isCut(older: readonly RoomEntry[], { maxBytes = Number.POSITIVE_INFINITY }: HistoryFilter): boolean {
  const fill = new PageFill(maxBytes);
  for (const entry of older) fill.add(entry);
  return fill.isFull;
}

// 重启之后也许就好: 可以重试, 客户端留着没有收下的
function brokenLog(): AppError {
  return new AppError('internal', { detail: '消息日志写不进, 请看服务器的日志', retryable: true });
}

// 交给写线程的: 函数过不去
function pick({ folder, sync, loss, proven, retention, tail }: DiskLogOptions): Omit<WriterOptions, 'boot'> {
  const { maxMessages, maxAgeDays, maxBytes, keepDays, fileDays = 0 } = retention;
  const limits = { maxMessages, maxAgeDays, maxBytes, keepDays, fileDays };
  return { folder, sync, loss, proven, tail, retention: limits };
}
