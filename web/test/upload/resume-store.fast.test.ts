// 上传记录的上限与保留期
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openResumeStore, type ResumeRecord, surplus } from '../../src/net/upload/resume-store.js';

const HOUR_MS = 3600 * 1000;

function record(uploadId: string, updatedAt: number): ResumeRecord {
  const fixed = {
    resumeToken: 't',
    name: '张三',
    fileName: 'a.bin',
    size: 1,
    lastModified: 0,
    sent: 0,
    tabId: 'x',
  };
  return { ...fixed, uploadId, updatedAt };
}

describe('上传记录', () => {
  it('留最新的 100 条, 过了 24 小时的不留', () => {
    const now = 1000 * HOUR_MS;
    const fresh = Array.from({ length: 103 }, (_, index) => record(`f${index}`, now - index));
    const expired = record('old', now - 24 * HOUR_MS);
    const dropped = surplus([expired, ...fresh], now).map(({ uploadId }) => uploadId);
    assert.deepEqual(dropped.sort(), ['f100', 'f101', 'f102', 'old']);
  });

  it('没有 IndexedDB 时什么也不记, 也不报错', async () => {
    const store = openResumeStore(undefined);
    await store.put(record('u', Date.now()));
    await store.remove('u');
    assert.deepEqual(await store.list('张三'), []);
  });
});
