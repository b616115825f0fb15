// 一条记录里被搜索的是什么, 与它在全文索引里的写法
import { kindOf } from '../../protocol/file-kind.js';
import type { RoomEntry } from '../../protocol/messages.js';
import { containsLink, type Searched } from '../../protocol/search-query.js';
import { fold } from '../../protocol/text-fold.js';

// 每个三字组都要有三个字: 末尾两个字也得起头
const PADDING = '\u0001\u0001';
/** 含有网址的消息, facets 一列里有这个三字组 */
export const LINK_TERM = '\u0003li';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
// 私用区里的 4096 个字: 两个就是 24 位
const PRIVATE_USE = 0xe000;
const TWELVE_BITS = 0xfff;

/** 正文或文件名, 谁, 何时, 哪类文件 */
export function searchedOf(entry: RoomEntry): Searched {
  if (entry.kind === 'text') return { body: entry.message, name: entry.name, time: entry.time };
  const { originalName, name, mimeType } = entry.file;
  return { body: originalName, name, time: entry.time, kind: kindOf(mimeType, originalName) };
}

/** body 一列里的搜索词: 分词器到 U+0000 为止, 换掉; 只会多找, 由 matches 再筛 */
export function indexedWord(folded: string): string {
  return folded.replaceAll('\0', '\uFFFD');
}

/** 一条消息的 body 与 facets 两列 */
export function indexedColumns({
  body,
  name,
}: Pick<Searched, 'body' | 'name'>): [body: string, facets: string] {
  const link = containsLink(body) ? LINK_TERM : '';
  return [indexedWord(fold(body)) + PADDING, senderTerm(fold(name)) + link];
}

/**
 * 发送者在 facets 里的写法: 恰好一个三字组, 名字的散列。不写名字本身: 它的三字组会混进展开一两个字的词时看的词表。
 * 碰撞 (24 位) 只会多找
 */
export function senderTerm(foldedName: string): string {
  let hash = FNV_OFFSET;
  for (let unit = 0; unit < foldedName.length; unit += 1)
    hash = Math.imul(hash ^ foldedName.charCodeAt(unit), FNV_PRIME);
  const character = (bits: number): string => String.fromCharCode(PRIVATE_USE + (bits & TWELVE_BITS));
  return `\u0002${character(hash)}${character(hash >>> 12)}`;
}
