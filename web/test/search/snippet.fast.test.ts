// 搜索结果里的一段话: 全部命中, 不分大小写, 截短也不丢第一处命中
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Piece, piecesOf, snippetOf } from '../../src/view/search/snippet.js';

/** 命中写在方括号里 */
function shown(pieces: readonly Piece[]): string {
  return pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('');
}

test('标出全部命中, 不分大小写, 不重叠, 原文的大小写不变', () => {
  assert.equal(shown(piecesOf('Abc abC ABC', 'aBc')), '[Abc] [abC] [ABC]');
  assert.equal(shown(piecesOf('啊啊啊', '啊啊')), '[啊啊]啊');
  assert.equal(shown(piecesOf('ΣΑΣ σας', 'σας')), '[ΣΑΣ] [σας]');
  assert.equal(shown(piecesOf('没有', '别的')), '没有');
  assert.equal(shown(piecesOf('空的词', '')), '空的词');
});

test('折叠之后长度会变的字母 (ß, İ) 不换: 命中的位置不会错开', () => {
  assert.equal(shown(piecesOf('ßßß 你好 İİ 你好', '你好')), 'ßßß [你好] İİ [你好]');
  assert.equal(shown(piecesOf('Straße', 'STRASSE')), 'Straße');
});

test('查的是文字, 不是正则, 也不是 HTML', () => {
  assert.equal(shown(piecesOf('a.c abc', 'a.c')), '[a.c] abc');
  assert.equal(shown(piecesOf('<b>x</b>', '<b>')), '[<b>]x</b>');
});

test('很长的话: 截到第一处命中附近, 不切开表情', () => {
  const cut = shown(snippetOf(`${'😀'.repeat(300)}命中${'😀'.repeat(300)}`, '命中'));
  assert.match(cut, /^…(?:😀)+\[命中\](?:😀)+…$/u);
  assert.ok(cut.length < 250, `${cut.length}`);
});

test('换行算空白: 跨行的词也标得出', () => {
  assert.equal(shown(snippetOf('第一行\n第二行', '行 第')), '第一[行 第]二行');
});
