// 搜索的意思: 正文或文件名转成小写之后含有转成小写的 query; 索引与扫描都以它为准
import type { RoomEntry } from '../../protocol/messages.js';

/** 一条记录里被搜索的文字 */
export function searchable(entry: RoomEntry): string {
  return entry.kind === 'text' ? entry.message : entry.file.originalName;
}

/** 折叠大小写; 孤立代理项换成 U+FFFD, 因为存盘的文字都是良构的 */
export function fold(text: string): string {
  return text.replace(/\p{Cs}/gu, '\uFFFD').toLowerCase();
}

/** folded 须已经过 fold */
export function contains(entry: RoomEntry, folded: string): boolean {
  return searchable(entry).toLowerCase().includes(folded);
}

/** 全文索引里的写法: 分词器到 U+0000 为止, 换掉; 搜索词也这样换, 只会多找, 由 contains 再筛 */
export function indexed(text: string): string {
  return text.toLowerCase().replaceAll('\0', '\uFFFD');
}
