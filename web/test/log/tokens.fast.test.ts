// 正文的记号: 链接, 代码, 表情
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLinear } from '../../../src/test/steps.js';
import { findLinks } from '../../src/view/log/links.js';
import { isLong, previewOf } from '../../src/view/log/preview.js';
import { isFewEmoji, tokenize } from '../../src/view/log/tokens.js';

function linksIn(text: string): string[] {
  return findLinks(text).map(({ start, end }) => text.slice(start, end));
}

test('链接: 句末的标点与中文标点不算在内', () => {
  assert.deepEqual(linksIn('看 https://a.com/x. 然后'), ['https://a.com/x']);
  assert.deepEqual(linksIn('见https://a.com/x, 还有http://b.cn!'), ['https://a.com/x', 'http://b.cn']);
  for (const mark of ',.;:!?)\uff0c\uff1b\uff01\uff09\u3002\u3001\u300b\u3011') {
    assert.deepEqual(linksIn(`https://a.com/x${mark}后面`), ['https://a.com/x'], `标点 ${mark}`);
  }
});

test('链接: 成对的括号留着, 多出的去掉', () => {
  assert.deepEqual(linksIn('(https://a.com/b_(c))'), ['https://a.com/b_(c)']);
  assert.deepEqual(linksIn('(见 https://a.com/b)'), ['https://a.com/b']);
  assert.deepEqual(linksIn('[https://a.com/b]'), ['https://a.com/b']);
});

test('链接: 路径里的汉字算, 紧跟在网址后的汉字不算', () => {
  assert.deepEqual(linksIn('https://zh.wikipedia.org/wiki/水闸 这个'), [
    'https://zh.wikipedia.org/wiki/水闸',
  ]);
  assert.deepEqual(linksIn('见https://a.com这个网站'), ['https://a.com']);
  assert.deepEqual(linksIn('https://a.com/x这个'), ['https://a.com/x']);
});

test('链接: 汉字的域名是完整的, 不会截成别人的主机', () => {
  const whole = [
    'https://例子.中国/路径',
    'https://www.例子.中国/a?b=1',
    'http://example.中国',
    'https://中文abc.com/x',
    'https://abc中文.com/x',
    'https://bücher.de/é',
    'https://пример.рф/путь',
    'https://例え.テスト/サーバー',
    'https://例子.测试:8443/路径/第二段',
  ];
  for (const url of whole) {
    assert.deepEqual(linksIn(`看 ${url} 这个`), [url]);
    assert.deepEqual(linksIn(`看${url}, 然后`), [url]);
    assert.deepEqual(linksIn(`(${url})\u3002后面`), [url], url);
  }
  assert.equal(findLinks('https://例子.中国/路径')[0]?.href, new URL('https://例子.中国/路径').href);
});

test('链接: 域名之后的句子仍不算', () => {
  assert.deepEqual(linksIn('https://例子.com这里'), ['https://例子.com']);
  assert.deepEqual(linksIn('https://a.com.然后再看'), ['https://a.com']);
  assert.deepEqual(linksIn('https://a.com.中国人'), ['https://a.com']);
  assert.deepEqual(linksIn('https://localhost这里'), ['https://localhost']);
  assert.deepEqual(linksIn('https://例子.中国\u3002然后'), ['https://例子.中国']);
});

test('链接: 只认 http 与 https, 不认带用户名的', () => {
  const hostile = [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.com',
    'https://银行@evil.com',
    'https://',
    'http://[x',
  ];
  for (const text of [...hostile, 'https://bank.com@evil.com/', 'https://u:p@evil.com']) {
    for (const { href } of findLinks(text)) {
      assert.match(href, /^https?:/);
      assert.equal(new URL(href).username, '', text);
    }
  }
  assert.deepEqual(linksIn('HTTPS://A.com/B'), ['HTTPS://A.com/B']);
});

test('链接与代码: 一长串括号, 标点与围栏, 步数也与长短成正比', () => {
  const works: ((size: number) => unknown)[] = [
    (size) => findLinks(`https://a.com/${')'.repeat(size)}`),
    (size) => findLinks(`https://a.com/${'(.'.repeat(size / 2)}`),
    (size) => findLinks('https://'.repeat(size / 8)),
    (size) => findLinks(`https://${'水'.repeat(size)}`),
    (size) => findLinks(`https://a${'.水a'.repeat(size / 3)}`),
    (size) => tokenize('`'.repeat(size)),
    (size) => tokenize('```\n'.repeat(size / 4)),
    (size) => tokenize('`a'.repeat(size / 2)),
    (size) => isFewEmoji('👨‍'.repeat(size / 2)),
  ];
  for (const work of works) assertLinear(work, { size: 8000, huge: 400_000 });
});

test('代码: 围栏有语言名, 前后的换行不重复', () => {
  assert.deepEqual(tokenize('前\n```ts\nlet a;\n  b\n```\n后'), [
    { kind: 'paragraph', spans: [{ kind: 'text', text: '前' }] },
    { kind: 'fence', language: 'ts', text: 'let a;\n  b' },
    { kind: 'paragraph', spans: [{ kind: 'text', text: '后' }] },
  ]);
  assert.deepEqual(tokenize('```npm test```'), [{ kind: 'fence', language: '', text: 'npm test' }]);
});

test('代码: 没有闭合的围栏与反引号照原样显示', () => {
  const text = '```ts\nlet a; `b';
  assert.deepEqual(tokenize(text), [{ kind: 'paragraph', spans: [{ kind: 'text', text }] }]);
});

test('代码: 里面的网址与标签不加工', () => {
  assert.deepEqual(tokenize('`https://a.com` <b>'), [
    {
      kind: 'paragraph',
      spans: [
        { kind: 'code', text: 'https://a.com' },
        { kind: 'text', text: ' <b>' },
      ],
    },
  ]);
});

test('表情: 一到三个才放大', () => {
  for (const text of ['👍', '👍👍🏽', '👨‍👩‍👧‍👦🇨🇳', '❤️ 🎉 1️⃣']) assert.ok(isFewEmoji(text), text);
  for (const text of ['', '123', '👍👍👍👍', '好👍', '#']) assert.ok(!isFewEmoji(text), text);
});

test('很长的消息只画开头: 字数与行数都有上限, 代码块仍是代码块', () => {
  const shown = (text: string): string =>
    previewOf(text)
      .flatMap((block) => (block.kind === 'fence' ? [block.text] : block.spans.map((span) => span.text)))
      .join('\n');
  for (const text of [
    'A'.repeat(16_384),
    '\n'.repeat(16_000).concat('x'),
    '`a` https://a.com '.repeat(800),
  ]) {
    assert.ok(isLong(text));
    assert.ok(shown(text).length <= 1600, String(shown(text).length));
  }
  const code = previewOf(`\`\`\`ts\n${'let a;\n'.repeat(500)}\`\`\``);
  assert.equal(code[0]?.kind, 'fence');
  assert.equal(shown(`${'😀'.repeat(449)}a${'😀'.repeat(900)}`).isWellFormed(), true);
  assert.ok(!isLong('短'.repeat(1600)) && !isLong(Array(30).fill('x').join('\n')));
});
