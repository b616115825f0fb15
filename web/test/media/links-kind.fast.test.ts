// 链接只取路径; 类别与文件名的写法
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, shortType } from '../../../src/protocol/file-kind.js';
import { safeName, splitName } from '../../src/view/media/file-name.js';
import { opensInPage, pagePath } from '../../src/view/media/links.js';

test('链接: 只取路径, 主机与查询都不要', () => {
  assert.equal(pagePath('https://other.example:8443/files/a-b.pdf?x=1#y'), '/files/a-b.pdf');
});

test('链接: 读不懂的, 别的协议, 会变成别的主机的, 一概没有', () => {
  for (const url of [
    '',
    '/files/a.pdf',
    'files/a.pdf',
    'http://',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://a//evil.example/x',
    'http://a/\\evil.example',
  ]) {
    assert.equal(pagePath(url), undefined, url);
  }
});

test('类别: 媒体看 MIME, 其余看扩展名, SVG 与 HTML 算代码', () => {
  assert.equal(kindOf('image/png', 'a.txt'), 'image');
  assert.equal(kindOf('image/svg+xml', 'a.svg'), 'code');
  assert.equal(kindOf('text/html', 'a.html'), 'code');
  assert.equal(kindOf('application/octet-stream', '报表.XLSX'), 'spreadsheet');
  assert.equal(kindOf('application/pdf', '没有扩展名'), 'document');
  assert.equal(kindOf('application/gzip', 'a.tar.gz'), 'archive');
  assert.equal(kindOf('', 'a.mov'), 'video');
  assert.equal(kindOf('application/octet-stream', 'README'), 'other');
  assert.equal(kindOf('', '.bashrc'), 'other');
});

test('类型名: 短的扩展名大写, 怪的不用', () => {
  assert.equal(shortType('a.pdf'), 'PDF');
  assert.equal(shortType('a.报告'), undefined);
  assert.equal(shortType('a'), undefined);
});

test('在页面里打开的: 位图, 音视频, 纯文本; 不含 SVG 与 HTML', () => {
  assert.ok(opensInPage('image/png') && opensInPage('text/plain') && opensInPage('video/mp4'));
  assert.ok(!opensInPage('image/svg+xml') && !opensInPage('text/html') && !opensInPage('application/pdf'));
});

test('文件名: 分成两段拼回来还是原来的, 扩展名在后段', () => {
  for (const name of [
    '年度财务报告终稿(3).pdf',
    'a.b',
    'README',
    '.gitignore',
    '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧.jpg',
    '',
  ]) {
    const [stem, tail] = splitName(name);
    assert.equal(stem + tail, name);
  }
  assert.equal(splitName('年度财务报告终稿(3).pdf')[1], '稿(3).pdf');
  // 空白归前段: 省略号与后段之间不留洞
  assert.deepEqual(splitName('截图 2026-11-22 (6).png'), ['截图 2026-11-22 ', '(6).png']);
  // 字素不被切开
  assert.equal(splitName('👨‍👩‍👧👨‍👩‍👧.jpg')[1], '👨‍👩‍👧.jpg');
});

test('文件名: 反转方向的字符不能把 exe 显示成 png', () => {
  assert.equal(safeName('photo_\u202Egnp.exe'), 'photo_\uFFFDgnp.exe');
  assert.equal(safeName('a\u0000b\nc\u2066'), 'a\uFFFDb\uFFFDc\uFFFD');
});
