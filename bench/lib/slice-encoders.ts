// 三扇门的编码: 原样 (multipart 正文), 二进制分片, Base64 分片
import { headBytesFor, MAX_HEAD_BYTES, writeHead } from './frame-head.js';
import { OPCODE } from './frame-parser.js';
import type { SliceEncoder } from './slice-pump.js';

/** 一次读盘与写出的目标大小 (字节) */
export const SLICE_BYTES = 1024 * 1024;
/** 二进制分片的头: 0x01 + 16 字节 uploadId + 8 字节 offset */
export const CHUNK_HEAD_BYTES = 25;

/**
 * 一次编码的字节数, 3 的倍数。陷阱: 结果超过 128 KiB 的字符串每次都向系统要内存再归还,
 * 编码从 5 GiB/s 掉到 0.6 GiB/s; 切小之后发生器才不成为瓶颈。
 */
const ENCODE_BYTES = 49_152;

export class PlainEncoder implements SliceEncoder {
  readonly sliceBytes = SLICE_BYTES;
  readonly #buffer = Buffer.allocUnsafeSlow(SLICE_BYTES);

  targets(bytes: number): Uint8Array[] {
    return [this.#buffer.subarray(0, bytes)];
  }

  encode(_offset: number, bytes: number): Uint8Array[] {
    return [this.#buffer.subarray(0, bytes)];
  }
}

export interface ChunkPlan {
  readonly uploadId: string;
  readonly chunkBytes: number;
  /** 每个缓冲装几个分片 */
  readonly chunksPerSlice: number;
}

/** 文件内容经 readv 直接落在预留好帧头的缓冲里: 每字节只有内核到用户态的一次复制 */
export class BinaryEncoder implements SliceEncoder {
  readonly sliceBytes: number;
  readonly #plan: ChunkPlan;
  readonly #buffer: Buffer;
  readonly #stride: number;

  constructor(plan: ChunkPlan) {
    this.#plan = plan;
    this.sliceBytes = plan.chunkBytes * plan.chunksPerSlice;
    this.#stride = MAX_HEAD_BYTES + CHUNK_HEAD_BYTES + plan.chunkBytes;
    this.#buffer = Buffer.allocUnsafeSlow(this.#stride * plan.chunksPerSlice);
    const id = Buffer.from(plan.uploadId.replaceAll('-', ''), 'hex');
    for (let index = 0; index < plan.chunksPerSlice; index += 1) {
      const at = index * this.#stride + MAX_HEAD_BYTES;
      this.#buffer[at] = 0x01;
      id.copy(this.#buffer, at + 1);
    }
  }

  targets(bytes: number): Uint8Array[] {
    return this.#chunks(bytes).map(({ at, length }) => {
      const start = at + MAX_HEAD_BYTES + CHUNK_HEAD_BYTES;
      return this.#buffer.subarray(start, start + length);
    });
  }

  encode(offset: number, bytes: number): Uint8Array[] {
    return this.#chunks(bytes).map(({ at, length }, index) => {
      const payloadBytes = CHUNK_HEAD_BYTES + length;
      // 末片可能很短, 帧头随之变短: 靠右对齐, 使它与分片头相接
      const start = at + MAX_HEAD_BYTES - headBytesFor(payloadBytes);
      const chunkHead = writeHead(this.#buffer, start, OPCODE.binary, payloadBytes);
      this.#buffer.writeBigUInt64BE(BigInt(offset + index * this.#plan.chunkBytes), chunkHead + 17);
      return this.#buffer.subarray(start, chunkHead + payloadBytes);
    });
  }

  #chunks(bytes: number): { at: number; length: number }[] {
    const { chunkBytes } = this.#plan;
    const count = Math.ceil(bytes / chunkBytes);
    return Array.from({ length: count }, (_, index) => ({
      at: index * this.#stride,
      length: Math.min(chunkBytes, bytes - index * chunkBytes),
    }));
  }
}

/** 陷阱: 分片取 3 的倍数, 中间的 Base64 才没有填充, 服务器也不必拼接余数 */
export class Base64Encoder implements SliceEncoder {
  readonly sliceBytes: number;
  readonly #chunkBytes: number;
  readonly #prefix: string;
  readonly #raw: Buffer;
  readonly #out: Buffer;

  constructor(plan: ChunkPlan) {
    this.#chunkBytes = plan.chunkBytes - (plan.chunkBytes % 3);
    this.sliceBytes = this.#chunkBytes * plan.chunksPerSlice;
    this.#prefix = `{"type":"file_chunk","uploadId":"${plan.uploadId}","offset":`;
    this.#raw = Buffer.allocUnsafeSlow(this.sliceBytes);
    // 每片另留 256 字节给帧头与 JSON 的外壳
    this.#out = Buffer.allocUnsafeSlow(((this.#chunkBytes / 3) * 4 + 256) * plan.chunksPerSlice);
  }

  targets(bytes: number): Uint8Array[] {
    return [this.#raw.subarray(0, bytes)];
  }

  encode(offset: number, bytes: number): Uint8Array[] {
    let at = 0;
    for (let start = 0; start < bytes; start += this.#chunkBytes) {
      const end = Math.min(start + this.#chunkBytes, bytes);
      at = this.#writeChunk(at, `${this.#prefix}${offset + start},"data":"`, start, end);
    }
    return [this.#out.subarray(0, at)];
  }

  #writeChunk(at: number, prefix: string, start: number, end: number): number {
    const textBytes = Math.ceil((end - start) / 3) * 4;
    let cursor = writeHead(this.#out, at, OPCODE.text, prefix.length + textBytes + 2);
    // 全是 ASCII: latin1 写法是直接复制, 比 utf8 省一遍检查
    cursor += this.#out.write(prefix, cursor, 'latin1');
    for (let from = start; from < end; from += ENCODE_BYTES) {
      const text = this.#raw.toString('base64', from, Math.min(from + ENCODE_BYTES, end));
      cursor += this.#out.write(text, cursor, 'latin1');
    }
    return cursor + this.#out.write('"}', cursor, 'latin1');
  }
}
