// 收下的字节 -> 定长块 -> 磁盘; 同一时刻至多一次写入在途, 期间到达的攒成下一次
import { BLOCK_BYTES, type BlockPool } from './block-pool.js';
import type { PartialFile } from './ports.js';

// 一次写入的块数上限: 1 MiB 一次, 系统调用够少, 应答也不至于太稀
const BLOCKS_PER_WRITE = 4;

interface Block {
  readonly memory: Buffer;
  length: number;
}

export interface WriterEvents {
  /** 又有 bytes 字节落盘 */
  readonly wrote: (bytes: number) => void;
  /** 写入失败; 之后不再写 */
  readonly failed: (error: unknown) => void;
}

export class UploadWriter {
  /** 可以还在创建中: 流式入口的字节先在块里等着 */
  readonly #partial: PartialFile | Promise<PartialFile>;
  readonly #pool: BlockPool;
  readonly #events: WriterEvents;
  #queue: Block[] = [];
  #position: number;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(
    partial: PartialFile | Promise<PartialFile>,
    offset: number,
    pool: BlockPool,
    events: WriterEvents,
  ) {
    this.#partial = partial;
    this.#position = offset;
    this.#pool = pool;
    this.#events = events;
  }

  /** 拷走 bytes 并安排写入; 排队的总量由调用方的窗口约束。副作用: 返回后 bytes 可以失效 */
  push(bytes: Uint8Array): void {
    if (this.#stopped || bytes.byteLength === 0) return;
    let rest = bytes;
    while (rest.byteLength > 0) {
      const block = this.#openBlock();
      const part = rest.subarray(0, BLOCK_BYTES - block.length);
      block.memory.set(part, block.length);
      block.length += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
    this.#running ??= this.#drain();
  }

  /** 等到已收下的全部落盘 (或写入失败) */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** 丢弃尚未开始的写入, 等在途的一次结束 */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const block of this.#queue.splice(0)) this.#pool.give(block.memory);
    await this.#running;
  }

  #openBlock(): Block {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.length < BLOCK_BYTES) return last;
    const block = { memory: this.#pool.take(), length: 0 };
    this.#queue.push(block);
    return block;
  }

  // 自己拥有的后台任务: 结束时把 #running 交还, 失败经 events 报出, 从不拒绝
  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeOnce(this.#queue.splice(0, BLOCKS_PER_WRITE));
    } catch (error) {
      this.#stopped = true;
      for (const block of this.#queue.splice(0)) this.#pool.give(block.memory);
      this.#events.failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #writeOnce(blocks: readonly Block[]): Promise<void> {
    const views = blocks.map(({ memory, length }) => memory.subarray(0, length));
    const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
    try {
      const partial = await this.#partial;
      await partial.write(views, this.#position);
    } finally {
      for (const { memory } of blocks) this.#pool.give(memory);
    }
    this.#position += bytes;
    this.#events.wrote(bytes);
  }
}
