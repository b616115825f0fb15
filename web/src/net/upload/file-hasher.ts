// 整个文件的 SHA-256, 边读边算: 大文件用 hash-wasm (能存档续算), 一次读得下的用浏览器自带的
import { createSHA256, type IHasher } from 'hash-wasm';
import type { ByteRange } from '../../../../src/protocol/messages.js';
import type { Checkpoint } from './worker-messages.js';

/** 不超过它的文件一次读完, 用 crypto.subtle; 字节 */
export const NATIVE_BYTES = 8 * 1024 * 1024;

export interface FileHasher {
  /** 已算过的字节数; 从不后退 */
  readonly position: number;
  /** offset 起的一段; 已算过的部分自动跳过, 所以从更早处重发也不会算两遍 */
  update(offset: number, bytes: Uint8Array): void;
  checkpoint(): Checkpoint;
  /** 十六进制; 须在整个文件算完之后 */
  digest(): string;
}

/**
 * checkpoint 有 state: 从那里接着算; 否则从头。错误: 读不了文件 (DOMException), WebAssembly 不可用。
 * 返回的 position 可能已经等于 size (小文件)
 */
export async function openHasher(file: Blob, checkpoint: Checkpoint | undefined): Promise<FileHasher> {
  if (isNative(file, checkpoint)) return nativeHasher(file);
  const hasher = new WasmHasher(await createSHA256());
  if (checkpoint?.state !== undefined) hasher.restore(checkpoint.offset, checkpoint.state);
  return hasher;
}

// crypto.subtle 只在安全上下文 (https, localhost) 里有, 局域网的 http 页面没有; 存档的位置不是全长就须边读边算
function isNative(file: Blob, checkpoint: Checkpoint | undefined): boolean {
  if (file.size > NATIVE_BYTES || globalThis.crypto?.subtle === undefined) return false;
  return checkpoint === undefined || checkpoint.offset === file.size;
}

async function nativeHasher(file: Blob): Promise<FileHasher> {
  const digest = toHex(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  const { size } = file;
  return {
    position: size,
    update: () => {},
    checkpoint: () => ({ offset: size, digest }),
    digest: () => digest,
  };
}

export class WasmHasher implements FileHasher {
  readonly #hasher: IHasher;
  #position = 0;

  constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  get position(): number {
    return this.#position;
  }

  restore(offset: number, state: Uint8Array): void {
    this.#hasher.load(state);
    this.#position = offset;
  }

  update(offset: number, bytes: Uint8Array): void {
    // 中间缺一段会得到错的校验值, 宁可停下
    if (offset > this.#position) throw new Error(`校验缺了一段: ${this.#position} 到 ${offset}`);
    const fresh = bytes.subarray(Math.min(bytes.length, this.#position - offset));
    this.#hasher.update(fresh);
    this.#position += fresh.length;
  }

  checkpoint(): Checkpoint {
    const state = this.#hasher.save();
    const digest = this.#hasher.digest('hex');
    // digest 之后内部状态作废, 须装回去
    this.#hasher.load(state);
    return { offset: this.#position, digest, state };
  }

  digest(): string {
    return this.checkpoint().digest;
  }
}

// 一次读这么多, 字节: 抽查的一段再长也不占内存
const RANGE_BLOCK_BYTES = 1024 * 1024;

/** 各段内容的 SHA-256 (十六进制), 次序同 ranges。错误: 同 openHasher */
export async function hashRanges(file: Blob, ranges: readonly ByteRange[]): Promise<string[]> {
  const hasher = await createSHA256();
  const hashes: string[] = [];
  for (const { offset, length } of ranges) {
    hasher.init();
    for (let start = offset; start < offset + length; start += RANGE_BLOCK_BYTES) {
      const block = file.slice(start, Math.min(offset + length, start + RANGE_BLOCK_BYTES));
      hasher.update(new Uint8Array(await block.arrayBuffer()));
    }
    hashes.push(hasher.digest('hex'));
  }
  return hashes;
}

function toHex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
