// 一个未完成的文件: 定位写入, 边写边校验; 写入严格前后相接, 所以文件长度就是已写的偏移
import { close, fdatasync, open, read, writev } from 'node:fs';
import { promisify } from 'node:util';
import type { PartialFile } from '../files/ports.js';
import { translateDiskError } from './disk-errors.js';
import type { HashPool, RunningHash } from './hash-pool.js';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const readAsync = promisify(read);
const syncAsync = promisify(fdatasync);

export interface PartialOptions {
  /** 关闭前落到盘片: 掉电也不丢, 代价是慢 */
  readonly fsync: boolean;
}

export class DiskPartial implements PartialFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #hashes: HashPool;
  readonly #hash: RunningHash;
  readonly #options: PartialOptions;
  #size: number;
  #closed = false;
  #digested = false;

  private constructor(fd: number, path: string, hashes: HashPool, options: PartialOptions, size = 0) {
    this.#fd = fd;
    this.#path = path;
    this.#hashes = hashes;
    this.#hash = hashes.start(path);
    this.#options = options;
    this.#size = size;
    // 续传: 先前的字节从磁盘补算
    this.#hash.advance(size);
  }

  /** 新建 (已存在则失败: UUID 不会重复) */
  static async create(path: string, hashes: HashPool, options: PartialOptions): Promise<DiskPartial> {
    try {
      return new DiskPartial(await openAsync(path, 'wx+'), path, hashes, options);
    } catch (error) {
      throw translateDiskError(error);
    }
  }

  /** 打开已有的, size 为磁盘上的长度 */
  static async reopen(
    path: string,
    size: number,
    hashes: HashPool,
    options: PartialOptions,
  ): Promise<DiskPartial> {
    return new DiskPartial(await openAsync(path, 'r+'), path, hashes, options, size);
  }

  get size(): number {
    return this.#size;
  }

  async write(blocks: readonly Uint8Array[], position: number): Promise<void> {
    let rest = blocks;
    let offset = position;
    try {
      while (rest.length > 0) {
        const written = await this.#writev(rest, offset);
        offset += written;
        // 每次短写之后都记: 下一次失败时, 磁盘上已经有这么长
        this.#size = offset;
        rest = skip(rest, written);
      }
    } catch (error) {
      throw translateDiskError(error);
    }
    this.#hash.advance(offset);
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const target = Buffer.alloc(Math.max(0, Math.min(length, this.#size - position)));
    const { bytesRead } = await readAsync(this.#fd, target, 0, target.length, position);
    return target.subarray(0, bytesRead);
  }

  async digest(): Promise<string> {
    this.#digested = true;
    try {
      return await this.#hash.digest(this.#size);
    } catch {
      // 校验线程中途死了: 换一个从头补算, 好过让人重传 2.5 GB; 再失败才上报
      return await this.#hashes.start(this.#path).digest(this.#size);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#digested) this.#hash.close();
    try {
      if (this.#options.fsync) await syncAsync(this.#fd);
    } finally {
      await closeAsync(this.#fd);
    }
  }

  #writev(blocks: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#fd, blocks as Uint8Array[], position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }
}

// 短写 (信号, 将满的磁盘) 之后还剩下的部分
function skip(blocks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let left = bytes;
  for (const block of blocks) {
    if (left >= block.byteLength) left -= block.byteLength;
    else {
      rest.push(block.subarray(left));
      left = 0;
    }
  }
  return rest;
}
