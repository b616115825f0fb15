// 一次搜索怎么用全文索引: 词, 发送者与网址各换成 MATCH 的一项, 都要有; 换不成的 (太常见的一两个字) 留给逐条核对
import type { SearchCriteria } from '../../protocol/search-query.js';
import type { Statements } from './database.js';
import { blobOf, textOf } from './rows.js';
import { indexedWord, LINK_TERM, senderTerm } from './searched.js';

// 一两个字的词至多展开成这么多三字组 (查询约 10 毫秒); 更多的说明它常见
const MAX_TERMS = 512;
// 已有别的一项时, 展开得更多的不如留给核对: 几项求交时每一条都要在全部三字组里找 (实测几百毫秒)
const MAX_EXTRA_TERMS = 64;
const TRIGRAM = 3;
const LAST_CODE_POINT = '\u{10ffff}';

/** match: MATCH 的表达式; scan: 每一项都太常见, 逐条看; none: 有一个词索引里没有 */
export type Plan = { readonly match: string } | 'scan' | 'none';

export class SearchPlanner {
  readonly #statements: Statements;
  readonly #items: string[];
  /** 还没有展开的短词 */
  readonly #short: string[];
  /** 展开了的, 每个短词一组 */
  readonly #expanded: string[][] = [];
  #isHopeless = false;

  constructor(statements: Statements, { words, from, hasLink }: SearchCriteria) {
    this.#statements = statements;
    const wanted = words.map(indexedWord);
    const long = wanted.filter((word) => !isShort(word));
    this.#short = wanted.filter(isShort);
    const senders = from.map((name) => phrase(senderTerm(name)));
    this.#items = [
      ...long.map((word) => `body : ${phrase(word)}`),
      ...(senders.length === 0 ? [] : [`facets : (${senders.join(' OR ')})`]),
      ...(hasLink ? [`facets : ${phrase(LINK_TERM)}`] : []),
    ];
  }

  /** 全是短词: 常见的逐条看一小段就够了, 不必去数它的三字组 (几十毫秒) */
  get isVague(): boolean {
    return this.#items.length === 0;
  }

  /** 想一步: 展开一个短词; 想好了才有结果 */
  step(): Plan | undefined {
    const word = this.#isHopeless ? undefined : this.#short.pop();
    if (word === undefined) return this.#plan();
    const terms = this.#statements.rows<[Uint8Array]>(
      `SELECT ${blobOf('term')} FROM message_terms WHERE term >= ? AND term < ? LIMIT ?`,
      word,
      word + LAST_CODE_POINT,
      MAX_TERMS + 1,
    );
    if (terms.length === 0) this.#isHopeless = true;
    else if (terms.length <= MAX_TERMS) this.#expanded.push(terms.map(([term]) => phrase(textOf(term))));
    return undefined;
  }

  #plan(): Plan {
    if (this.#isHopeless) return 'none';
    const items = [...this.#items];
    // 最少见的先用
    for (const terms of this.#expanded.sort((one, other) => one.length - other.length)) {
      if (items.length === 0 || terms.length <= MAX_EXTRA_TERMS) items.push(`body : (${terms.join(' OR ')})`);
    }
    return items.length === 0 ? 'scan' : { match: items.map((item) => `(${item})`).join(' AND ') };
  }
}

function isShort(word: string): boolean {
  return [...word].length < TRIGRAM;
}

// FTS5 的字面: 引号里面的引号写两遍
function phrase(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
