// 一条记录在一页里约占多少字节; 读线程与编码的一方照同一个算法截断一页
import type { RoomEntry } from './messages.js';

/** 一页的上限 (字节): 远低于慢消费者预算, 否则补发本身就会把人踢下线 */
export const PAGE_BYTES = 256 * 1024;
// 文字消息除正文之外的字段, 与一条文件消息 (估计, 字节); 名字至多 32 码点
const ENVELOPE_BYTES = 160;
const FILE_BYTES = 1024;

export function pageBytes(entry: RoomEntry): number {
  return entry.kind === 'text' ? ENVELOPE_BYTES + utf8Bytes(entry.message) : FILE_BYTES;
}

// 浏览器里没有 Buffer。代理项两个各算 2 字节, 孤立的不会有
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}

/**
 * 从头取到一页放不下为止: 最后一条可以越过 maxBytes, 由它知道后面还有。至少两条 (有的话):
 * 头一条再大也要给, 还要知道它后面有没有
 */
export class PageFill {
  readonly #maxBytes: number;
  #bytes = 0;
  #count = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#bytes > this.#maxBytes && this.#count > 1;
  }

  add(entry: RoomEntry): void {
    this.#bytes += pageBytes(entry);
    this.#count += 1;
  }
}
