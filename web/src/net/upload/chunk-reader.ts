// 顺着读文件: 一次读一块, 预读下一块; 内存里至多两块, 不管文件多大

/** 一块的大小, 字节: 太小则每次读取的往返开销占大头, 太大则占内存 */
export const BLOCK_BYTES = 1024 * 1024;

interface Block {
  readonly start: number;
  readonly bytes: Promise<Uint8Array>;
}

export class ChunkReader {
  readonly #file: Blob;
  readonly #blockBytes: number;
  #current: Block | undefined;
  #next: Block | undefined;

  /** chunkBytes: 以后每次 read 的大小; 块取它的整数倍, 分片就不会被块的边界切碎 */
  constructor(file: Blob, chunkBytes: number) {
    this.#file = file;
    this.#blockBytes = chunkBytes * Math.max(1, Math.floor(BLOCK_BYTES / chunkBytes));
  }

  /**
   * offset 起至多 maxBytes 字节, 至少一个字节 (offset 须小于文件长度)。结果是块的视图, 不拷贝。
   * 错误: 文件被改动, 删除, 或没有权限时为 DOMException (NotReadableError 等)
   */
  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    const block = this.#blockAt(offset);
    const bytes = await block.bytes;
    const from = offset - block.start;
    return bytes.subarray(from, from + maxBytes);
  }

  #blockAt(offset: number): Block {
    const block = this.#held(offset) ?? this.#load(offset);
    if (block !== this.#current) {
      this.#current = block;
      const after = block.start + this.#blockBytes;
      this.#next = after < this.#file.size ? this.#load(after) : undefined;
    }
    return block;
  }

  #held(offset: number): Block | undefined {
    return [this.#current, this.#next].find(
      (block) => block !== undefined && offset >= block.start && offset < block.start + this.#blockBytes,
    );
  }

  #load(start: number): Block {
    const slice = this.#file.slice(start, start + this.#blockBytes);
    const bytes = slice.arrayBuffer().then((buffer) => new Uint8Array(buffer));
    // 预读可能没有人等: 错误留给以后的 read, 不能成为未处理的拒绝
    bytes.catch(() => {});
    return { start, bytes };
  }
}
