// 页面上的一个上传: 文件, 凭据, 校验存档; 状态只经 become 改变, 并写进模型
import type { Transfer, TransferError, TransferErrorCode, Transfers } from '../../model/transfers.js';
import type { ResumeRecord } from './resume-store.js';
import { Speed } from './speed.js';
import type { Checkpoint, Credentials, FileNames } from './worker-messages.js';

export type UploadState = Transfer['state'];

// 再试也一样的; 其余失败都可以由用户重试
const HOPELESS: ReadonlySet<TransferErrorCode> = new Set<TransferErrorCode>([
  'file_too_large',
  'file_type_forbidden',
  'file_name_invalid',
  'empty_folder',
]);

export interface UploadSource {
  readonly id: string;
  readonly name: string;
  /** 字节 */
  readonly size: number;
  /** 没有时须再选 (刷新之后) */
  readonly file?: File | undefined;
  readonly handle?: FileSystemFileHandle | undefined;
}

export class Upload {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  file: File | undefined;
  handle: FileSystemFileHandle | undefined;
  credentials: Credentials | undefined;
  checkpoint: Checkpoint | undefined;
  /** 连续等待了几次; 有进展就归零 */
  attempts = 0;
  /** 上次传的文件的修改时间, Unix 毫秒; 只有从记录恢复的才有 */
  lastModified: number | undefined;
  /** 已自动从头来过一次 */
  restarted = false;
  #sent = 0;
  readonly #speed = new Speed();
  readonly #transfers: Transfers;

  constructor(source: UploadSource, transfers: Transfers) {
    this.id = source.id;
    this.name = source.name;
    this.size = source.size;
    this.file = source.file;
    this.handle = source.handle;
    this.#transfers = transfers;
  }

  /** undefined: 已从列表去掉 */
  get state(): UploadState | undefined {
    return this.#transfers.get(this.id)?.state;
  }

  get sent(): number {
    return this.#sent;
  }

  get error(): TransferError | undefined {
    return this.#transfers.get(this.id)?.error;
  }

  /** 放进列表; 满了返回 false */
  list(state: UploadState, error?: TransferError): boolean {
    const { id, name, size, handle } = this;
    const base = { id, name, size, state, sent: this.#sent, bytesPerSecond: 0, checked: 0 };
    return this.#transfers.add({
      ...base,
      ...(handle === undefined ? {} : { hasHandle: true }),
      ...(error === undefined ? {} : { error }),
    });
  }

  /** 唯一改变状态的地方; 不给 error 就清掉旧的 */
  become(state: UploadState, error?: TransferError): void {
    this.#speed.reset();
    this.#transfers.update(this.id, { state, sent: this.#sent, bytesPerSecond: 0, checked: 0, error });
  }

  fail(code: TransferErrorCode, message: string): void {
    this.become('failed', transferError(code, message));
  }

  checking(state: 'checking' | 'comparing', ratio: number): void {
    if (this.state !== state) this.become(state);
    this.#transfers.update(this.id, { checked: ratio });
  }

  /** 服务器的应答里的名字; 改过的要让用户看见。发送用的还是本地的名字: 重来时服务器再改一遍 */
  named({ originalName, renamedFrom }: FileNames): void {
    if (originalName === undefined || renamedFrom === undefined) return;
    this.#transfers.update(this.id, { name: originalName, renamedFrom });
  }

  /** file_ready: 服务器认下了 */
  accepted(credentials: Credentials, fileId: string): void {
    this.credentials = credentials;
    this.#transfers.update(this.id, { fileId });
  }

  done(instant: boolean): void {
    this.#sent = this.size;
    this.become('done');
    if (instant) this.#transfers.update(this.id, { instant });
  }

  /** 服务器确认到 sent; timeMs 是单调时钟 */
  progress(sent: number, timeMs: number): void {
    if (this.state === 'checking' || this.state === 'comparing') this.become('sending');
    if (sent > this.#sent) this.attempts = 0;
    this.#sent = sent;
    this.#speed.record(timeMs, sent);
    this.#transfers.update(this.id, { sent, bytesPerSecond: Math.round(this.#speed.bytesPerSecond) });
  }

  /** 状态不变, 只改已确认的字节数 */
  setSent(sent: number): void {
    this.#sent = sent;
  }

  /** 不读内容就看得出不是同一个文件。有存档时修改时间不作数: 内容由 Worker 核对 */
  isOther({ size, lastModified }: File): boolean {
    if (size !== this.size) return true;
    const known = this.checkpoint === undefined ? this.lastModified : undefined;
    return known !== undefined && known !== lastModified;
  }

  /** 换了一个 File (重新选的, 或从句柄打开的): 去掉内部状态, 已传的部分须从头核对 */
  supplyFile(file: File, handle: FileSystemFileHandle | undefined): void {
    this.file = file;
    this.handle = handle ?? this.handle;
    const { checkpoint } = this;
    this.checkpoint = checkpoint && { offset: checkpoint.offset, digest: checkpoint.digest };
  }

  /** 选错了文件: 句柄指的也是它, 一起丢掉 */
  dropFile(): void {
    this.file = undefined;
    this.handle = undefined;
    this.#transfers.update(this.id, { hasHandle: false });
  }

  /** 服务器没有它了: 从头再来。算过的校验仍属于这个文件, 留着 */
  forgetServer(): void {
    this.credentials = undefined;
    this.#sent = 0;
  }

  /** 从刷新前的记录恢复; 还没有文件 */
  static restore(id: string, record: ResumeRecord, transfers: Transfers): Upload {
    const { fileName, size, handle, uploadId, resumeToken, checkpoint, sent } = record;
    const upload = new Upload({ id, name: fileName, size, handle }, transfers);
    upload.credentials = { uploadId, resumeToken };
    upload.checkpoint = checkpoint;
    upload.lastModified = record.lastModified;
    upload.setSent(sent);
    return upload;
  }
}

export function transferError(code: TransferErrorCode, message: string): TransferError {
  return { code, message, retryable: !HOPELESS.has(code) };
}
