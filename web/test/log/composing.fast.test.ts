// 输入区的纯函数: 字节上限, 发出的文字, 截图的名字
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { screenshotName } from '../../src/view/composer/pasted-files.js';
import { allowanceOf, outgoingText } from '../../src/view/composer/text-bytes.js';

test('字节: 汉字三个, 表情四个; 到九成才提醒', () => {
  assert.equal(allowanceOf('水'.repeat(29), 100).near, false);
  assert.deepEqual(allowanceOf('水'.repeat(30), 100), { near: true, left: 10 });
  assert.deepEqual(allowanceOf('水'.repeat(34), 100), { near: true, left: -2 });
  assert.deepEqual(allowanceOf('🎉'.repeat(25), 100), { near: true, left: 0 });
  assert.equal(allowanceOf('a', Number.POSITIVE_INFINITY).left, Number.POSITIVE_INFINITY);
});

test('只有空白的不发; 首行的缩进留着', () => {
  assert.equal(outgoingText(' \n\t \r\n '), '');
  assert.equal(outgoingText('\n \n  let a;\n  b\n\n'), '  let a;\n  b');
});

test('只有看不见的字符也不发; 夹在字里的照旧', () => {
  for (const text of [
    '\u200b',
    ' \u200b\n\u2060',
    '\ufeff',
    '\u3164',
    '\u00ad',
    '\u202e',
    '\u2800',
    '\u3000',
  ])
    assert.equal(outgoingText(text), '', JSON.stringify(text));
  assert.equal(outgoingText('👨‍👩‍👧'), '👨‍👩‍👧');
  assert.equal(outgoingText('می‌خواهم'), 'می‌خواهم');
});

test('截图: 没有名字的按时间起名, 有名字的不动', () => {
  const now = new Date(2026, 10, 22, 9, 5, 3);
  const image = { name: 'image.png', type: 'image/png' };
  assert.equal(screenshotName(image, '截图', now, 0), '截图 2026-11-22 09.05.03.png');
  assert.equal(screenshotName(image, '截图', now, 1), '截图 2026-11-22 09.05.03 (2).png');
  assert.equal(screenshotName({ name: '猫.png', type: 'image/png' }, '截图', now, 0), '猫.png');
});
