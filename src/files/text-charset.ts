// 文字的编码: 没有标明编码的字节是什么文字, 文本文件是哪种编码
// 国内的 Windows 至今常用 GBK; GB18030 是它的超集, 浏览器两者按同一张表解
import type { TextCharset } from '../protocol/messages.js';

/** 从 position 起至多 length 字节; 到了末尾则更少 */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

// 判断编码看这么多就够 (几万个字): 64 KiB, 主线程上不到一毫秒, 比这时已还回去的写入块小
const SAMPLE_BYTES = 64 * 1024;
// 开头全是 ASCII 的往后找, 至多找这么远: 2.5 GB 的日志不能为此再读一遍
const MAX_SEARCH_BYTES = 64 * 1024 * 1024;
// 坏的不到十分之一: 截断的日志, 混进的一两个坏字节不改变整篇是什么编码
const TOLERANCE = 10;
const REPLACEMENT = 0xfffd;

/**
 * 没有标明编码的一小段: 先当 UTF-8, 不是再当 GB18030; 声明了 charset 的只按它。
 * 有一个字节不合, 或不认识这个 charset (Node 没有带完整的 ICU), 就是 undefined
 */
export function decodeText(bytes: Uint8Array, charset?: string): string | undefined {
  if (charset !== undefined) return decodeAs(charset, bytes);
  return decodeAs('utf-8', bytes) ?? decodeAs('gb18030', bytes);
}

/** 文本文件的编码; UTF-8, 或看不出来, 则 undefined。size 是总字节数 */
export async function findCharset(size: number, read: ReadAt): Promise<TextCharset | undefined> {
  const end = Math.min(size, MAX_SEARCH_BYTES);
  for (let position = 0; position < end; position += SAMPLE_BYTES) {
    const block = await read(position, Math.min(SAMPLE_BYTES, end - position));
    const first = firstBeyondAscii(block);
    // 从第一个非 ASCII 字节起重取: 它必是一个字符的开头, 样本就不会从半个字开始
    if (position + first === 0) return detectCharset(block);
    if (first >= 0) return guessCharset(await read(position + first, SAMPLE_BYTES));
  }
  return undefined;
}

/** 同上, 只看文件的开头这一段; 末尾可以切在字中间 */
export function detectCharset(sample: Uint8Array): TextCharset | undefined {
  if (sample[0] === 0xff && sample[1] === 0xfe) return 'utf-16le';
  if (sample[0] === 0xfe && sample[1] === 0xff) return 'utf-16be';
  return guessCharset(sample);
}

// sample 须从一个字符的开头起
function guessCharset(sample: Uint8Array): TextCharset | undefined {
  const utf8 = tallyUtf8(sample);
  if (utf8.bad === 0 || utf8.bad * TOLERANCE < utf8.good) return undefined;
  const { good, bad, loose } = tallyGb18030(sample);
  // 西欧文字 (带重音的字母后跟着普通字母) 也拼得成汉字, 第二个字节几乎全在 ASCII 里; 中文不是这样
  return bad * TOLERANCE < good && loose * 2 < good ? 'gb18030' : undefined;
}

/** 没有则 -1。手写循环: findIndex 慢十倍以上, 而这里最多要看 64 MiB */
function firstBeyondAscii(bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index]! >= 0x80) return index;
  return -1;
}

interface Tally {
  /** 合格的非 ASCII 字符数 */
  readonly good: number;
  /** 不合格的字节 (或段) 数 */
  readonly bad: number;
}

function tallyUtf8(sample: Uint8Array): Tally {
  // stream: 末尾的半个字不算坏
  const text = new TextDecoder('utf-8').decode(sample, { stream: true });
  let good = 0;
  let bad = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === REPLACEMENT) bad += 1;
    else if (code >= 0x80) good += 1;
  }
  return { good, bad };
}

/** 自己数而不用解码器: 不依赖 ICU, 还要知道第二个字节落在哪里。loose: 它在 ASCII 里的双字节字符数 */
function tallyGb18030(sample: Uint8Array): Tally & { readonly loose: number } {
  const tally = { good: 0, bad: 0, loose: 0 };
  for (let index = 0; index < sample.length; ) {
    const length = gb18030Length(sample, index);
    if (length === 0) tally.bad += 1;
    else if (length > 1) {
      tally.good += 1;
      if (length === 2 && sample[index + 1]! < 0x80) tally.loose += 1;
    }
    index += length || 1;
  }
  return tally;
}

/** 这里的字符占几个字节 (WHATWG Encoding 第 10.2.1 节); 不合格为 0。末尾的半个字不好也不坏, 逐字节走完 */
function gb18030Length(sample: Uint8Array, index: number): 0 | 1 | 2 | 4 {
  const lead = sample[index]!;
  const second = sample[index + 1];
  // 0x80 是 CP936 的欧元
  if (lead <= 0x80 || second === undefined) return 1;
  if (lead === 0xff) return 0;
  if (!isDigit(second)) return second >= 0x40 && second !== 0x7f && second !== 0xff ? 2 : 0;
  const third = sample[index + 2];
  const fourth = sample[index + 3];
  if (third === undefined || fourth === undefined) return 1;
  return third >= 0x81 && third !== 0xff && isDigit(fourth) ? 4 : 0;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function decodeAs(charset: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // RangeError: 不认识的编码; TypeError: 字节不合, 或没有 ICU 就不能 fatal
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}
