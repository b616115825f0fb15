// 收下的字节 -> 定长块 -> 磁盘; 攒成一批再写, 同一时刻至多一次写入在途
import { BLOCK_BYTES, type BlockPool } from './block-pool.js';
import type { PartialFile } from './ports.js';

// 一批的上限: 1 MiB。每写一次要唤醒一次写线程, 一次客户端 (file_ack); 批大则唤醒少, 两核上省三成时间
const MAX_BATCH_BYTES = 4 * BLOCK_BYTES;
// 攒不满一批时最多等这么久 (毫秒): 慢的上传照样及时得到应答
const LINGER_MS = 5;

interface Block {
  readonly memory: Uint8Array;
  length: number;
  /** 来自池, 写完要还; 否则是调用方交来的整块 */
  readonly pooled: boolean;
}

export interface WriterEvents {
  /** 又有 bytes 字节落盘 */
  readonly wrote: (bytes: number) => void;
  /** 写入失败; 之后不再写 */
  readonly failed: (error: unknown) => void;
}

export interface WriterOptions {
  /** 从文件的哪个偏移写起 */
  readonly offset: number;
  /** 窗口 (字节): 一批不超过它的四分之一, 客户端才不会停下来等 */
  readonly windowBytes: number;
}

export class UploadWriter {
  /** 可以还在创建中: 流式入口的字节先在块里等着 */
  readonly #partial: PartialFile | Promise<PartialFile>;
  readonly #pool: BlockPool;
  readonly #events: WriterEvents;
  readonly #batchBytes: number;
  readonly #queue: Block[] = [];
  #queuedBytes = 0;
  #position: number;
  #running: Promise<void> | undefined;
  #linger: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    partial: PartialFile | Promise<PartialFile>,
    pool: BlockPool,
    { offset, windowBytes }: WriterOptions,
    events: WriterEvents,
  ) {
    this.#partial = partial;
    this.#pool = pool;
    this.#events = events;
    this.#position = offset;
    this.#batchBytes = Math.min(MAX_BATCH_BYTES, Math.ceil(windowBytes / 4));
  }

  /** 拷走 bytes 并安排写入; 排队的总量由调用方的窗口约束。副作用: 返回后 bytes 可以失效 */
  push(bytes: Uint8Array): void {
    if (this.#stopped) return;
    let rest = bytes;
    while (rest.byteLength > 0) {
      const block = this.#openBlock();
      const part = rest.subarray(0, BLOCK_BYTES - block.length);
      block.memory.set(part, block.length);
      block.length += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
    this.#queuedBytes += bytes.byteLength;
    this.#schedule();
  }

  /** 接管整段而不拷贝, 交出之后调用方不得再改; 它若在一个写入块 block 里, 写完还给池 */
  adopt(bytes: Uint8Array, block?: Uint8Array): void {
    const taken = { memory: block ?? bytes, length: bytes.byteLength, pooled: block !== undefined };
    if (this.#stopped || taken.length === 0) {
      this.#recycle([taken]);
      return;
    }
    this.#queue.push(taken);
    this.#queuedBytes += bytes.byteLength;
    this.#schedule();
  }

  /** 等到已收下的全部落盘 (或写入失败) */
  async flush(): Promise<void> {
    // 在途的写完之后可能还剩不满一批的, 所以是循环
    while (this.#running !== undefined || this.#queue.length > 0) {
      this.#start(1);
      await this.#running;
    }
  }

  /** 丢弃尚未开始的写入, 等在途的一次结束 */
  async stop(): Promise<void> {
    this.#halt();
    await this.#running;
  }

  #openBlock(): Block {
    const last = this.#queue.at(-1);
    if (last?.pooled === true && last.length < BLOCK_BYTES) return last;
    const block = { memory: this.#pool.take(), length: 0, pooled: true };
    this.#queue.push(block);
    return block;
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#queuedBytes === 0) return;
    if (this.#queuedBytes >= this.#batchBytes) this.#start(this.#batchBytes);
    else this.#linger ??= setTimeout(() => this.#start(1), LINGER_MS);
  }

  /** 开始写; 排队的字节数降到 leastBytes 以下为止。已在写则不变 */
  #start(leastBytes: number): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#running !== undefined || this.#queue.length === 0) return;
    this.#running = this.#drain(leastBytes);
  }

  // 自己拥有的后台任务: 第一次 await 之前不会结束, 失败经 events 报出, 从不拒绝
  async #drain(leastBytes: number): Promise<void> {
    try {
      do await this.#writeOnce();
      while (this.#queuedBytes >= leastBytes && this.#queue.length > 0);
    } catch (error) {
      this.#halt();
      this.#events.failed(error);
    } finally {
      this.#running = undefined;
      this.#schedule();
    }
  }

  async #writeOnce(): Promise<void> {
    const blocks = this.#queue.splice(0, MAX_BATCH_BYTES / BLOCK_BYTES);
    const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
    this.#queuedBytes -= bytes;
    try {
      const partial = await this.#partial;
      await partial.write(
        blocks.map(({ memory, length }) => memory.subarray(0, length)),
        this.#position,
      );
    } finally {
      this.#recycle(blocks);
    }
    this.#position += bytes;
    this.#events.wrote(bytes);
  }

  #halt(): void {
    this.#stopped = true;
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#recycle(this.#queue.splice(0));
    this.#queuedBytes = 0;
  }

  #recycle(blocks: readonly Block[]): void {
    for (const { memory, pooled } of blocks) if (pooled) this.#pool.give(memory);
  }
}
