// 定长内存块的回收池: 上传的字节只拷贝一次, 直接进这里的块, 写完即还
// 没有池, 每个分片一次大分配会让 RSS 随垃圾回收的节奏起伏
export const BLOCK_BYTES = 256 * 1024;

export class BlockPool {
  readonly #free: Uint8Array[] = [];
  readonly #maxFree: number;

  /** maxFree: 闲置时最多留住多少块; 超出的交还给系统 */
  constructor(maxFree: number) {
    this.#maxFree = maxFree;
  }

  take(): Uint8Array {
    // allocUnsafeSlow: 不从 Node 的公用小池切, 也不清零 (马上就会被覆盖)
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  give(block: Uint8Array): void {
    if (this.#free.length < this.#maxFree) this.#free.push(block);
  }
}
