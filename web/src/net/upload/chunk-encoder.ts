// 一段字节 -> 一个分片帧: 二进制 (协议 6.3 节), 或 Base64 的 file_chunk (6.2 节)
import { CHUNK_HEADER_BYTES, encodeChunkHeader } from '../../../../src/protocol/chunk-frame.js';
import { toBase64 } from './base64.js';

export interface ChunkEncoder {
  /** 结果在下一次 encode 之前有效 */
  encode(uploadId: string, offset: number, bytes: Uint8Array): Promise<string | Uint8Array<ArrayBuffer>>;
}

export function createChunkEncoder(binary: boolean): ChunkEncoder {
  return binary ? new BinaryEncoder() : { encode: encodeBase64 };
}

class BinaryEncoder implements ChunkEncoder {
  // 反复使用同一块: WebSocket.send 返回之前就已拷走
  #frame = new Uint8Array(0);

  async encode(uploadId: string, offset: number, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const length = CHUNK_HEADER_BYTES + bytes.length;
    if (this.#frame.length < length) this.#frame = new Uint8Array(length);
    this.#frame.set(encodeChunkHeader(uploadId, offset));
    this.#frame.set(bytes, CHUNK_HEADER_BYTES);
    return this.#frame.subarray(0, length);
  }
}

async function encodeBase64(uploadId: string, offset: number, bytes: Uint8Array): Promise<string> {
  // 块的视图拷成独立的 Blob 再交给浏览器编码
  const data = await toBase64(new Blob([new Uint8Array(bytes)]));
  return JSON.stringify({ type: 'file_chunk', uploadId, offset, data });
}
