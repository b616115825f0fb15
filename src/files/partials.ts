// 磁盘上未完成的上传: 计数与上限, 启动对账, 清扫, 满员时让位
import { AppError } from '../protocol/errors.js';
import type { FileEntry } from '../protocol/messages.js';
import type { AddressQuota, Visitor } from '../quota/ports.js';
import type { Intake } from './intake.js';
import { KeptRecords } from './kept-records.js';
import type { KeyedLock } from './keyed-lock.js';
import type { FilesLog, JournalEntry, StoredPartial, UploadJournal } from './ports.js';

export interface PartialsOptions {
  /** 未完成的至多这么多; 已完成而留着备查的也至多这么多 */
  readonly maxPartials: number;
  readonly ttlMs: number;
}

export interface PartialsParts {
  readonly intake: Intake;
  readonly journal: UploadJournal;
  readonly log: FilesLog;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  readonly lock: KeyedLock;
  /** 该上传正在内存里: 磁盘上的那份动不得 */
  readonly isLive: (uploadId: string) => boolean;
}

// 满员之后每来一个就走一个: 隔这么久才再说一次 (毫秒)
const WARN_PAUSE_MS = 3_600_000;
const RETRY_MS = 60_000;

export class Partials {
  readonly #options: PartialsOptions;
  readonly #parts: PartialsParts;
  /** 未完成的, 含内存里的; 停放着的可以让位 */
  readonly #kept: KeptRecords;
  /** 已完成的上传的记录, 旧的在前: 只为续传者补发结果而留 */
  readonly #settled = new Set<string>();
  #warnAfterMs = Number.NEGATIVE_INFINITY;

  constructor(options: PartialsOptions, parts: PartialsParts) {
    this.#options = options;
    this.#parts = parts;
    const { quota } = parts;
    this.#kept = new KeptRecords({ limit: options.maxPartials, share: 'partials', quota });
  }

  /** 占一个名额, 满了请停放着的让位; 用 erase, forget 或 settle 归还。错误: server_busy (都正在传) */
  async reserve(uploadId: string, visitor: Visitor): Promise<void> {
    for (;;) {
      const room = this.#kept.room(visitor);
      if (!room.isFull) break;
      if (room.victim === undefined) throw this.#full(visitor);
      await this.#evict(room.victim);
    }
    this.#kept.add(uploadId, visitor);
  }

  /** 停放了: 从此可以让位 */
  rest(uploadId: string): void {
    this.#kept.rest(uploadId);
  }

  /** 进了内存: 不可以让位 */
  use(uploadId: string): void {
    this.#kept.use(uploadId);
  }

  /** 不在内存里的上传: 删除磁盘上的部分文件与记录。须在锁内, 或别人还不知道 uploadId */
  async erase(uploadId: string): Promise<void> {
    await this.#parts.intake.discard(uploadId);
    await this.forget(uploadId);
  }

  /** 部分文件已经没有了: 删除记录 */
  async forget(uploadId: string): Promise<void> {
    try {
      await this.#parts.journal.remove(uploadId);
    } finally {
      this.#parts.intake.shares.drop(uploadId);
      // 删不掉 (只读的磁盘) 也归还名额: 留下的由清扫收走
      this.#kept.remove(uploadId);
    }
  }

  /** 记下已广播; 失败也不能撤回广播, 只会让重启后可能再播一次 */
  async settle(entry: JournalEntry, { seq, time, file }: FileEntry): Promise<JournalEntry> {
    this.#parts.intake.shares.settle(entry.uploadId, file.size);
    const settled = { ...entry, done: { seq, time, file } };
    this.#kept.remove(entry.uploadId);
    try {
      await this.#parts.journal.save(settled);
      await this.#retain(entry.uploadId);
    } catch (error) {
      this.#parts.log.error({ uploadId: entry.uploadId, err: error }, '无法记录完成的上传');
    }
    return settled;
  }

  /**
   * 文件已经发布 (停在发布与记下之间) 的: 没播过就补播, 记下结果; 其余原样返回。须在锁内, 或启动时。
   * 错误: storage_full, server_busy (日志还是满的; 记录留着)
   */
  async complete(entry: JournalEntry): Promise<JournalEntry> {
    if (entry.done !== undefined) return entry;
    const { intake } = this.#parts;
    const file = await intake.blobs.find(entry.fileId);
    if (file === undefined) return entry;
    const announced = await intake.announceOnce(file, entry.address);
    // 内容与别的文件相同的, 链接之后来不及删的部分文件
    await intake.discard(entry.uploadId);
    return this.settle(entry, announced);
  }

  /** 启动对账: 删除无主的部分文件, 记下已发布的, 清扫过期的; 须在补播 (reconcile) 之后 */
  async recover(): Promise<void> {
    const { intake, journal, log } = this.#parts;
    const entries = await journal.list();
    const open = entries.filter((entry) => entry.done === undefined);
    const done = entries.filter((entry) => entry.done !== undefined);
    const wanted = new Set(open.map((entry) => entry.uploadId));
    const partials = await journal.listPartials();
    const orphans = partials.filter(({ uploadId }) => !wanted.has(uploadId));
    for (const { uploadId } of orphans) await intake.discard(uploadId);
    done.sort((a, b) => a.startedAt - b.startedAt);
    for (const { uploadId } of done) await this.#retain(uploadId);
    this.#keep(open, partials);
    for (const entry of open) await this.#tryComplete(entry);
    const { size: resumable } = this.#kept;
    log.info({ orphans: orphans.length, resumable, settled: open.length - resumable }, '上传的对账完成');
    await this.sweep();
  }

  // 重启之前停放的次序: 最近写过的在后
  #keep(open: readonly JournalEntry[], partials: readonly StoredPartial[]): void {
    const touchedAt = lastTouched(partials);
    const ordered = [...open].sort((a, b) => touchedAt(a) - touchedAt(b));
    for (const { uploadId, address } of ordered) {
      this.#kept.add(uploadId, address === undefined ? undefined : { address, trusted: false });
      this.#kept.rest(uploadId);
    }
  }

  // 日志满了也要能启动; 记录留着, 续传或下次启动时再试
  async #tryComplete(entry: JournalEntry): Promise<JournalEntry> {
    try {
      return await this.complete(entry);
    } catch (error) {
      this.#parts.log.error({ uploadId: entry.uploadId, err: error }, '发布了的文件播不出去');
      return entry;
    }
  }

  /** 定时: 删除过了保留期的部分文件与记录 */
  async sweep(): Promise<void> {
    const { journal, log, lock, isLive } = this.#parts;
    const expiresBefore = Date.now() - this.#options.ttlMs;
    const touchedAt = lastTouched(await journal.listPartials());
    for (const listed of await journal.list()) {
      if (touchedAt(listed) > expiresBefore) continue;
      const { uploadId } = listed;
      await lock.run(uploadId, async () => {
        // 列出之后可能刚续传或刚完成: 以锁内再读的为准
        const entry = await journal.load(uploadId);
        if (entry === undefined || isLive(uploadId)) return;
        const { done } = await this.#tryComplete(entry);
        if (done === undefined) await this.erase(uploadId);
        else {
          this.#settled.delete(uploadId);
          await journal.remove(uploadId);
        }
        log.info({ uploadId }, '清扫过期的上传');
      });
    }
  }

  // 传得快的服务器一天能完成几十万个: 记录到上限就丢最旧的
  async #retain(uploadId: string): Promise<void> {
    this.#settled.add(uploadId);
    if (this.#settled.size <= this.#options.maxPartials) return;
    const [oldest] = this.#settled;
    if (oldest === undefined) return;
    this.#settled.delete(oldest);
    await this.#parts.journal.remove(oldest);
  }

  // 停放着的一个让位, 不论大小: 它的主人回来时得到 upload_unknown, 从头再传
  async #evict(uploadId: string): Promise<void> {
    const { journal, lock, isLive } = this.#parts;
    // 同时来的别人不能挑中同一个
    this.#kept.use(uploadId);
    this.#warn(uploadId);
    await lock.run(uploadId, async () => {
      // 等锁期间续传了, 或已删
      if (isLive(uploadId)) return;
      if ((await journal.load(uploadId)) === undefined) this.#kept.remove(uploadId);
      else await this.erase(uploadId);
    });
  }

  #warn(uploadId: string): void {
    const { log, now } = this.#parts;
    if (now() < this.#warnAfterMs) return;
    this.#warnAfterMs = now() + WARN_PAUSE_MS;
    const fields = { event: 'partial_evicted', uploadId, limit: this.#options.maxPartials };
    log.warn(fields, '未完成的上传满员, 占得最多的地址最旧的让位 (一小时之内不再说)');
  }

  #full(visitor: Visitor): AppError {
    const limit = this.#options.maxPartials;
    const isOwn = !this.#parts.quota.fits(visitor, 'partials');
    const facts = { setting: isOwn ? 'address.partials' : 'uploads.maxPartials', retryAfterMs: RETRY_MS };
    return new AppError('server_busy', { facts: isOwn ? facts : { ...facts, limit } });
  }
}

/** 最近一次写入, 没有写过的是开始; Unix 毫秒 */
function lastTouched(partials: readonly StoredPartial[]): (entry: JournalEntry) => number {
  const modifiedAt = new Map(partials.map((partial) => [partial.uploadId, partial.modifiedAt]));
  return ({ uploadId, startedAt }) => Math.max(startedAt, modifiedAt.get(uploadId) ?? 0);
}
