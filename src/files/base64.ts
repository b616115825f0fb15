// Base64 载荷 (JSON 字符串的原始字节) 直接解到目标内存; 载荷从不变成一个 JavaScript 大字符串
// 不变量: 与 "还原 JSON 转义, 去掉换行, 按标准 Base64 严格解码" 的结果相同, 多一个坏字符都不行
import { AppError } from '../protocol/errors.js';

// 一片的字符数, 4 的倍数。实测 48 KiB 最快 (5 GB/s): 超过约 128 KiB 的字符串
// 进大对象区, 要等整轮 GC 才释放, 速度降到 1 GB/s, 内存峰值接近又一份载荷
const PIECE_CHARS = 49_152;
// data: 前缀的长度上限, 字节; 真实的 MIME 加参数不超过约 200
const MAX_PREFIX_BYTES = 1024;
// 可打印 ASCII 及其 JSON 转义, 到第一个 ";base64," 为止; 各分支首字符不同, 不会回溯成指数时间
const PREFIX = /^data:(?:[ !#-[\]-~]|\\["\\/]|\\u00[2-7][0-9a-f])*?;base64,/i;

const SKIP = 64;
const PAD = 65;
const ESCAPE = 66;
const BAD = 67;
const BACKSLASH = 0x5c;

const VALUES = buildValues();

/**
 * 解码后字节数的上界 (没有转义和换行时即精确值); 只看前缀, 长度和末尾的 '=', 不检查内容。
 * 前缀写坏时抛 base64_invalid。
 */
export function base64DecodedLength(span: Uint8Array): number {
  let end = span.length;
  const start = payloadStart(span);
  // 最多两个填充; 更多的留给解码时拒绝
  for (let pads = 0; pads < 2 && end > start && span[end - 1] === 0x3d; pads++) end--;
  return Math.floor(((end - start) * 3) / 4);
}

/** 解到新的 Buffer; 超过 maxBytes 字节抛 frame_too_large, 内容不合法抛 base64_invalid。空载荷得 0 字节 */
export function decodeBase64(span: Uint8Array, maxBytes: number): Buffer {
  // 上界可能因转义偏大: 只分配到 maxBytes, 真正装不下时才算超限
  const target = Buffer.allocUnsafe(Math.min(base64DecodedLength(span), maxBytes));
  return target.subarray(0, decodeBase64Into(span, target));
}

/**
 * 解到 target 开头, 返回字节数。target 装不下抛 frame_too_large (facts.limit 为 target 字节数);
 * 内容不合法抛 base64_invalid。副作用: target 里返回长度之后的内容不定 (快路可能写过)。span 与 target 不得重叠。
 */
export function decodeBase64Into(span: Uint8Array, target: Uint8Array): number {
  const source = asBuffer(span);
  const output = asBuffer(target);
  let position = payloadStart(span);
  let written = 0;
  for (;;) {
    // 至少留 1 个字符给逐字路径: 填充, 结尾不足 4 个字符和长度检查都只在那里处理
    const chars = Math.min(PIECE_CHARS, (source.length - position - 1) & ~3);
    if (chars <= 0 || !decodePiece(source, position, chars, output, written)) break;
    position += chars;
    written += (chars / 4) * 3;
  }
  return decodeStrict(source, position, output, written);
}

/** 快路: 一片全是标准字符时用 Node 的 SIMD 解码。false = 含有别的字符或放不下, 改走逐字路径 */
function decodePiece(source: Buffer, start: number, chars: number, output: Buffer, written: number): boolean {
  const bytes = (chars / 4) * 3;
  if (bytes > output.length - written) return false;
  const piece = source.subarray(start, start + chars);
  // Node 把 base64url 的 '-' '_' 当合法字符, 必须先排除
  if (piece.includes(0x2d) || piece.includes(0x5f)) return false;
  // 其余坏字符 Node 会跳过, 于是解出的字节必少于 bytes
  return output.write(piece.toString('latin1'), written, bytes, 'base64') === bytes;
}

/** 逐字路径: 从一组的边界开始, 处理转义, 换行, 填充和结尾; 返回总字节数 */
function decodeStrict(source: Uint8Array, start: number, output: Uint8Array, outputStart: number): number {
  let position = start;
  let written = outputStart;
  let group = 0;
  // 当前组已有的字符数, 0 到 3
  let filled = 0;
  let pads = 0;
  while (position < source.length) {
    if (filled === 0 && pads === 0) {
      const groups = decodeRun(source, position, output, written);
      position += groups * 4;
      written += groups * 3;
      if (position >= source.length) break;
    }
    let value = VALUES[source[position]!]!;
    if (value === ESCAPE) {
      const decoded = readEscape(source, position);
      value = VALUES[decoded & 0xff]!;
      position += decoded >> 8;
    } else position++;
    if (value === SKIP) continue;
    if (value === PAD) {
      pads++;
      continue;
    }
    // 填充之后不得再有数据; 还原出来的反斜杠也在此落网
    if (value > 63 || pads > 0) throw new AppError('base64_invalid');
    group = (group << 6) | value;
    if (++filled < 4) continue;
    written = writeGroup(output, written, group, 3);
    group = 0;
    filled = 0;
  }
  // 剩 1 个字符凑不成字节; 填充可以没有, 有就必须恰好补满 4 个
  if (filled === 1 || (pads > 0 && (filled < 2 || filled + pads !== 4))) throw new AppError('base64_invalid');
  if (filled === 0) return written;
  // 末尾多余的低位不要求为 0 (RFC 4648 3.5 节允许), 与浏览器和 Node 一致
  return writeGroup(output, written, group << (6 * (4 - filled)), filled - 1);
}

/** 从组的边界起连续解标准字符, 遇到特殊字符或 output 将满为止; 返回解了几组 (4 字符, 3 字节) */
function decodeRun(source: Uint8Array, start: number, output: Uint8Array, outputStart: number): number {
  const limit = Math.min((source.length - start) >> 2, Math.floor((output.length - outputStart) / 3));
  let groups = 0;
  for (; groups < limit; groups++) {
    const position = start + groups * 4;
    const a = VALUES[source[position]!]!;
    const b = VALUES[source[position + 1]!]!;
    const c = VALUES[source[position + 2]!]!;
    const d = VALUES[source[position + 3]!]!;
    // 特殊字符的值都在 64 以上, 四个一起比
    if ((a | b | c | d) > 63) break;
    const written = outputStart + groups * 3;
    output[written] = (a << 2) | (b >> 4);
    output[written + 1] = (b << 4) | (c >> 2);
    output[written + 2] = (c << 6) | d;
  }
  return groups;
}

function writeGroup(output: Uint8Array, written: number, group: number, count: number): number {
  if (written + count > output.length) {
    throw new AppError('frame_too_large', { facts: { limit: output.length } });
  }
  for (let index = 0; index < count; index++) output[written + index] = group >> (16 - 8 * index);
  return written + count;
}

/** position 处的 JSON 转义; 返回 (转义长度 << 8) | 字节。\/ \r \n 和 \u00XX 之外都不可能合法 */
function readEscape(source: Uint8Array, position: number): number {
  const kind = source[position + 1];
  if (kind === 0x2f) return (2 << 8) | 0x2f;
  if (kind === 0x6e) return (2 << 8) | 0x0a;
  if (kind === 0x72) return (2 << 8) | 0x0d;
  // 有些序列化库把 + / = 或换行写成 \u002b 这样
  const isAscii = kind === 0x75 && source[position + 2] === 0x30 && source[position + 3] === 0x30;
  const high = isAscii ? hexDigit(source[position + 4]) : -1;
  const low = hexDigit(source[position + 5]);
  if (high < 0 || low < 0) throw new AppError('base64_invalid');
  return (6 << 8) | (high << 4) | low;
}

/** 不是十六进制数字 (或越界) 为 -1 */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/** data URL 前缀之后的位置; 没有前缀为 0 */
function payloadStart(span: Uint8Array): number {
  // ':' 不是 Base64 字符, 所以 "data:" 不会与内容混淆
  if (span.length < 5 || asBuffer(span).toString('latin1', 0, 5).toLowerCase() !== 'data:') return 0;
  // 老的浏览器内核对空文件只给出 "data:"
  if (span.length === 5) return 5;
  const prefix = PREFIX.exec(asBuffer(span).toString('latin1', 0, MAX_PREFIX_BYTES));
  if (prefix === null) throw new AppError('base64_invalid');
  return prefix[0].length;
}

function asBuffer(bytes: Uint8Array): Buffer {
  // 同一块内存的视图, 不拷贝
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function buildValues(): Uint8Array {
  const values = new Uint8Array(256).fill(BAD);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value;
  values[0x0a] = SKIP;
  values[0x0d] = SKIP;
  values[0x3d] = PAD;
  values[BACKSLASH] = ESCAPE;
  return values;
}
