// 搜索结果里的一段话: 全部命中, 不分大小写, 截短也不丢第一处命中
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '../../../src/protocol/search-query.js';
import { readSource } from '../../../src/test/source-scan.js';
import { findHits, type Piece, piecesOf, snippetOf } from '../../src/view/search/snippet.js';

/** 命中写在方括号里 */
function shown(pieces: readonly Piece[]): string {
  return pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('');
}

function wordsOf(query: string): readonly string[] {
  return query === '' ? [] : parseQuery(query).words;
}

test('向量: 标出的正是原文里的那几个字, 与桌面客户端相同', () => {
  const { hits } = JSON.parse(readSource('src/test/vectors/search.json')) as {
    hits: { text: string; query: string; hits: string[] }[];
  };
  for (const { text, query, hits: wanted } of hits) {
    const found = findHits(text, wordsOf(query)).map(({ start, end }) => text.slice(start, end));
    assert.deepEqual(found, wanted, query);
  }
});

test('标出全部命中, 不分大小写, 不重叠, 原文的大小写不变', () => {
  assert.equal(shown(piecesOf('Abc abC ABC', wordsOf('aBc'))), '[Abc] [abC] [ABC]');
  assert.equal(shown(piecesOf('啊啊啊', wordsOf('啊啊'))), '[啊啊]啊');
  assert.equal(shown(piecesOf('ΣΑΣ σας', wordsOf('σας'))), '[ΣΑΣ] [σας]');
  assert.equal(shown(piecesOf('没有', wordsOf('别的'))), '没有');
  assert.equal(shown(piecesOf('空的词', wordsOf(''))), '空的词');
});

test('折叠之后长度会变的字母 (ß, İ): 命中的位置不会错开', () => {
  assert.equal(shown(piecesOf('ßßß 你好 İİ 你好', wordsOf('你好'))), 'ßßß [你好] İİ [你好]');
  assert.equal(shown(piecesOf('好 Straße', wordsOf('STRASSE'))), '好 [Straße]');
});

test('查的是文字, 不是正则, 也不是 HTML', () => {
  assert.equal(shown(piecesOf('a.c abc', wordsOf('a.c'))), '[a.c] abc');
  assert.equal(shown(piecesOf('<b>x</b>', wordsOf('<b>'))), '[<b>]x</b>');
});

test('很长的话: 截到第一处命中附近, 不切开表情', () => {
  const cut = shown(snippetOf(`${'😀'.repeat(300)}命中${'😀'.repeat(300)}`, wordsOf('命中')));
  assert.match(cut, /^…(?:😀)+\[命中\](?:😀)+…$/u);
  assert.ok(cut.length < 250, `${cut.length}`);
});

test('换行算空白: 跨行的短语也标得出', () => {
  assert.equal(shown(snippetOf('第一行\n第二行', wordsOf('"行 第"'))), '第一[行 第]二行');
});
