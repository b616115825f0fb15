// 一条连接的单帧上限之下, 告诉它的各项上限
import type { Limits } from '../protocol/messages.js';

// file_chunk 除数据外的字节数, 含各种语言序列化器爱加的空格
const CHUNK_ENVELOPE_BYTES = 160;

/** 单帧至多 frameBytes 时的 limits; 照 chunkBytes 切的分片写成 Base64 也要装得进一帧, 所以建议的分片跟着变小 */
export function limitsWithin(limits: Limits, frameBytes: number): Limits {
  const capacity = Math.floor(((frameBytes - CHUNK_ENVELOPE_BYTES) * 3) / 4);
  return { ...limits, frameBytes, chunkBytes: Math.min(limits.chunkBytes, capacity) };
}
