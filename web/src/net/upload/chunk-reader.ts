// 顺着读文件: 一次读一块, 预读下一块; 内存里至多两块, 不管文件多大
import { type BlockSource, openSource } from './block-source.js';

/** 一块的大小, 字节: 太小则每次读取的往返开销占大头, 太大则占内存 */
export const BLOCK_BYTES = 1024 * 1024;

interface Block {
  readonly start: number;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

export class ChunkReader {
  readonly #size: number;
  readonly #source: BlockSource;
  readonly #blockBytes: number;
  #current: Block | undefined;
  #next: Block | undefined;
  /** 最后一次取块; 来源一次只能取一个, 所以排队 */
  #tail: Promise<unknown> = Promise.resolve();

  /** chunkBytes: 以后每次 read 的大小; 块取它的整数倍, 分片就不会被块的边界切碎 */
  constructor(file: Blob, chunkBytes: number) {
    this.#size = file.size;
    this.#source = openSource(file);
    this.#blockBytes = chunkBytes * Math.max(1, Math.floor(BLOCK_BYTES / chunkBytes));
  }

  /**
   * offset 起至多 maxBytes 字节, 至少一个。结果是块的视图, 不拷贝, 只在下一次 read 之前有效。
   * 同时只能有一个 read。错误: 文件被改动, 删除, 没有权限时为 DOMException (NotReadableError 等)
   */
  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    if (!holds(this.#current, offset, this.#blockBytes)) await this.#advance(offset);
    const { start, bytes } = this.#current ?? { start: offset, bytes: new Uint8Array(0) };
    const from = offset - start;
    const block = await bytes;
    // 空的会让调用者原地打转; 文件变短了才会有
    if (from >= block.length) throw new DOMException('文件变短了', 'NotReadableError');
    return block.subarray(from, from + maxBytes);
  }

  /** 换到 offset 所在的块, 用换下来的内存预读再下一块 */
  async #advance(offset: number): Promise<void> {
    const spares = [await this.#release(this.#current)];
    const isNext = holds(this.#next, offset, this.#blockBytes);
    if (!isNext) spares.push(await this.#release(this.#next));
    this.#current = isNext ? this.#next : this.#load(offset, spares.pop());
    const after = (this.#current?.start ?? offset) + this.#blockBytes;
    this.#next = after < this.#size ? this.#load(after, spares.pop()) : undefined;
  }

  // 读取失败的块没有内存可还
  async #release(block: Block | undefined): Promise<ArrayBuffer | undefined> {
    const bytes = await block?.bytes.catch(() => undefined);
    return bytes !== undefined && bytes.buffer.byteLength >= this.#blockBytes ? bytes.buffer : undefined;
  }

  #load(start: number, spare = new ArrayBuffer(this.#blockBytes)): Block {
    const length = Math.max(0, Math.min(this.#blockBytes, this.#size - start));
    const bytes = this.#tail.then(() => this.#source.take(start, length, spare));
    // 预读可能没有人等: 错误留给以后的 read, 不能成为未处理的拒绝
    this.#tail = bytes.catch(() => {});
    return { start, bytes };
  }
}

function holds(block: Block | undefined, offset: number, blockBytes: number): boolean {
  return block !== undefined && offset >= block.start && offset < block.start + blockBytes;
}
