// 搜索词的写法与折叠: 与 Python 共用的向量 (vectors/search.json), 与日期, 时区, 条件的组合
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  criteriaOf,
  MAX_QUERY_WORDS,
  matches,
  type ParsedQuery,
  parseQuery,
  type Searched,
  type SearchScope,
} from '../protocol/search-query.js';
import { fold, foldWithPlaces } from '../protocol/text-fold.js';
import { readSource } from './source-scan.js';

interface Vectors {
  readonly max_words: number;
  readonly fold: readonly { readonly text: string; readonly folded: string }[];
  readonly queries: readonly (ParsedQuery & { readonly query: string })[];
}

const VECTORS = JSON.parse(readSource('src/test/vectors/search.json')) as Vectors;
const LINE: Searched = { body: '评审改到三楼的会议室', name: '李雷', time: Date.UTC(2026, 10, 1) };
const PICTURE: Searched = { body: 'Café 菜单.png', name: 'Ｗang', time: 5, kind: 'image' };

function found(line: Searched, query: string, scope: SearchScope = {}): boolean {
  return matches(criteriaOf(query, scope), line);
}

describe('搜索词', () => {
  it('向量: 每一句都照写法拆开, Python 也一样', () => {
    assert.equal(MAX_QUERY_WORDS, VECTORS.max_words);
    for (const { query, ...parsed } of VECTORS.queries) assert.deepEqual(parseQuery(query), parsed, query);
  });

  it('向量: 折叠, 以及每个字来自原文的哪里', () => {
    for (const { text, folded } of VECTORS.fold) {
      assert.equal(fold(text), folded, text);
      assert.equal(fold(folded), folded, `${text}: 再折叠也不变`);
      const places = foldWithPlaces(text);
      assert.equal(places.text, folded);
      assert.deepEqual([places.starts.length, places.ends.length], [folded.length, folded.length]);
    }
  });

  it('折叠: 一个词怎么折叠与它在哪里无关, 所以正文里有它就一定找得到', () => {
    const pieces = VECTORS.fold.map(({ text }) => text).filter((text) => !/^\p{M}/u.test(text));
    for (const piece of pieces) {
      for (const other of pieces) assert.ok(fold(`${other} ${piece} ${other}`).includes(fold(piece)), piece);
    }
  });

  it('几个词都要有, 在哪里都行; 引号里的要连着', () => {
    assert.ok(found(LINE, '评审 会议室') && found(LINE, '会议室 评审'));
    assert.ok(!found(LINE, '评审会议室') && !found(LINE, '"评审 会议室"') && !found(LINE, '评审 四楼'));
    assert.ok(found(PICTURE, 'cafe') && found(PICTURE, 'ＣＡＦＥ PNG'));
  });

  it('from: has: 与 kind, group: 发送者是整个名字; 文件列表的词也在发送者里找', () => {
    assert.ok(found(LINE, 'from:李雷 评审') && !found(LINE, 'from:李') && !found(LINE, 'from:韩梅梅'));
    assert.ok(found(LINE, 'from:韩梅梅 from:李雷'), '几个 from: 是其中一个');
    assert.ok(found(PICTURE, 'from:WANG has:image') && !found(PICTURE, 'has:document'));
    assert.ok(!found(PICTURE, 'has:image has:video') && !found(LINE, 'has:file'));
    assert.ok(found(PICTURE, '菜单 wang', { kind: 'file' }) && !found(PICTURE, '菜单 wang'));
    assert.ok(found(PICTURE, '', { kind: 'file', group: 'image', from: 'wang' }));
    assert.ok(!found(PICTURE, '', { kind: 'file', group: 'media' }) && !found(LINE, '', { kind: 'file' }));
    assert.ok(found({ ...LINE, body: '见 HTTPS://a.b' }, 'has:link') && !found(LINE, 'has:link'));
  });

  it('before: 是那天零点之前, after: 是那天零点起, 按给出的时区; 两半不重不漏', () => {
    const midnight = Date.UTC(2026, 9, 31, 16);
    const at = (time: number, query: string, utcOffset: number): boolean =>
      found({ ...LINE, time }, query, { utcOffset });
    for (const [time, isBefore] of [
      [midnight - 1, true],
      [midnight, false],
    ] as const) {
      assert.equal(at(time, 'before:2026-11-01', 480), isBefore);
      assert.equal(at(time, 'after:2026-11-01', 480), !isBefore);
    }
    assert.ok(at(midnight, 'before:2026-11-01', 0), '同一刻在 UTC 还是前一天');
    // 没有给时区: 服务器所在的
    const local = new Date(2026, 10, 1).getTime();
    assert.ok(found({ ...LINE, time: local }, 'after:2026-11-01'));
    assert.ok(!found({ ...LINE, time: local - 1 }, 'after:2026-11-01'));
  });
});
