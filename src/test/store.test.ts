// 存储的边角 (真磁盘, 线上够不着): 校验线程, 短写, 记录的原子性, 消息日志的上限
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { JournalEntry } from '../files/ports.js';
import { HashPool } from '../store/hash-pool.js';
import { MemoryLog } from '../store/history/memory-log.js';
import { DiskPartial } from '../store/partial-file.js';
import { StorageFolder } from '../store/storage-folder.js';
import { DiskJournal } from '../store/upload-journal.js';
import { sha256 } from './client.js';
import { atEnd, temporaryFolder } from './harness.js';
import { fillDisk, smallDisk } from './small-disk.js';
import { randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const NO_SYNC = { fsync: false };

function pool(t: TestContext, threads = 1): HashPool {
  const hashes = new HashPool(threads);
  // 校验线程不拦进程退出, 而这里没有服务器: 等它回答时事件循环不能空
  const keepAlive = setInterval(() => {}, 1000);
  atEnd(t, () => {
    clearInterval(keepAlive);
    return hashes.stop();
  });
  return hashes;
}

test('校验: 边写边算, 重新打开后补算, 结果都等于整个文件的 SHA-256', async (t) => {
  const hashes = pool(t, 2);
  const file = path.join(await temporaryFolder(t), 'a.part');
  const data = randomBytes(5 * MIB + 3);
  const first = await DiskPartial.create(file, hashes, NO_SYNC);
  await first.write([data.subarray(0, MIB), data.subarray(MIB, 2 * MIB + 1)], 0);
  await first.close();
  await first.close();
  const second = await DiskPartial.reopen(file, 2 * MIB + 1, hashes, NO_SYNC);
  assert.equal(second.size, 2 * MIB + 1);
  assert.deepEqual(Buffer.from(await second.read(0, 10)), data.subarray(0, 10));
  await second.write([data.subarray(2 * MIB + 1)], 2 * MIB + 1);
  assert.equal(await second.digest(), sha256(data));
  await second.close();
  await assert.rejects(DiskPartial.create(file, hashes, NO_SYNC), { code: 'EEXIST' });
});

test('校验: 线程死了, 进行中的报错, 之后的照常; 已写的文件从头补算', async (t) => {
  const hashes = pool(t);
  const file = path.join(await temporaryFolder(t), 'a.part');
  const data = randomBytes(32 * MIB);
  const partial = await DiskPartial.create(file, hashes, NO_SYNC);
  await partial.write([data], 0);
  const running = hashes.start(file).digest(data.length);
  const outcome = assert.rejects(running);
  // 终止全部线程, 与崩溃一样不留话
  await hashes.stop();
  await outcome;
  assert.equal(await hashes.start(file).digest(data.length), sha256(data));
  assert.equal(await partial.digest(), sha256(data));
  await partial.close();
});

test('校验: 文件被外力截断, 报错而不是给出错的摘要', async (t) => {
  const hashes = pool(t);
  const file = path.join(await temporaryFolder(t), 'a.part');
  await writeFile(file, randomBytes(1000));
  await assert.rejects(hashes.start(file).digest(1001));
  await assert.rejects(hashes.start(`${file}.没有`).digest(1));
  assert.equal(await hashes.start(file).digest(1000), sha256(randomBytes(1000)));
});

test('短写: 磁盘快满时写一半, 报 storage_full, size 等于磁盘上的长度', { timeout: 60_000 }, async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const file = path.join(folder, 'a.part');
  const partial = await DiskPartial.create(file, pool(t), NO_SYNC);
  fillDisk(folder, MIB);
  const blocks = Array.from({ length: 8 }, (_, index) => randomBytes(256 * 1024, index));
  await assert.rejects(partial.write(blocks, 0), { code: 'storage_full' });
  const { size } = await stat(file);
  assert.ok(size > 0 && size < 8 * 256 * 1024);
  assert.equal(partial.size, size);
  assert.equal(await partial.digest(), sha256(Buffer.concat(blocks).subarray(0, size)));
  await partial.close();
});

function entryOf(uploadId: string, name: string): JournalEntry {
  return { uploadId, name, fileId: uploadId, tokenHash: '0'.repeat(64), originalName: 'a', startedAt: 1 };
}

test('记录: 改写途中随时读到的要么旧要么新; 坏的按没有处理, 列出时收走', async (t) => {
  const folder = await StorageFolder.open(await temporaryFolder(t));
  const journal = new DiskJournal(folder);
  const uploadId = '3f2b1a00-0000-4000-8000-000000000000';
  await journal.save(entryOf(uploadId, '0'));
  let version = 0;
  const saving = (async () => {
    for (version = 1; version <= 100; version += 1)
      await journal.save(entryOf(uploadId, `${version}`.repeat(500)));
  })();
  while (version <= 100) {
    const name = (await journal.load(uploadId))?.name ?? '';
    assert.match(name, /^(\d+?)(?:\1)*$/, '读到了半个记录');
  }
  await saving;
  const bad = '3f2b1a00-0000-4000-8000-000000000001';
  for (const text of ['', '{', 'null', '[]', '{}', JSON.stringify(entryOf(uploadId, '别人的'))]) {
    writeFileSync(folder.journal(bad), text);
    assert.equal(await journal.load(bad), undefined, text);
    assert.deepEqual(
      (await journal.list()).map((entry) => entry.uploadId),
      [uploadId],
    );
  }
  assert.deepEqual(await readdir(folder.partialFolder), [`${uploadId}.json`]);
  await journal.remove(uploadId);
  await journal.remove(uploadId);
  assert.equal(await journal.load(uploadId), undefined);
});

function filled(count: number, limits: { maxMessages: number; maxBytes: number }): MemoryLog {
  const log = new MemoryLog(limits);
  for (let index = 1; index <= count; index += 1) {
    log.appendText({ kind: 'text', id: `${index}`, time: index, name: '张三', message: 'x'.repeat(100) });
  }
  return log;
}

test('消息日志: 条数与字节都有上限, seq 从不回退', () => {
  const byCount = filled(250, { maxMessages: 100, maxBytes: MIB });
  assert.equal(byCount.seq, 250);
  assert.deepEqual(
    byCount.after(0, { limit: 1000 }).map(({ seq }) => seq),
    range(151, 250),
  );
  const byBytes = filled(250, { maxMessages: 1000, maxBytes: 10_000 });
  const kept = byBytes.after(0, { limit: 1000 });
  assert.ok(kept.length > 0 && kept.length <= 10_000 / 200);
  assert.equal(kept.at(-1)?.seq, 250);
  const none = filled(5, { maxMessages: 0, maxBytes: 0 });
  assert.deepEqual([none.seq, none.after(0, { limit: 10 }), none.before(99, { limit: 10 })], [5, [], []]);
});

test('消息日志: after 与 before 在两端之外也给出该给的', () => {
  const log = filled(150, { maxMessages: 100, maxBytes: MIB });
  const seqs = (entries: readonly { seq: number }[]): number[] => entries.map(({ seq }) => seq);
  assert.deepEqual(seqs(log.after(0, { limit: 3 })), range(51, 53));
  assert.deepEqual(seqs(log.after(148, { limit: 10 })), [149, 150]);
  assert.deepEqual(seqs(log.after(150, { limit: 10 })), []);
  assert.deepEqual(seqs(log.after(10_000, { limit: 10 })), []);
  assert.deepEqual(seqs(log.before(151, { limit: 2 })), [149, 150]);
  assert.deepEqual(seqs(log.before(10_000, { limit: 2 })), [149, 150]);
  assert.deepEqual(seqs(log.before(53, { limit: 10 })), [51, 52]);
  assert.deepEqual(seqs(log.before(51, { limit: 10 })), []);
  assert.deepEqual(seqs(log.before(0, { limit: 10 })), []);
  assert.deepEqual(seqs(log.before(100, { limit: 0 })), []);
  assert.deepEqual(seqs(filled(0, { maxMessages: 10, maxBytes: MIB }).before(1, { limit: 10 })), []);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
