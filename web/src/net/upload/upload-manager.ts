// 上传的总管: 用户的操作在这里变成队列里的事; 小文件走聊天连接的一帧, 大文件分片走 Worker
import type { AckMessage, ErrorMessage, Limits } from '../../../../src/protocol/messages.js';
import type { PickedFile } from '../../model/actions.js';
import type { Identity } from '../../model/connection.js';
import { MAX_TRANSFERS, type Transfers } from '../../model/transfers.js';
import type { Pace } from '../pace.js';
import { randomId } from '../random-id.js';
import { fitsOneFrame, refusal, type UploadLimits } from './admission.js';
import { ChunkUploads } from './chunk-uploads.js';
import { Discards } from './discards.js';
import { canRead, openHandle } from './file-handle.js';
import { FrameUploads } from './frame-uploads.js';
import { ResumeKeeper } from './resume-keeper.js';
import type { ResumeRecord, ResumeStore } from './resume-store.js';
import { type RollChannel, TabRollCall } from './tab-roll-call.js';
import { connectTransfer } from './transfer-socket.js';
import { transferError, Upload, type UploadState } from './upload.js';

export interface UploadManagerOptions {
  readonly transfers: Transfers;
  /** 聊天连接断开时为 undefined */
  readonly identity: () => Identity | undefined;
  /** 经聊天连接发一帧; 没有送出返回 false */
  readonly sendFrame: (message: object) => boolean;
  readonly pace: Pace;
  /** 一条传输连接的绝对地址, 只能用一次。错误: RequestError */
  readonly transferUrl: () => Promise<string>;
  readonly createWorker: () => Worker;
  /** GET /api/limits; 只问一次, 失败了下次再问 */
  readonly limits: () => Promise<UploadLimits>;
  readonly store: ResumeStore;
  /** 这个标签页的编号, 刷新之后不变 (sessionStorage) */
  readonly tabId: string;
  /** 标签页之间的点名; 浏览器没有 BroadcastChannel 时不给 */
  readonly channel?: RollChannel | undefined;
}

// 什么都问不到时: 全部走分片, 由服务器把关
const UNKNOWN_LIMITS: Limits = {
  fileBytes: Number.POSITIVE_INFINITY,
  frameBytes: 0,
  chunkBytes: 0,
  windowBytes: 0,
  textBytes: 0,
  nameLength: 0,
  messagesPerSecond: 0,
  messagesBurst: 0,
};
// 正在校验的马上就完成, 不必暂停
const PAUSABLE: ReadonlySet<UploadState> = new Set<UploadState>([
  'queued',
  'checking',
  'comparing',
  'sending',
  'waiting',
]);

export class UploadManager {
  readonly #options: UploadManagerOptions;
  /** 还可能有动作的上传; 完成的只留在模型里 */
  readonly #uploads = new Map<string, Upload>();
  readonly #frames: FrameUploads;
  readonly #chunks: ChunkUploads;
  readonly #discards: Discards;
  readonly #keeper: ResumeKeeper;
  readonly #rollCall: TabRollCall;
  /** 同时加入上千个文件也只问一次 */
  #limits: Promise<UploadLimits> | undefined;
  /** 断线期间也记得, 供续传记录使用 */
  #userName: string | undefined;

  constructor(options: UploadManagerOptions) {
    this.#options = options;
    const { identity, pace, transferUrl, createWorker, sendFrame, store, tabId } = options;
    const done = (upload: Upload): void => void this.#uploads.delete(upload.id);
    this.#keeper = new ResumeKeeper({ store, tabId, userName: () => this.#userName });
    this.#rollCall = new TabRollCall(tabId, options.channel, (uploadId) => this.#yield(uploadId));
    const started = ({ credentials }: Upload): void => this.#rollCall.claim(credentials?.uploadId ?? '');
    this.#frames = new FrameUploads({ identity, pace, sendFrame, done });
    this.#chunks = new ChunkUploads({
      identity,
      pace,
      transferUrl,
      createWorker,
      keeper: this.#keeper,
      done,
      started,
    });
    this.#discards = new Discards({
      connect: connectTransfer,
      isOnline: () => identity() !== undefined,
      url: transferUrl,
    });
  }

  /** 第一次 welcome 之后: 列出刷新前没有传完的; 句柄还有授权的自己继续 */
  async restore(): Promise<void> {
    const name = this.#options.identity()?.name;
    if (name === undefined) return;
    const [records, others] = await Promise.all([this.#options.store.list(name), this.#rollCall.others()]);
    for (const record of records) {
      if (!others.has(record.tabId) && !this.#isKnown(record.uploadId)) await this.#restoreOne(record);
    }
  }

  add(files: readonly PickedFile[]): void {
    for (const [index, picked] of files.entries()) {
      if (!this.#addOne(picked, files.length - index - 1)) return;
    }
  }

  pause(id: string): void {
    const upload = this.#uploads.get(id);
    if (upload?.state === undefined || !PAUSABLE.has(upload.state) || this.#frames.isSending(upload)) return;
    this.#withdraw(upload);
    upload.become('paused');
    this.#tellPaused(upload);
  }

  resume(id: string): void {
    const upload = this.#uploads.get(id);
    if (upload?.state === 'paused') this.#admit(upload);
  }

  /** 从列表去掉; 服务器上已收的尽力删掉 */
  cancel(id: string): void {
    const upload = this.#uploads.get(id);
    this.#uploads.delete(id);
    this.#options.transfers.remove(id);
    if (upload === undefined) return;
    this.#withdraw(upload);
    this.#keeper.forget(upload);
    if (upload.credentials !== undefined) this.#discards.add(upload.credentials);
  }

  retry(id: string): void {
    const upload = this.#uploads.get(id);
    if (upload?.state !== 'failed') return;
    upload.attempts = 0;
    upload.restarted = false;
    if (upload.error?.code === 'unreadable') void this.#reopen(upload);
    else this.#admit(upload);
  }

  /** needs_file: 用户再次选了文件; 不给 picked 时用留着的句柄, 须在用户操作里调用 */
  reselect(id: string, picked?: PickedFile): void {
    const upload = this.#uploads.get(id);
    if (upload?.state !== 'needs_file') return;
    if (picked !== undefined) this.#supply(upload, picked);
    else if (upload.handle !== undefined) void this.#askHandle(upload, upload.handle);
  }

  clearFinished(): void {
    const { transfers } = this.#options;
    for (const { id, state } of transfers.items) if (state === 'done') transfers.remove(id);
  }

  /** 每次 welcome 之后 */
  online(): void {
    this.#userName = this.#options.identity()?.name ?? this.#userName;
    this.#frames.online();
    this.#chunks.online();
    this.#discards.next();
  }

  /** 聊天连接断了; 传输连接可能还好好的, 由它自己报告 */
  offline(): void {
    this.#frames.offline();
  }

  handleAck(ack: AckMessage): boolean {
    return this.#frames.handleAck(ack);
  }

  handleError(error: ErrorMessage): boolean {
    return this.#frames.handleError(error);
  }

  /** 退出: 续传的记录留着, 同一个人下次进来可以接着传 */
  stop(): void {
    for (const { id } of this.#options.transfers.items) this.#options.transfers.remove(id);
    this.#frames.stop();
    this.#chunks.stop();
    this.#discards.stop();
    this.#rollCall.stop();
    this.#uploads.clear();
  }

  // ---- 加入 ----

  /** 最后一个空位留给说明: 列表满了, 后面的都没有加入。返回还能不能继续加 */
  #addOne({ file, handle }: PickedFile, left: number): boolean {
    const { transfers } = this.#options;
    const upload = new Upload({ id: randomId(), name: file.name, size: file.size, file, handle }, transfers);
    if (transfers.size >= MAX_TRANSFERS) return false;
    this.#uploads.set(upload.id, upload);
    if (transfers.size === MAX_TRANSFERS - 1) {
      upload.list('failed', transferError('too_many', `列表已满, 还有 ${left + 1} 个文件没有加入`));
      return false;
    }
    upload.list('queued');
    this.#admit(upload);
    return true;
  }

  /** 初审, 然后进队; 异步是因为要等服务器的上限 (只等一次) */
  #admit(upload: Upload): void {
    upload.become('queued');
    void this.#readLimits().then((limits) => {
      // 等待期间可能取消或暂停了
      if (this.#uploads.get(upload.id) !== upload || upload.state !== 'queued') return;
      this.#route(upload, limits);
    });
  }

  #route(upload: Upload, limits: UploadLimits): void {
    const code = refusal(upload, limits);
    if (code !== undefined) {
      upload.fail(code, '');
      return;
    }
    if (upload.file === undefined) {
      upload.become('needs_file');
      return;
    }
    // 有凭据的是传了一半的, 再小也要续完
    // 一帧多大由这条连接的 welcome 说了算: 小帧的连接比 /api/limits 说的小
    const frameLimits = this.#options.identity()?.limits ?? limits.limits;
    const isSmall = upload.credentials === undefined && fitsOneFrame(upload.size, frameLimits);
    if (isSmall) this.#frames.enqueue(upload);
    else this.#chunks.enqueue(upload);
  }

  // 别人看到的 "正在上传" 随之改掉; 经聊天连接, 因为传输连接正在断开。没送到也无妨: 那样他们看到的是等我回来
  #tellPaused({ credentials }: Upload): void {
    const { identity, sendFrame } = this.#options;
    if (credentials === undefined || !identity()?.features.includes('pause')) return;
    sendFrame({ type: 'file_pause', uploadId: credentials.uploadId });
  }

  #withdraw(upload: Upload): void {
    this.#frames.withdraw(upload);
    this.#chunks.withdraw(upload);
  }

  async #readLimits(): Promise<UploadLimits> {
    try {
      this.#limits ??= this.#options.limits();
      return await this.#limits;
    } catch (error) {
      this.#limits = undefined;
      // 问不到就由服务器来拒绝; 不离线的话 welcome 里也有一份
      console.debug('没有取得上限', error);
      const limits = this.#options.identity()?.limits ?? UNKNOWN_LIMITS;
      return { limits, blockedExtensions: [] };
    }
  }

  // ---- 刷新之后 ----

  #isKnown(uploadId: string): boolean {
    return [...this.#uploads.values()].some(({ credentials }) => credentials?.uploadId === uploadId);
  }

  async #restoreOne(record: ResumeRecord): Promise<void> {
    const upload = Upload.restore(randomId(), record, this.#options.transfers);
    if (!upload.list('needs_file')) return;
    this.#uploads.set(upload.id, upload);
    const file = record.handle && (await openHandle(record.handle, { ask: false }));
    if (file !== undefined && upload.state === 'needs_file') this.#supply(upload, { file });
  }

  async #askHandle(upload: Upload, handle: FileSystemFileHandle): Promise<void> {
    const file = await openHandle(handle, { ask: true });
    if (upload.state !== 'needs_file') return;
    if (file === undefined) upload.become('needs_file', transferError('unreadable', '没有得到读取的授权'));
    else this.#supply(upload, { file, handle });
  }

  /** 一眼看得出不是同一个的在这里拒绝; 其余由 Worker 核对内容 */
  #supply(upload: Upload, { file, handle }: PickedFile): void {
    if (upload.isOther(file)) {
      upload.become('needs_file', transferError('different_file', '与上次传的不是同一个文件'));
      return;
    }
    upload.supplyFile(file, handle);
    this.#admit(upload);
  }

  /** 读不了的文件再试: File 是快照, 文件改动过就再也读不了; 有句柄则重新打开, 否则请用户再选 */
  async #reopen(upload: Upload): Promise<void> {
    const fresh = upload.handle && (await openHandle(upload.handle, { ask: true }));
    const isReadable = fresh !== undefined || (await canRead(upload.file));
    if (upload.state !== 'failed') return;
    if (isReadable) {
      this.#supply(upload, { file: fresh ?? (upload.file as File) });
      return;
    }
    upload.file = undefined;
    upload.become('needs_file', transferError('unreadable', '请重新选择这个文件'));
  }

  /** 别的标签页开始续传它了: 这里不再列出 */
  #yield(uploadId: string): void {
    for (const upload of this.#uploads.values()) {
      if (upload.credentials?.uploadId !== uploadId || upload.state !== 'needs_file') continue;
      this.#uploads.delete(upload.id);
      this.#options.transfers.remove(upload.id);
    }
  }
}
