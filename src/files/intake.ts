// 三个入口 (分片, 单帧, multipart) 的共同部分: 初审, 建立接收, 单帧整收, 流式接收
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../protocol/errors.js';
import type { FileEntry, FileMessage, FileRecord } from '../protocol/messages.js';
import { renamedFrom } from '../protocol/renamed-from.js';
import type { Reserved } from '../quota/daily-share.js';
import { base64DecodedLength, decodeBase64 } from './base64.js';
import type { BlockPool } from './block-pool.js';
import type { FileDescription } from './describe-file.js';
import { IncomingFile } from './incoming-file.js';
import { cleanFileName } from './naming.js';
import type { TypePolicy } from './policy.js';
import type {
  Announce,
  Announced,
  BlobStore,
  DailyFiles,
  FileProvenance,
  FileSentBy,
  PartialFile,
  Party,
} from './ports.js';
import type { Space } from './space.js';
import { Transfer, type TransferEvents } from './transfer.js';
import { Upload } from './upload.js';
import { UploadShares } from './upload-shares.js';
import type { WindowBudget } from './window-budget.js';

export interface IntakeOptions {
  /** 单个文件的上限 (字节) */
  readonly fileBytes: number;
  readonly blobs: BlobStore;
  readonly pool: BlockPool;
  readonly budget: WindowBudget;
  readonly types: TypePolicy;
  readonly space: Space;
  readonly announce: Announce;
  readonly daily: DailyFiles;
  /** 历史满了: 文件的消息也收不下。错误: storage_full */
  readonly requireRoom: () => void;
  /** 这个文件已经播过的那一条 */
  readonly findAnnounced: (fileId: string) => Promise<FileEntry | undefined>;
  /** 这个人以这个 clientId 发过的文件: 崩溃前发布了而没收到应答的, 重发还是它 */
  readonly findSent: (sentBy: FileSentBy) => Promise<FileEntry | undefined>;
}

const IGNORE_EVENTS: TransferEvents = { progress: () => {}, failed: () => {} };

export class Intake {
  readonly #options: IntakeOptions;
  /** 正在整收的单帧文件; 停机时等它们结束 */
  readonly #receiving = new Set<Promise<unknown>>();
  /** 分片上传占着的当日份额 */
  readonly shares: UploadShares;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.shares = new UploadShares(options.daily, options.fileBytes);
  }

  get blobs(): BlobStore {
    return this.#options.blobs;
  }

  get pool(): BlockPool {
    return this.#options.pool;
  }

  get budget(): WindowBudget {
    return this.#options.budget;
  }

  get fileBytes(): number {
    return this.#options.fileBytes;
  }

  announce(file: FileRecord, provenance: FileProvenance): Announced {
    return this.#options.announce(file, provenance);
  }

  /** 占住今天的一份, 做完放开 (另由各文件记下实际的)。错误: rate_limited */
  reserve(party: Party, bytes: number): Reserved {
    return this.#options.daily.reserve(party.visitor, bytes);
  }

  /** 补播: 播过的不再播, 给出原来的那一条; 兑现时已持久 */
  async announceOnce(file: FileRecord, address: string | undefined): Promise<FileEntry> {
    const earlier = await this.#options.findAnnounced(file.id);
    if (earlier !== undefined) return earlier;
    const { entry, durable } = this.announce(file, { address });
    await durable;
    return entry;
  }

  /** 发布了而播不出去 (日志满) 的: 删掉, 不留下谁也看不到的文件 */
  async retract(file: FileRecord): Promise<void> {
    this.#options.space.release(await this.#options.blobs.remove(file));
  }

  /** 还没有收一个字节时的检查, 返回清理后的文件名。错误: file_name_invalid, file_type_forbidden, file_too_large */
  screen(rawName: string, size: number | undefined): string {
    const name = cleanFileName(rawName);
    this.#options.types.checkName(rawName);
    const limit = this.#options.fileBytes;
    if (size !== undefined && size > limit) throw new AppError('file_too_large', { facts: { limit } });
    return name;
  }

  /** 空间是否放得下; 边收边查的传函数, 给出此刻还没收到的字节数。错误: storage_full */
  async checkSpace(bytes: number | (() => number)): Promise<void> {
    this.#options.requireRoom();
    await this.#options.space.check(bytes);
  }

  transfer(
    upload: Upload,
    description: FileDescription,
    partial: PartialFile | Promise<PartialFile>,
    events: TransferEvents,
    head?: Uint8Array,
  ): Transfer {
    return new Transfer(upload, description, partial, this.#options, events, head);
  }

  /** 删除磁盘上的部分文件并归还空间 */
  async discard(uploadId: string): Promise<void> {
    this.#options.space.release(await this.#options.blobs.removePartial(uploadId));
  }

  /** 单帧文件。message.filedata 在第一个 await 之前就已解码完毕 */
  async receive(party: Party, name: string, message: FileMessage, sentBy?: FileSentBy): Promise<FileEntry> {
    const originalName = this.screen(message.originalName, undefined);
    const heldBytes = base64DecodedLength(message.filedata);
    this.#options.budget.take(heldBytes);
    const description = {
      ...describe(party, name, originalName, message.mimeType),
      ...(sentBy && { sentBy }),
    };
    const run = this.#receiveHeld(party, description, message).finally(() =>
      this.#options.budget.release(heldBytes),
    );
    this.#receiving.add(run);
    try {
      return await run;
    } finally {
      this.#receiving.delete(run);
    }
  }

  /**
   * 流式接收一个文件 (multipart): 同步返回, 字节可以立刻推入。
   * 错误: file_name_invalid, file_type_forbidden, server_busy
   */
  open(party: Party, name: string, rawName: string, mimeType: string | undefined): IncomingFile {
    const originalName = this.screen(rawName, undefined);
    // 一条消息; 字节由整个请求占着, 发布时再记实际的
    const reserved = this.reserve(party, 0);
    const windowBytes = this.#grant(reserved);
    const description = describe(party, name, originalName, mimeType);
    const { address } = party.visitor;
    return new IncomingFile({
      renamed: renamedFrom(rawName, originalName),
      party,
      windowBytes,
      release: () => {
        this.#options.budget.giveBack(windowBytes);
        reserved.release();
      },
      announce: (file) => this.#announceOrRetract(file, { address }, reserved),
      connect: (events) => this.#create(description, windowBytes, events),
    });
  }

  /** 停机: 等正在整收的文件结束 */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#receiving);
  }

  async #receiveHeld(
    party: Party,
    description: FileDescription,
    { filedata }: FileMessage,
  ): Promise<FileEntry> {
    const { sentBy } = description;
    const { address } = party.visitor;
    // 必须在 await 之前: 帧的内存在回调返回后失效
    const bytes = decodeBase64(filedata, filedata.byteLength);
    const earlier = sentBy === undefined ? undefined : await this.#options.findSent(sentBy);
    if (earlier !== undefined) return earlier;
    // 要一个新鲜的读数: 刚启动时还没有读过磁盘
    await this.checkSpace(bytes.byteLength);
    const reserved = this.reserve(party, bytes.byteLength);
    const transfer = this.#create(description, bytes.byteLength, IGNORE_EVENTS);
    try {
      transfer.adopt(bytes);
      transfer.upload.beginVerifying();
      const described = await transfer.verify([], party);
      await transfer.publish(described);
      const { entry, durable } = await this.#announceOrRetract(
        described.record,
        { sentBy, address },
        reserved,
      );
      await durable;
      return entry;
    } catch (error) {
      reserved.release();
      await transfer.abort();
      throw error;
    }
  }

  // 给不出窗口的不能白占着今天的一条
  #grant(reserved: Reserved): number {
    try {
      return this.#options.budget.grant();
    } catch (error) {
      reserved.release();
      throw error;
    }
  }

  // 播出去了才改记实际的 (同步, 先于 release)。没播成的: 对方会重发整个文件, 留着它, 重启后又会补播一条
  async #announceOrRetract(
    file: FileRecord,
    provenance: FileProvenance,
    reserved: Reserved,
  ): Promise<Announced> {
    try {
      const announced = this.announce(file, provenance);
      reserved.settle(file.size);
      return announced;
    } catch (error) {
      await this.retract(file);
      throw error;
    }
  }

  #create(description: FileDescription, windowBytes: number, events: TransferEvents): Transfer {
    const uploadId = uuidv4();
    const { fileBytes, blobs } = this.#options;
    const upload = new Upload(uploadId, undefined, 0, { fileBytes, windowBytes });
    return this.transfer(upload, description, blobs.createPartial(uploadId), events);
  }
}

function describe(
  { from }: Party,
  name: string,
  originalName: string,
  mimeType: string | undefined,
): FileDescription {
  const sender = from === undefined ? { name } : { name, from };
  return { fileId: uuidv4(), ...sender, originalName, ...(mimeType === undefined ? {} : { mimeType }) };
}
