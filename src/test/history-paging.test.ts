// 翻页: 内存里的尾部与数据库接得上, 两个方向, 只要文件, 没落盘的也在
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskLog } from '../store/history/disk-log.js';
import { besides, fileRecord, openLog, range, say, seqs } from './history-tools.js';

const COUNT = 300;

/** seq 是 10 的倍数的是文件 */
async function fill(log: DiskLog, from: number, to: number): Promise<void> {
  const written = range(from, to).map((seq) =>
    seq % 10 === 0
      ? log.appendFile({ time: seq, file: fileRecord(`f${seq}`) }).durable
      : say(log, `第 ${seq} 条`),
  );
  await Promise.all(written);
}

async function assertPages(log: DiskLog, last: number): Promise<void> {
  const files = range(1, last).filter((seq) => seq % 10 === 0);
  for (const limit of [1, 7, 50, last + 10]) {
    for (const edge of [
      0,
      1,
      5,
      100,
      last - 51,
      last - 50,
      last - 49,
      last - 1,
      last,
      last + 1,
      last + 999,
    ]) {
      const label = `limit ${limit}, edge ${edge}`;
      const newer = range(edge + 1, last);
      const older = range(1, Math.min(edge - 1, last));
      assert.deepEqual(seqs(await log.after(edge, { limit })), newer.slice(0, limit), `after, ${label}`);
      assert.deepEqual(seqs(await log.before(edge, { limit })), older.slice(-limit), `before, ${label}`);
      const kind = 'file';
      const newerFiles = files.filter((seq) => seq > edge).slice(0, limit);
      const olderFiles = files.filter((seq) => seq < edge).slice(-limit);
      assert.deepEqual(seqs(await log.after(edge, { limit, kind })), newerFiles, `after file, ${label}`);
      assert.deepEqual(seqs(await log.before(edge, { limit, kind })), olderFiles, `before file, ${label}`);
    }
  }
}

test('翻页: 尾部只有 50 条, 更早的来自数据库, 无缝无重', async (t) => {
  const { log, folder } = await openLog(t, { tail: { maxMessages: 50, maxBytes: 1e9 } });
  await fill(log, 1, COUNT);
  await assertPages(log, COUNT);
  // 数据库被占着: 这些还没落盘, 也翻得到
  const database = besides(t, folder);
  database.exec('BEGIN IMMEDIATE');
  const waiting = fill(log, COUNT + 1, COUNT + 100);
  await assertPages(log, COUNT + 100);
  database.exec('ROLLBACK');
  await waiting;
  await assertPages(log, COUNT + 100);
});

test('翻页: 内存里一条也不留 (historyMessages 为 0), 全部来自数据库', async (t) => {
  const { log } = await openLog(t, { tail: { maxMessages: 0, maxBytes: 0 } });
  await fill(log, 1, 120);
  await assertPages(log, 120);
});

test('翻页: 重启之后读进尾部, 答案不变; 文件的字段一个不少', async (t) => {
  const first = await openLog(t);
  const file = fileRecord('图', { thumbPath: '/files/x/thumb', width: 10, height: 20, size: 5_000_000_000 });
  await fill(first.log, 1, 99);
  await first.log.appendFile({ time: 100, file }, { sentBy: { sender: 's', clientId: 'c' } }).durable;
  await first.log.stop();
  const { log } = await openLog(t, { folder: first.folder, tail: { maxMessages: 40, maxBytes: 1e9 } });
  await assertPages(log, 100);
  assert.deepEqual(await log.before(101, { limit: 1 }), [{ kind: 'file', seq: 100, time: 100, file }]);
  assert.deepEqual(await log.findSent({ sender: 's', clientId: 'c' }), {
    kind: 'file',
    seq: 100,
    time: 100,
    file,
  });
  assert.equal(await log.findSent({ sender: 's', clientId: 'd' }), undefined);
  assert.deepEqual(await log.find(file.sha256, file.size), file);
  assert.equal(await log.find(file.sha256, 2), undefined);
  assert.deepEqual([await log.hasSize(file.size), await log.hasSize(2)], [true, false]);
  assert.equal((await log.knownFiles()).size, 10);
});
