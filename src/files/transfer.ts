// 一次进行中的文件接收: 状态机 + 写入 + 检查 + 发布; 分片, 单帧与 multipart 三个入口共用
import { AppError } from '../protocol/errors.js';
import type { FileRecord } from '../protocol/messages.js';
import type { BlockPool } from './block-pool.js';
import { type Described, describeFile, type FileDescription } from './describe-file.js';
import { HEAD_BYTES, isText, type TypePolicy } from './policy.js';
import type { BlobStore, PartialFile, Party } from './ports.js';
import type { Space } from './space.js';
import { detectCharset, type ReadAt } from './text-charset.js';
import type { Upload } from './upload.js';
import { UploadWriter } from './upload-writer.js';

export type IdentifiedType = Pick<FileRecord, 'mimeType' | 'charset'>;

export interface TransferParts {
  readonly blobs: BlobStore;
  readonly pool: BlockPool;
  readonly types: TypePolicy;
  readonly space: Space;
}

export interface TransferEvents {
  /** 落盘有进展 (或已失败): 该发应答, 或该恢复读取请求了 */
  readonly progress: () => void;
  /** 写入失败, 已转为 AppError 或原错误 */
  readonly failed: (error: unknown) => void;
}

export class Transfer {
  readonly upload: Upload;
  readonly description: FileDescription;
  readonly #parts: TransferParts;
  readonly #partial: PartialFile | Promise<PartialFile>;
  readonly #writer: UploadWriter;
  /** 文件开头, 供内容检查; 至多 HEAD_BYTES */
  #head: Uint8Array;
  #failure: unknown;
  /** 记在 Space 账上的字节数; 归还之后为 0, 所以重复的 abort 不会多还 */
  #claimed: number;

  constructor(
    upload: Upload,
    description: FileDescription,
    partial: PartialFile | Promise<PartialFile>,
    parts: TransferParts,
    events: TransferEvents,
    head: Uint8Array = new Uint8Array(0),
  ) {
    this.upload = upload;
    this.description = description;
    this.#parts = parts;
    this.#partial = partial;
    this.#head = head;
    // 续传: 已在磁盘上的字节早就记过账
    this.#claimed = upload.received;
    // 创建失败而还没有字节要写: 没有人在等它, 不能成为进程级的未处理拒绝
    Promise.resolve(partial).catch(() => {});
    this.#writer = new UploadWriter(
      partial,
      parts.pool,
      { offset: upload.received, windowBytes: upload.windowBytes },
      {
        wrote: (bytes) => {
          upload.wrote(bytes);
          events.progress();
        },
        failed: (error) => {
          this.#failure = error;
          events.failed(error);
        },
      },
    );
  }

  /**
   * 收下一段字节 (调用方已查过偏移与窗口)。副作用: 返回后 bytes 可以失效。
   * 错误都是致命的, 调用方应随后 abort: file_too_large, size_mismatch, file_type_forbidden, storage_full
   */
  push(bytes: Uint8Array): void {
    this.#accept(bytes);
    this.#writer.push(bytes);
  }

  /**
   * 同 push, 但接管而不拷贝: 交出之后调用方不得再改 bytes。
   * block 是 bytes 所在的写入块 (从头放起), 写完由写入端还给池; 抛错时仍归调用方
   */
  adopt(bytes: Uint8Array, block?: Uint8Array): void {
    this.#accept(bytes);
    this.#writer.adopt(bytes, block);
  }

  #accept(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.upload.checkLength(bytes.byteLength);
    this.#inspectHead(bytes);
    this.#parts.space.claim(bytes.byteLength);
    this.#claimed += bytes.byteLength;
    this.upload.accept(bytes.byteLength);
  }

  async flush(): Promise<void> {
    await this.#writer.flush();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** 全部落盘后核对并描述文件 (缩略图记在 party 的头上); 状态须为 verifying。错误: checksum_mismatch, file_type_forbidden, 写入的错误 */
  async verify(expectedSha256: readonly (string | undefined)[], party: Party): Promise<Described> {
    await this.flush();
    const partial = await this.#partial;
    const sha256 = await partial.digest();
    for (const expected of expectedSha256) {
      if (expected !== undefined && expected !== sha256) {
        throw new AppError('checksum_mismatch', { facts: { sha256 } });
      }
    }
    const { types, blobs } = this.#parts;
    const { received: size, uploadId } = this.upload;
    const picture = () => blobs.picture(uploadId, party);
    const read: ReadAt = (position, length) => partial.read(position, length);
    return describeFile(types, this.description, { size, sha256, head: this.#head, read, picture });
  }

  /** 凭已收到的开头认类型; 不足 HEAD_BYTES 时可能认不准。错误: file_type_forbidden */
  async identify(): Promise<IdentifiedType> {
    const { originalName, mimeType: declared } = this.description;
    const mimeType = await this.#parts.types.identify(this.#head, originalName, declared);
    const charset = isText(mimeType) ? detectCharset(this.#head) : undefined;
    return { mimeType, ...(charset === undefined ? {} : { charset }) };
  }

  /** 提交点: 发布收下的内容。已被取消时返回 false, 不发布 */
  async publish(described: Described): Promise<boolean> {
    if (!this.upload.complete()) return false;
    const partial = await this.#partial;
    // 先放开句柄: Windows 上打开着的文件不能改名
    await partial.close();
    const { blobs, space } = this.#parts;
    // 内容与别的文件相同: 只存一份, 省下的立即归还
    space.release(await blobs.publish(this.upload.uploadId, described.record, this.description.sentBy));
    // 从此归已发布的文件: 之后的 abort 不能再归还
    this.#claimed = 0;
    await this.#keepThumbnail(described);
    return true;
  }

  /** 核对并发布; 被取消时 undefined。错误同 verify */
  async publishReceived(
    expectedSha256: readonly (string | undefined)[],
    party: Party,
  ): Promise<FileRecord | undefined> {
    const described = await this.verify(expectedSha256, party);
    return (await this.publish(described)) ? described.record : undefined;
  }

  /**
   * 另一个提交点 (秒传): 发布 source 的内容, 丢弃已收下的。已被取消时返回 false, 不发布。
   * 出错时收下的字节还在, 可以停放续传
   */
  async publishSame(described: Described, source: FileRecord): Promise<boolean> {
    await this.#writer.stop();
    if (!this.upload.complete()) return false;
    const { blobs, space } = this.#parts;
    let copiedBytes = 0;
    const claim = (bytes: number): void => {
      space.claim(bytes);
      // 先算在这次上传名下: 复制失败时随部分文件一起归还
      this.#claimed += bytes;
      copiedBytes = bytes;
    };
    await blobs.publishSame(source, described.record, claim, this.description.sentBy);
    this.#claimed -= copiedBytes;
    await this.#closePartial();
    await blobs.removePartial(this.upload.uploadId);
    this.#unclaim(0);
    await this.#keepThumbnail(described);
    return true;
  }

  /** 停写, 删除部分文件, 归还空间; 可重复调用 */
  async abort(): Promise<void> {
    this.upload.abort();
    await this.#writer.stop();
    await this.#closePartial();
    await this.#parts.blobs.removePartial(this.upload.uploadId);
    this.#unclaim(0);
  }

  /** 写完已收下的, 放开句柄, 部分文件留在磁盘上等续传 */
  async park(): Promise<void> {
    await this.#writer.flush();
    const partial = await this.#partial;
    await partial.close();
    // 写到一半磁盘满了: 没落盘的不再算占用, 续传时以磁盘上的长度为准
    this.#unclaim(partial.size);
  }

  // 发布之后才写: 没有发布的不留下谁也不要的缩略图
  async #keepThumbnail({ record, thumbnail }: Described): Promise<void> {
    if (thumbnail !== undefined) await this.#parts.blobs.keepThumbnail(record.id, thumbnail);
  }

  #unclaim(keptBytes: number): void {
    this.#parts.space.release(this.#claimed - keptBytes);
    this.#claimed = keptBytes;
  }

  // 还在创建中就失败的文件没有句柄可关; 创建的错误由写入端报告
  async #closePartial(): Promise<void> {
    const partial = await Promise.resolve(this.#partial).catch(() => undefined);
    await partial?.close();
  }

  // 在第一批字节落盘之前就认出可执行文件, 不必等传完
  #inspectHead(bytes: Uint8Array): void {
    if (this.#head.byteLength >= HEAD_BYTES) return;
    const part = bytes.subarray(0, HEAD_BYTES - this.#head.byteLength);
    const head = new Uint8Array(this.#head.byteLength + part.byteLength);
    head.set(this.#head);
    head.set(part, this.#head.byteLength);
    this.#parts.types.checkHead(head);
    this.#head = head;
  }
}
