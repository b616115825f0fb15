// 搜索词的写法: 词, 引号里的短语, 与 from: has: before: after:; 服务器与网页共用, Python 照写一遍 (vectors/search.json)
import { type FileGroup, type FileKind, KINDS_IN_GROUP } from './file-kind.js';
import { fold } from './text-fold.js';

/** 超过这么多个词 (与条件) 就不拆: 整句当作一个短语, 贴一整句来找的本来就是这个意思 */
export const MAX_QUERY_WORDS = 16;

export type HasValue = 'file' | 'image' | 'video' | 'audio' | 'document' | 'link';

/** 日历上的一天, 不带时区 */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export interface ParsedQuery {
  /** 都要有; 已折叠 */
  readonly words: readonly string[];
  /** 是其中一个人发的; 已折叠 */
  readonly from: readonly string[];
  /** 都要满足 */
  readonly has: readonly HasValue[];
  /** 这一天零点起 */
  readonly after?: CivilDate;
  /** 这一天零点之前 */
  readonly before?: CivilDate;
  /** 像是条件而值看不懂的 (before:下周), 按普通的词找: 客户端据此提醒 */
  readonly doubtful: readonly string[];
}

/** 查询之外的条件 */
export interface SearchScope {
  readonly kind?: 'file';
  readonly group?: FileGroup;
  readonly from?: string;
  /** 日期按哪个时区: UTC 以东的分钟; 没有则按本机 (服务器) 的时区 */
  readonly utcOffset?: number;
}

/** 一条消息合不合要求, 全在这里; 可以在线程之间传 */
export interface SearchCriteria {
  readonly words: readonly string[];
  readonly from: readonly string[];
  /** 只要文件; kinds 再限定是哪几类 (空的: 没有一类合格) */
  readonly isFile: boolean;
  readonly kinds?: readonly FileKind[];
  readonly hasLink: boolean;
  /** time 在 [sinceMs, untilMs) 之间 */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** 文件列表: 词也可以出现在发送者的名字里 */
  readonly alsoInSender: boolean;
}

/** 被搜索的一条: body 是正文或文件名 */
export interface Searched {
  readonly body: string;
  readonly name: string;
  readonly time: number;
  /** 文字没有 */
  readonly kind?: FileKind;
  /** body 与 name 折叠好的: 反复比较同一条的人给出 */
  readonly folded?: readonly [body: string, name: string];
}

interface Token {
  readonly raw: string;
  readonly operator?: string;
  readonly value: string;
}

const SPACE = /\s/u;
// 中文输入法打出的是全角冒号 (U+FF1A)
const OPERATOR = /(from|has|before|after)[:\uff1a]/iy;
// 一对直的, 弯的或全角的双引号可以混用 (输入法常把两个都打成同一边); 直角引号成对
const QUOTES: ReadonlyMap<string, string> = new Map([
  ...['"', '\u201c', '\u201d', '\uff02'].map((open): [string, string] => [open, '"\u201c\u201d\uff02']),
  ['\u300c', '\u300d'],
  ['\u300e', '\u300f'],
]);
const DATE = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/;
const LINK = /https?:\/\//i;
const MINUTE_MS = 60_000;

const HAS: ReadonlyMap<string, HasValue> = new Map([
  ...(['file', 'image', 'video', 'audio', 'document', 'link'] as const).map((value): [string, HasValue] => [
    value,
    value,
  ]),
  ['文件', 'file'],
  ['图片', 'image'],
  ['视频', 'video'],
  ['音频', 'audio'],
  ['文档', 'document'],
  ['链接', 'link'],
]);
const KINDS_OF: Readonly<Record<Exclude<HasValue, 'file' | 'link'>, readonly FileKind[]>> = {
  image: KINDS_IN_GROUP.image,
  video: ['video'],
  audio: ['audio'],
  document: KINDS_IN_GROUP.document,
};

/** 从不失败: 看不懂的都是普通的词; 什么都不剩 (只有引号) 时整句按字面 */
export function parseQuery(query: string): ParsedQuery {
  const tokens = tokensOf(query);
  const parts = { words: new Set<string>(), from: new Set<string>(), has: new Set<HasValue>() };
  const doubtful: string[] = [];
  let after: CivilDate | undefined;
  let before: CivilDate | undefined;
  for (const token of tokens.length > MAX_QUERY_WORDS ? [] : tokens) {
    const { operator, value } = token;
    const has = operator === 'has' ? HAS.get(fold(value)) : undefined;
    const date = operator === 'before' || operator === 'after' ? parseDate(value) : undefined;
    // 几个日期: 取最窄的
    if (date !== undefined && operator === 'before')
      before = before && isEarlier(before, date) ? before : date;
    else if (date !== undefined) after = after && isEarlier(date, after) ? after : date;
    else if (has !== undefined) parts.has.add(has);
    else if (operator === 'from' && value.trim() !== '') parts.from.add(fold(value.trim()));
    else {
      if (operator !== undefined) doubtful.push(token.raw);
      parts.words.add(fold(operator === undefined ? value : token.raw));
    }
  }
  const isEmpty = parts.words.size + parts.from.size + parts.has.size === 0 && !after && !before;
  return {
    words: isEmpty && query.trim() !== '' ? [fold(query.trim())] : [...parts.words],
    from: [...parts.from],
    has: [...parts.has],
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
    doubtful,
  };
}

export function criteriaOf(query: string, scope: SearchScope = {}): SearchCriteria {
  const { words, from, has, after, before } = parseQuery(query);
  const kinds = kindsOf(has, scope.group);
  const senders = scope.from === undefined ? from : [...from, fold(scope.from.trim())];
  return {
    words,
    from: senders,
    isFile: scope.kind === 'file' || has.includes('file') || kinds !== undefined,
    ...(kinds === undefined ? {} : { kinds }),
    hasLink: has.includes('link'),
    ...(after === undefined ? {} : { sinceMs: dayStartMs(after, scope.utcOffset) }),
    ...(before === undefined ? {} : { untilMs: dayStartMs(before, scope.utcOffset) }),
    alsoInSender: scope.kind === 'file',
  };
}

/** 除了 "是文件" 什么也不限 */
export function isUnfiltered({ words, from, kinds, hasLink, sinceMs, untilMs }: SearchCriteria): boolean {
  const isOpen = kinds === undefined && sinceMs === undefined && untilMs === undefined;
  return words.length + from.length === 0 && !hasLink && isOpen;
}

/** 索引只给出候选, 合不合最后都由它说 */
export function matches(criteria: SearchCriteria, searched: Searched): boolean {
  const { body, name, time, kind, folded } = searched;
  const { words, from, isFile, kinds, hasLink, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = criteria;
  if (time < sinceMs || time >= untilMs || (isFile && kind === undefined)) return false;
  if (kinds !== undefined && !(kind !== undefined && kinds.includes(kind))) return false;
  if (hasLink && !containsLink(body)) return false;
  if (from.length > 0 && !from.includes(folded?.[1] ?? fold(name))) return false;
  if (words.length === 0) return true;
  const [foldedBody, foldedName] = folded ?? [fold(body), criteria.alsoInSender ? fold(name) : ''];
  const texts = criteria.alsoInSender ? [foldedBody, foldedName] : [foldedBody];
  return words.every((word) => texts.some((text) => text.includes(word)));
}

export function containsLink(body: string): boolean {
  return LINK.test(body);
}

/** 那天零点, Unix 毫秒 */
function dayStartMs({ year, month, day }: CivilDate, utcOffset?: number): number {
  if (utcOffset === undefined) return new Date(year, month - 1, day).getTime();
  return Date.UTC(year, month - 1, day) - utcOffset * MINUTE_MS;
}

function kindsOf(has: readonly HasValue[], group: FileGroup | undefined): readonly FileKind[] | undefined {
  const sets = has.flatMap((value) => (value === 'file' || value === 'link' ? [] : [KINDS_OF[value]]));
  const [first, ...rest]: (readonly FileKind[])[] =
    group === undefined ? sets : [KINDS_IN_GROUP[group], ...sets];
  return first?.filter((kind) => rest.every((set) => set.includes(kind)));
}

// ---- 拆开 ----

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < query.length; ) {
    if (SPACE.test(query.charAt(at))) {
      at += 1;
      continue;
    }
    const { token, end } = nextToken(query, at);
    // 一对空引号: 什么也不要
    if (token.raw !== '' && (token.operator !== undefined || token.value !== '')) tokens.push(token);
    at = end;
  }
  return tokens;
}

function nextToken(query: string, start: number): { token: Token; end: number } {
  OPERATOR.lastIndex = start;
  const operator = OPERATOR.exec(query)?.[1];
  const from = operator === undefined ? start : start + operator.length + 1;
  const quoted = quotedAt(query, from);
  const end = quoted?.end ?? wordEnd(query, from);
  const token = { raw: query.slice(start, end), value: quoted?.text ?? query.slice(from, end) };
  return { token: operator === undefined ? token : { ...token, operator: operator.toLowerCase() }, end };
}

// 没有合上的 (多半还在打) 到末尾为止
function quotedAt(query: string, at: number): { text: string; end: number } | undefined {
  const closers = QUOTES.get(query.charAt(at));
  if (closers === undefined) return undefined;
  for (let end = at + 1; end < query.length; end += 1) {
    if (closers.includes(query.charAt(end))) return { text: query.slice(at + 1, end), end: end + 1 };
  }
  return { text: query.slice(at + 1), end: query.length };
}

function wordEnd(query: string, from: number): number {
  let end = from;
  while (end < query.length && !SPACE.test(query.charAt(end))) end += 1;
  return end;
}

/** 2026-11-01, 2026/11/1, 2026-11 (那个月的第一天), 2026; 没有这一天则 undefined */
function parseDate(value: string): CivilDate | undefined {
  const [, year, month = '1', day = '1'] = DATE.exec(value.normalize('NFKC')) ?? [];
  if (year === undefined) return undefined;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const real = new Date(Date.UTC(date.year, date.month - 1, date.day));
  const isReal = real.getUTCFullYear() === date.year && real.getUTCMonth() === date.month - 1;
  return isReal && real.getUTCDate() === date.day ? date : undefined;
}

function isEarlier(one: CivilDate, other: CivilDate): boolean {
  return dayStartMs(one, 0) < dayStartMs(other, 0);
}
