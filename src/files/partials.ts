// 磁盘上未完成的上传: 计数与上限, 启动对账, 清扫, 满员时让位
import { AppError } from '../protocol/errors.js';
import type { FileEntry } from '../protocol/messages.js';
import type { Intake } from './intake.js';
import type { KeyedLock } from './keyed-lock.js';
import type { FilesLog, JournalEntry, UploadJournal } from './ports.js';

export interface PartialsOptions {
  /** 未完成的至多这么多; 已完成而留着备查的也至多这么多 */
  readonly maxPartials: number;
  readonly ttlMs: number;
  /** 满员时, 停放着而不足这么多字节的可以让位 */
  readonly spareBytes: number;
}

export interface PartialsParts {
  readonly intake: Intake;
  readonly journal: UploadJournal;
  readonly log: FilesLog;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  readonly lock: KeyedLock;
  /** 该上传正在内存里: 磁盘上的那份动不得 */
  readonly isLive: (uploadId: string) => boolean;
}

// 让位要列一遍目录: 找不到可让的就歇一会, 免得每个被拒的开始都去列
const RECLAIM_PAUSE_MS = 10_000;

export class Partials {
  readonly #options: PartialsOptions;
  readonly #parts: PartialsParts;
  /** 含内存里的 */
  #count = 0;
  /** 已完成的上传的记录, 旧的在前: 只为续传者补发结果而留 */
  readonly #settled = new Set<string>();
  #reclaiming: Promise<void> | undefined;
  #reclaimAfterMs = Number.NEGATIVE_INFINITY;

  constructor(options: PartialsOptions, parts: PartialsParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** 占一个名额; 用 erase, forget 或 settle 归还。错误: server_busy */
  async reserve(): Promise<void> {
    if (this.#full) await this.#reclaim();
    if (this.#full) throw new AppError('server_busy', { facts: { limit: this.#options.maxPartials } });
    this.#count += 1;
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
      // 删不掉 (只读的磁盘) 也归还名额: 留下的由清扫收走
      this.#count -= 1;
    }
  }

  /** 记下已广播; 失败也不能撤回广播, 只会让重启后可能再播一次 */
  async settle(entry: JournalEntry, { seq, time, file }: FileEntry): Promise<JournalEntry> {
    const settled = { ...entry, done: { seq, time, file } };
    this.#count -= 1;
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
    const announced = await intake.announceOnce(file);
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
    const orphans = (await journal.listPartials()).filter(({ uploadId }) => !wanted.has(uploadId));
    for (const { uploadId } of orphans) await intake.discard(uploadId);
    done.sort((a, b) => a.startedAt - b.startedAt);
    for (const { uploadId } of done) await this.#retain(uploadId);
    this.#count = open.length;
    for (const entry of open) await this.#tryComplete(entry);
    const settled = open.length - this.#count;
    log.info({ orphans: orphans.length, resumable: this.#count, settled }, '上传的对账完成');
    await this.sweep();
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
    const partials = await journal.listPartials();
    const modifiedAt = new Map(partials.map((partial) => [partial.uploadId, partial.modifiedAt]));
    for (const { uploadId, startedAt } of await journal.list()) {
      if (Math.max(startedAt, modifiedAt.get(uploadId) ?? 0) > expiresBefore) continue;
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

  get #full(): boolean {
    return this.#count >= this.#options.maxPartials;
  }

  // 开始了就消失的人不能把名额占上一天: 满员时先请走不足一个分片的, 重传它们的代价最小
  async #reclaim(): Promise<void> {
    if (this.#parts.now() < this.#reclaimAfterMs) return;
    this.#reclaiming ??= this.#evictSmall().finally(() => {
      this.#reclaiming = undefined;
    });
    await this.#reclaiming;
  }

  async #evictSmall(): Promise<void> {
    const { journal, log, lock, isLive, now } = this.#parts;
    const partials = await journal.listPartials();
    const small = partials.filter(({ bytes }) => bytes < this.#options.spareBytes);
    let evicted = 0;
    for (const { uploadId } of small) {
      await lock.run(uploadId, async () => {
        // 先读记录再问: 读到记录时, 正在开始的那些已经进了内存
        if ((await journal.load(uploadId)) === undefined || isLive(uploadId)) return;
        await this.erase(uploadId);
        evicted += 1;
      });
    }
    if (evicted === 0) this.#reclaimAfterMs = now() + RECLAIM_PAUSE_MS;
    log.warn({ evicted, limit: this.#options.maxPartials }, '未完成的上传满员');
  }
}
