// 流式入口的一个文件 (multipart 的一段): 推入, 按窗口限速, 校验, 发布; 不可续传, 失败即删
//   open --publish--> published
//     \-----abort-----> aborted
import type { FileEntry, FileRecord } from '../protocol/messages.js';
import type { Renamed } from '../protocol/renamed-from.js';
import type { Described } from './describe-file.js';
import type { Announced, Party } from './ports.js';
import type { Transfer, TransferEvents } from './transfer.js';

export interface IncomingFileParts {
  /** 名字改过的: 原来是什么 */
  readonly renamed: Renamed;
  /** 缩略图记在谁的头上 */
  readonly party: Party;
  readonly windowBytes: number;
  /** 归还窗口预算 */
  readonly release: () => void;
  /** 播不出去时须先删掉文件再抛错 */
  readonly announce: (file: FileRecord) => Promise<Announced>;
  readonly connect: (events: TransferEvents) => Transfer;
}

export class IncomingFile {
  readonly #parts: IncomingFileParts;
  readonly #transfer: Transfer;
  #state: 'open' | 'published' | 'aborted' = 'open';
  #described: Described | undefined;
  /** 落盘有进展或已失败时调用; 读取方据此恢复 */
  onProgress: () => void = () => {};

  constructor(parts: IncomingFileParts) {
    this.#parts = parts;
    this.#transfer = parts.connect({
      progress: () => this.onProgress(),
      failed: () => this.onProgress(),
    });
  }

  /** 并入发送者的应答; 广播里没有 */
  get renamed(): Renamed {
    return this.#parts.renamed;
  }

  /** 未落盘的字节超过窗口: 读取方应暂停 */
  get congested(): boolean {
    return this.#transfer.upload.pending > this.#parts.windowBytes;
  }

  /** 副作用: 返回后 bytes 可以失效。错误 (都应随后 abort): file_too_large, file_type_forbidden, storage_full */
  push(bytes: Uint8Array): void {
    this.#transfer.push(bytes);
  }

  /** 收完: 落盘, 算出摘要, 识别类型; 还不发布。给出发布后的记录 */
  async verify(): Promise<FileRecord> {
    this.#transfer.upload.beginVerifying();
    this.#described = await this.#transfer.verify([], this.#parts.party);
    return this.#described.record;
  }

  /** 发布并广播, 持久之后兑现; 须先 verify */
  async publish(): Promise<FileEntry> {
    if (this.#described === undefined) throw new Error('publish before verify');
    if (!(await this.#transfer.publish(this.#described))) throw new Error('publish after abort');
    const announcing = this.#parts.announce(this.#described.record);
    this.#settle('published');
    const { entry, durable } = await announcing;
    await durable;
    return entry;
  }

  /** 删除已收下的一切; 可重复调用, 已发布的不受影响; 不可在 publish 进行中调用 */
  async abort(): Promise<void> {
    // 看自己的状态: 改名失败时 transfer 已过提交点, 部分文件却还在, 要删
    if (this.#state === 'published') return;
    this.#settle('aborted');
    await this.#transfer.abort();
  }

  #settle(outcome: 'published' | 'aborted'): void {
    if (this.#state !== 'open') return;
    this.#state = outcome;
    this.#parts.release();
  }
}
