// 磁盘真的写满 (小 tmpfs): 收不下的拒绝而不占 seq, 收下了的等腾出空间再应答, 一条不丢
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { openLog, range, say, seqs, until } from './history-tools.js';
import { fillDisk, fillRest, smallDisk } from './small-disk.js';

test('写满: append 是 storage_full, 不占 seq, 不留半条; 收下了的腾出之后落盘', {
  timeout: 60_000,
}, async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const { log, said } = await openLog(t, { folder });
  await say(log, '第 1 条');
  const fillers = [fillDisk(folder, 600_000)];
  const waiting: Promise<void>[] = [];
  assert.throws(
    () => {
      for (let count = 0; count < 2000; count += 1) waiting.push(say(log, 'x'.repeat(1000)));
    },
    { code: 'storage_full' },
  );
  assert.ok(waiting.length > 10);
  fillers.push(fillRest(folder));
  const accepted = log.seq;
  assert.equal(accepted, waiting.length + 1);
  assert.throws(() => void say(log, 'x'.repeat(5000)), { code: 'storage_full' });
  assert.equal(log.seq, accepted);
  // 预写文件里有, 数据库写不进: 一直重试
  await until(() => said.some((text) => text.includes('一直重试')));
  for (const filler of fillers) rmSync(filler);
  await Promise.all(waiting);
  await say(log, '腾出来了');
  await log.stop();
  const again = await openLog(t, { folder });
  assert.equal(again.log.seq, accepted + 1);
  assert.deepEqual(seqs(await again.log.after(0, { limit: 5000 })), range(1, accepted + 1));
});

test('写满时停机: 没落盘的留在预写文件里, 下次启动补上', { timeout: 60_000 }, async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const { log, said } = await openLog(t, { folder });
  await say(log, '第 1 条');
  const fillers = [fillDisk(folder, 100_000)];
  const waiting: Promise<void>[] = [];
  assert.throws(() => {
    for (let count = 0; count < 2000; count += 1) waiting.push(say(log, 'x'.repeat(1000)));
  });
  fillers.push(fillRest(folder));
  await until(() => said.some((text) => text.includes('一直重试')));
  const accepted = log.seq;
  const outcomes = Promise.allSettled(waiting);
  await log.stop();
  assert.ok((await outcomes).some(({ status }) => status === 'rejected'));
  for (const filler of fillers) rmSync(filler);
  const again = await openLog(t, { folder });
  assert.equal(again.log.epoch, log.epoch);
  assert.deepEqual(seqs(await again.log.after(0, { limit: 5000 })), range(1, accepted));
});
