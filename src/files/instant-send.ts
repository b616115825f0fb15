// 秒传: 客户端报出散列, 服务器随机点名几段来抽查, 答对即以已有的内容发布
//   (未抽查) --有这份内容--> asked --file_proof--> answered      一次上传只抽查一次, 对错都不再来
import { createHash, randomInt } from 'node:crypto';
import { AppError } from '../protocol/errors.js';
import { type ByteRange, CHALLENGE_RANGES, type FileRecord } from '../protocol/messages.js';
import { describeFile } from './describe-file.js';
import { HEAD_BYTES, type TypePolicy } from './policy.js';
import type {
  BlobStore,
  ContentIndex,
  FilesLog,
  JournalEntry,
  OpenBlob,
  Party,
  UploadOwner,
} from './ports.js';
import type { ReadAt } from './text-charset.js';
import type { Transfer } from './transfer.js';
import type { Upload } from './upload.js';

// 一段的上限: 64 KiB。三段在主线程上读与算, 合计不到 1 毫秒
const RANGE_BYTES = 65_536;

export interface InstantSendParts {
  readonly enabled: boolean;
  readonly contents: ContentIndex;
  readonly blobs: BlobStore;
  readonly types: TypePolicy;
  readonly log: FilesLog;
}

/** 秒传眼里的一次上传 */
export interface Candidate {
  readonly transfer: Transfer;
  readonly entry: JournalEntry;
  readonly clientId: string | undefined;
}

/** file_ready 之前查到的 */
export interface Prospect {
  /** 有同样大小的文件, 而客户端还没有报出散列 */
  readonly sizeKnown: boolean;
  /** 报出的散列对得上的文件 */
  readonly source?: FileRecord;
}

interface Challenge {
  readonly source: FileRecord;
  readonly ranges: readonly ByteRange[];
  state: 'asked' | 'answered';
}

const NOTHING: Prospect = { sizeKnown: false };

export class InstantSend {
  readonly #parts: InstantSendParts;
  /** 随上传一起离开内存: 不必清理, 个数不超过进行中的上传 */
  readonly #challenges = new WeakMap<Upload, Challenge>();

  constructor(parts: InstantSendParts) {
    this.#parts = parts;
  }

  /** 在 file_ready 之前查好: 抽查才能紧跟着它。不抛错 */
  async prepare({ size, sha256 }: JournalEntry): Promise<Prospect> {
    if (!this.#worthwhile(size)) return NOTHING;
    try {
      if (sha256 === undefined) return { sizeKnown: await this.#parts.contents.hasSize(size) };
      const source = await this.#parts.contents.find(sha256, size);
      return source === undefined ? NOTHING : { sizeKnown: false, source };
    } catch (error) {
      // 省不了这一趟而已, 照常传分片
      this.#parts.log.warn({ err: error }, '查不了内容索引');
      return NOTHING;
    }
  }

  /** file_ready 之后: 对得上就抽查。续传时再问一遍同样的几段 */
  challenge(owner: UploadOwner, candidate: Candidate, { source }: Prospect): void {
    if (source !== undefined) this.#ask(owner, candidate, source);
  }

  /** 补报散列 (file_hash)。错误: not_found (没有这份内容, 已答过, 与开始时报的不同, 关掉了) */
  async identify(owner: UploadOwner, candidate: Candidate, sha256: string): Promise<void> {
    const { size, sha256: declared = sha256 } = candidate.entry;
    if (declared !== sha256 || !this.#worthwhile(size)) throw new AppError('not_found');
    const source = await this.#parts.contents.find(sha256, size);
    if (source === undefined || !this.#ask(owner, candidate, source)) throw new AppError('not_found');
  }

  /** 核对回答, 返回可以采用的内容。错误: checksum_mismatch (答错, 没有问过, 已答过, 内容刚被删, 或在磁盘上坏了) */
  async judge({ transfer }: Candidate, hashes: readonly string[]): Promise<FileRecord> {
    const challenge = this.#challenges.get(transfer.upload);
    if (challenge === undefined || challenge.state === 'answered') throw new AppError('checksum_mismatch');
    // 先记再读盘: 同时来的第二个回答不算
    challenge.state = 'answered';
    const { source, ranges } = challenge;
    const expected = await this.#reading(source, (blob) => Promise.all(ranges.map((one) => hash(blob, one))));
    if (!expected?.every((value, index) => value === hashes[index])) throw new AppError('checksum_mismatch');
    // 三段都对得上, 别处也可能坏了: 客户端手里的才是好的, 让它照常传
    if (!(await this.#parts.blobs.isSound(source))) throw new AppError('checksum_mismatch');
    return source;
  }

  /** 以 source 的内容发布; 状态须为 adopting。被取消时 undefined。错误: file_type_forbidden, storage_full, 磁盘错误 */
  async publish({ transfer }: Candidate, source: FileRecord, party: Party): Promise<FileRecord | undefined> {
    const { types, blobs } = this.#parts;
    const head = await this.#reading(source, (blob) => read(blob, { offset: 0, length: HEAD_BYTES }));
    // 刚被删 (保留期): 意外错误, 上传停放起来, 可以续传
    if (head === undefined) throw new Error('content is gone');
    // 同样的内容换了名字, 或规则改严了: 与上传一样检查
    types.checkHead(head);
    const at: ReadAt = async (offset, length) =>
      (await this.#reading(source, (blob) => read(blob, { offset, length }))) ?? new Uint8Array(0);
    const picture = () => blobs.pictureOf(source, party);
    const { size, sha256 } = source;
    const content = { size, sha256, head, read: at, picture };
    const described = await describeFile(types, transfer.description, content);
    return (await transfer.publishSame(described, source)) ? described.record : undefined;
  }

  // 空文件没有可省的
  #worthwhile(size: number | undefined): size is number {
    return this.#parts.enabled && size !== undefined && size > 0;
  }

  #ask(owner: UploadOwner, { transfer, entry, clientId }: Candidate, source: FileRecord): boolean {
    const { upload } = transfer;
    const challenge = this.#challenges.get(upload) ?? newChallenge(source);
    if (challenge.state === 'answered' || upload.state !== 'receiving') return false;
    this.#challenges.set(upload, challenge);
    owner.send({
      type: 'file_challenge',
      ...(clientId === undefined ? {} : { clientId }),
      uploadId: entry.uploadId,
      ranges: challenge.ranges,
    });
    return true;
  }

  /** 文件已不在时 undefined */
  async #reading<T>(source: FileRecord, task: (blob: OpenBlob) => Promise<T>): Promise<T | undefined> {
    const blob = await this.#parts.blobs.open(source.id);
    if (blob === undefined) return undefined;
    try {
      return await task(blob);
    } finally {
      await blob.close();
    }
  }
}

// 段从不超过文件的一半: 若是整个文件, 它的散列就是报上来的那个, 没有文件也答得出
function newChallenge(source: FileRecord): Challenge {
  const length = Math.max(1, Math.min(RANGE_BYTES, Math.floor(source.size / 2)));
  const ranges = Array.from({ length: CHALLENGE_RANGES }, () => ({
    offset: randomInt(source.size - length + 1),
    length,
  }));
  return { source, ranges, state: 'asked' };
}

async function hash(blob: OpenBlob, range: ByteRange): Promise<string> {
  const bytes = await read(blob, range);
  // 文件比记录的短: 不能拿半段当整段
  if (bytes.byteLength !== range.length) throw new AppError('checksum_mismatch');
  return createHash('sha256').update(bytes).digest('hex');
}

/** 至多 length 字节; 到文件末尾为止 */
async function read(blob: OpenBlob, { offset, length }: ByteRange): Promise<Uint8Array> {
  const target = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await blob.read(target.subarray(filled), offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return target.subarray(0, filled);
}
