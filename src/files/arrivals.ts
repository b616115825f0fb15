// 上传进入内存: 开始, 凭令牌续传, 从别的连接接管; 名额满了请谁让位
//   磁盘上可续传 --续传--> live;  新的 --开始--> live;  live --接管--> 换了主人的 live
import { randomBytes } from 'node:crypto';
import { AppError } from '../protocol/errors.js';
import type { FileResumeMessage, FileStartMessage } from '../protocol/messages.js';
import type { Departures } from './departures.js';
import type { FinishedUploads } from './finished-uploads.js';
import type { InstantSend, Prospect } from './instant-send.js';
import type { Intake } from './intake.js';
import { namesOf, newEntry, requireToken } from './journal-entry.js';
import type { KeyedLock } from './keyed-lock.js';
import type { Live, LiveUploads } from './live-uploads.js';
import type { Offers } from './offers.js';
import type { Partials } from './partials.js';
import { HEAD_BYTES } from './policy.js';
import type { JournalEntry, PartialFile, Party, UploadJournal, UploadOwner } from './ports.js';
import type { Slot } from './slots.js';
import { Upload } from './upload.js';

export interface ArrivalsParts {
  readonly intake: Intake;
  readonly instant: InstantSend;
  readonly journal: UploadJournal;
  readonly offers: Offers;
  readonly live: LiveUploads;
  /** 每个上传一把; 与停放, 结束共用 */
  readonly lock: KeyedLock;
  readonly partials: Partials;
  readonly departures: Departures;
  readonly finished: FinishedUploads;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  /** 又有字节落盘 */
  readonly progress: (live: Live) => void;
  /** 后台的写入失败 */
  readonly failed: (live: Live, error: unknown) => void;
}

interface Admission {
  readonly entry: JournalEntry;
  readonly resumeToken: string;
  readonly slot: Slot;
  readonly partial: PartialFile;
  readonly owner: UploadOwner;
  readonly clientId: string | undefined;
  readonly prospect: Prospect;
  readonly head?: Uint8Array;
}

const TOKEN_BYTES = 32;

export class Arrivals {
  /** 建议的分片大小 (字节), 随 file_ready 告知 */
  readonly #chunkBytes: number;
  readonly #parts: ArrivalsParts;
  #stopped = false;

  constructor(chunkBytes: number, parts: ArrivalsParts) {
    this.#chunkBytes = chunkBytes;
    this.#parts = parts;
  }

  /** 错误: file_name_invalid, file_type_forbidden, file_too_large, storage_full, server_busy */
  async start(owner: UploadOwner, name: string, message: FileStartMessage): Promise<string> {
    const { intake, instant, journal, partials, departures } = this.#parts;
    const originalName = intake.screen(message.originalName, message.size);
    await intake.checkSpace(message.size ?? 0);
    const resumeToken = randomBytes(TOKEN_BYTES).toString('base64url');
    const sender = { name, visitor: owner.visitor, from: owner.from };
    const entry = newEntry(sender, originalName, resumeToken, message);
    await partials.reserve(entry.uploadId, owner.visitor);
    let slot: Slot | undefined;
    let partial: PartialFile | undefined;
    try {
      intake.shares.begin(entry.uploadId, owner.visitor, message.size);
      slot = await this.#acquireSlot(owner);
      partial = await intake.blobs.createPartial(entry.uploadId);
      await journal.save(entry);
      const prospect = await instant.prepare(entry);
      // 等待磁盘期间连接没了: 谁也不知道它的令牌, 留着没有用
      if (owner.gone) throw new AppError('upload_unknown');
      this.#admit({ entry, resumeToken, slot, partial, owner, clientId: message.clientId, prospect });
    } catch (error) {
      slot?.release();
      await departures.cleanUp(entry.uploadId, async () => {
        await partial?.close();
        await partials.erase(entry.uploadId);
      });
      throw error;
    }
    return entry.uploadId;
  }

  /** 凭 resumeToken 接管; 之前的连接从此得到 upload_unknown。错误: upload_unknown, server_busy */
  async resume(owner: UploadOwner, message: FileResumeMessage): Promise<void> {
    const { lock, live: uploads } = this.#parts;
    await lock.run(message.uploadId, async () => {
      const live = uploads.get(message.uploadId);
      if (live === undefined) await this.#reopen(owner, message);
      else await this.#takeOver(live, owner, message);
    });
  }

  /** 连接没了: 上传留在内存里等续传, 过一阵停放 */
  disown(live: Live): void {
    this.#parts.live.disown(live);
    this.#parts.offers.leave(live.entry.fileId);
  }

  /** 停机: 还在创建中的开始与续传, 到 admit 时会发现已经停了 */
  stop(): void {
    this.#stopped = true;
  }

  #admit({ entry, partial, owner, prospect, head, ...rest }: Admission): void {
    if (this.#stopped) throw new AppError('server_stopping');
    const { intake, now, progress, failed, live: uploads, partials } = this.#parts;
    const grantBytes = intake.budget.grant();
    const limits = { fileBytes: intake.fileBytes, windowBytes: grantBytes };
    const upload = new Upload(entry.uploadId, entry.size, partial.size, limits);
    const events = {
      progress: () => progress(live),
      failed: (error: unknown) => failed(live, error),
    };
    const transfer = intake.transfer(upload, entry, partial, events, head);
    const live: Live = { ...rest, transfer, entry, grantBytes, owner, lastActiveMs: now() };
    uploads.add(live);
    partials.use(entry.uploadId);
    this.#ready(live, owner, prospect);
  }

  #ready(live: Live, owner: UploadOwner, prospect: Prospect): void {
    const { upload } = live.transfer;
    owner.send({
      type: 'file_ready',
      ...(live.clientId === undefined ? {} : { clientId: live.clientId }),
      uploadId: upload.uploadId,
      resumeToken: live.resumeToken,
      offset: upload.received,
      chunkBytes: this.#chunkBytes,
      windowBytes: live.grantBytes,
      fileId: live.entry.fileId,
      ...namesOf(live.entry),
      ...(prospect.sizeKnown ? { sizeKnown: true } : {}),
    });
    this.#parts.instant.challenge(owner, live, prospect);
    this.#parts.offers.open(live.transfer, owner.visitor);
    // 等待磁盘期间连接没了: 立即脱离, 否则没有人来释放它
    if (owner.gone) this.disown(live);
  }

  async #takeOver(live: Live, owner: UploadOwner, message: FileResumeMessage): Promise<void> {
    requireToken(live.entry, message.resumeToken);
    this.#parts.live.moveSlot(live, owner);
    // 先让旧连接失去它, 再等在途的字节落盘, 这样 offset 不会再动
    live.owner = undefined;
    const prospect = await this.#parts.instant.prepare(live.entry);
    await live.transfer.flush();
    // 等待期间被取消, 清理正排在锁的后面: 不能再交给新主人
    if (live.transfer.upload.state === 'aborted') throw new AppError('upload_unknown');
    live.owner = owner;
    live.clientId = message.clientId;
    live.lastActiveMs = this.#parts.now();
    this.#ready(live, owner, prospect);
  }

  async #reopen(owner: UploadOwner, { uploadId, resumeToken, clientId }: FileResumeMessage): Promise<void> {
    const { intake, instant, journal, partials, finished } = this.#parts;
    const saved = await journal.load(uploadId);
    if (saved === undefined) throw new AppError('upload_unknown');
    requireToken(saved, resumeToken);
    const entry = await partials.complete(saved);
    if (entry.done !== undefined) {
      finished.offer(owner, clientId, entry, resumeToken, this.#chunkBytes);
      return;
    }
    // 重启之前开始的, 占着的忘了
    intake.shares.begin(uploadId, owner.visitor, entry.size);
    const prospect = await instant.prepare(entry);
    const slot = await this.#acquireSlot(owner);
    let partial: PartialFile | undefined;
    try {
      partial = await intake.blobs.openPartial(uploadId);
      if (partial === undefined) throw new AppError('upload_unknown');
      const head = await partial.read(0, HEAD_BYTES);
      this.#admit({ entry, resumeToken, slot, partial, owner, clientId, prospect, head });
    } catch (error) {
      slot.release();
      await partial?.close();
      throw error;
    }
  }

  // 名额满了: 停放让位的; 它们的分片从此得到 upload_unknown, 凭续传还能回来
  async #acquireSlot(party: Party): Promise<Slot> {
    const { live: uploads, departures } = this.#parts;
    for (;;) {
      const victim = uploads.victim(party);
      if (victim === undefined) return uploads.acquireSlot(party);
      await departures.park(victim.live, victim.stillYields);
    }
  }
}
