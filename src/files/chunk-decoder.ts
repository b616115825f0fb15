// 分片 -> 原始字节; 大小合适的 Base64 直接解进一个写入块, 省去一次拷贝
import { AppError } from '../protocol/errors.js';
import { type FileChunkMessage, MAX_CHUNK_BYTES } from '../protocol/messages.js';
import { base64DecodedLength, decodeBase64Into } from './base64.js';
import { BLOCK_BYTES, type BlockPool } from './block-pool.js';

export interface DecodedChunk {
  readonly bytes: Uint8Array;
  /** bytes 所在的写入块, 须交给 Transfer.adopt 或还给池; undefined: bytes 只在本次回调内有效 */
  readonly block: Uint8Array | undefined;
}

export class ChunkDecoder {
  readonly #pool: BlockPool;
  // 其余大小共用的暂存区: 解码与拷走在同一次同步调用里完成, 不会交错
  readonly #scratch = Buffer.allocUnsafeSlow(MAX_CHUNK_BYTES);

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** 错误: base64_invalid, frame_too_large (解码后超过 1 MiB), invalid_field (空分片) */
  decode({ encoding, data }: FileChunkMessage): DecodedChunk {
    const decoded = encoding === 'binary' ? { bytes: data, block: undefined } : this.#decodeBase64(data);
    if (decoded.bytes.byteLength > MAX_CHUNK_BYTES) {
      throw new AppError('frame_too_large', { facts: { limit: MAX_CHUNK_BYTES } });
    }
    // 空分片不推进任何东西, 却能无限地发
    if (decoded.bytes.byteLength === 0) throw new AppError('invalid_field', { detail: 'data 为空' });
    return decoded;
  }

  /** 分片没有被收下: 块还给池 */
  giveBack({ block }: DecodedChunk): void {
    if (block !== undefined) this.#pool.give(block);
  }

  #decodeBase64(data: Uint8Array): DecodedChunk {
    const length = base64DecodedLength(data);
    // 至少半块才独占一块: 否则许多小分片会占住远多于窗口的内存
    if (length > BLOCK_BYTES || length < BLOCK_BYTES / 2) {
      return { bytes: this.#scratch.subarray(0, decodeBase64Into(data, this.#scratch)), block: undefined };
    }
    const block = this.#pool.take();
    try {
      return { bytes: block.subarray(0, decodeBase64Into(data, block)), block };
    } catch (error) {
      this.#pool.give(block);
      throw error;
    }
  }
}
