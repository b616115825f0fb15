// 文件面板的搜索与分类
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileBroadcast } from '../../../src/protocol/messages.js';
import { filterFiles, filterOf } from '../../src/view/files/filter.js';

function file(originalName: string, name = '张三', mimeType = 'application/octet-stream'): FileBroadcast {
  const place = { id: originalName, seq: 1, time: 1, url: 'http://a/files/a' };
  return { type: 'file', ...place, name, originalName, size: 1, mimeType, sha256: '' };
}

const FILES = [
  file('年度报告.PDF', '李四', 'application/pdf'),
  file('照片.png', '张三', 'image/png'),
  file('录音.mp3', 'Wang Xiaoming', 'audio/mpeg'),
  file('源码.zip'),
];

function names(query: string, group: Parameters<typeof filterOf>[1] = 'all'): string[] {
  return filterFiles(FILES, filterOf(query, group)).map(({ originalName }) => originalName);
}

test('搜索: 名字与发送者都算, 不分大小写', () => {
  assert.deepEqual(names('pdf'), ['年度报告.PDF']);
  assert.deepEqual(names('wang'), ['录音.mp3']);
  assert.deepEqual(names('张三'), ['照片.png', '源码.zip']);
});

test('搜索: 全角与半角是同一个 (NFKC)', () => {
  assert.deepEqual(names('ＰＤＦ'), ['年度报告.PDF']);
});

test('搜索: 写法与服务器的相同', () => {
  assert.deepEqual(names('from:张三 has:image'), ['照片.png']);
  assert.deepEqual(names('"年度 报告"'), []);
});

test('搜索: 几个词都要有, 次序不限', () => {
  assert.deepEqual(names('李四 报告'), ['年度报告.PDF']);
  assert.deepEqual(names('李四 照片'), []);
});

test('搜索: 名字的末尾与发送者的开头不会拼成一个词', () => {
  assert.deepEqual(names('zip张'), []);
});

test('分类: 与搜索同时起作用; 什么都不限时原样返回', () => {
  assert.deepEqual(names('', 'image'), ['照片.png']);
  assert.deepEqual(names('', 'media'), ['录音.mp3']);
  assert.deepEqual(names('张三', 'other'), ['源码.zip']);
  assert.equal(filterFiles(FILES, filterOf('  ', 'all')), FILES);
});
