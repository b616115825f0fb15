// 留底: history.keepDays 之内的从不为腾地方而删, 满了就拒绝新的; 各地址的当日份额重启之后接着算, 地址过期就抹掉
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../protocol/errors.js';
import { Client } from './client.js';
import { serve, storedFiles, temporaryFolder } from './harness.js';
import { besides, cell, openLog, range, say, seqs, until } from './history-tools.js';

const DAY_MS = 86_400_000;
const FULL = { maxMessages: 10, maxAgeDays: 0, maxBytes: 0, keepDays: 30 };

function isFull(error: unknown): boolean {
  return error instanceof AppError && error.code === 'storage_full' && error.retryable;
}

test('满了而都在 keepDays 之内: 一条也不删, 新的被拒绝 (可重试); 重启之后也一样', async (t) => {
  const first = await openLog(t, { retention: FULL });
  await Promise.all(range(1, 10).map((seq) => say(first.log, `第 ${seq} 条`)));
  assert.throws(() => void say(first.log, '第 11 条'), isFull);
  await first.log.stop();
  const { log } = await openLog(t, { folder: first.folder, retention: FULL });
  assert.throws(() => void say(log, '第 11 条'), isFull);
  assert.throws(() => log.requireRoom(), isFull);
  assert.deepEqual(seqs(await log.after(0, { limit: 100 })), range(1, 10));
});

test('最旧的过了 keepDays 才让位, 而且只让它们', async (t) => {
  const old = Date.now() - 31 * DAY_MS;
  const { log } = await openLog(t, { retention: FULL });
  await Promise.all(range(1, 10).map((seq) => say(log, `第 ${seq} 条`, seq <= 3 ? old : Date.now())));
  for (const extra of [11, 12, 13]) {
    await say(log, `第 ${extra} 条`);
    await until(() => log.firstSeq === extra - 9);
  }
  assert.throws(() => void say(log, '第 14 条'), isFull);
  assert.deepEqual(seqs(await log.after(0, { limit: 100 })), range(4, 13));
});

test('大小到了上限也一样', { timeout: 60_000 }, async (t) => {
  const { log } = await openLog(t, { retention: { ...FULL, maxMessages: 0, maxBytes: 1_000_000 } });
  let refused: unknown;
  for (let count = 0; count < 100 && refused === undefined; count += 1) {
    try {
      await Promise.all(range(1, 100).map(() => say(log, '长消息'.repeat(100))));
    } catch (error) {
      refused = error;
    }
  }
  assert.ok(isFull(refused), String(refused));
  assert.equal(log.firstSeq, 1);
});

test('管理员写明的 maxAgeDays 更短时以它为准', async (t) => {
  const { log } = await openLog(t, { retention: { ...FULL, maxAgeDays: 7 } });
  await say(log, '八天前', Date.now() - 8 * DAY_MS);
  await say(log, '六天前', Date.now() - 6 * DAY_MS);
  log.beginRetention();
  await until(() => log.firstSeq === 2);
  assert.deepEqual(seqs(await log.after(0, { limit: 10 })), [2]);
});

test('地址随消息记下, 过了 keepDays 就抹掉, 消息还在; 最近一天的用量重启之后读得回', async (t) => {
  const first = await openLog(t, { retention: { ...FULL, maxMessages: 0 } });
  const draft = { kind: 'text', id: 'a', name: '张三', message: '一句' } as const;
  const address = '192.0.2.7';
  const nowMs = Date.now();
  await first.log.appendText({ ...draft, time: nowMs - 31 * DAY_MS }, { address }).durable;
  await first.log.appendText({ ...draft, time: nowMs }, { address }).durable;
  const database = besides(t, first.folder);
  first.log.beginRetention();
  await until(() => cell(database, 'SELECT count(*) FROM messages WHERE address IS NULL') === 1);
  assert.equal(cell(database, 'SELECT seq FROM messages WHERE address IS NOT NULL'), 2);
  await first.log.stop();
  const { log } = await openLog(t, { folder: first.folder });
  const [used, ...others] = log.usage;
  assert.deepEqual(others, []);
  assert.deepEqual([used?.address, used?.entries], [address, 1]);
});

test('真服务器: 满了之后文字与文件都拒绝, 先前的文件还在', async (t) => {
  const storage = await temporaryFolder(t);
  const { ws, http } = await serve(t, { storage: { path: storage }, history: { maxMessages: 3 } });
  const client = await Client.join(t, ws, '张三');
  client.send({ type: 'file', originalName: 'a.txt', filedata: 'YQ==' });
  const file = await client.next('file');
  for (const clientId of ['1', '2', '3']) client.send({ type: 'text', message: clientId, clientId });
  assert.equal((await client.next('error'))['code'], 'storage_full');
  client.send({ type: 'file', originalName: 'b.txt', filedata: 'YQ==', clientId: 'f' });
  assert.equal((await client.next('error'))['code'], 'storage_full');
  client.send({ type: 'file_start', originalName: 'c.bin', size: 10, clientId: 'c' });
  assert.equal((await client.next('error'))['code'], 'storage_full');
  const form = new FormData();
  form.set('name', '李四');
  form.append('file', new Blob(['x']), 'd.txt');
  assert.equal((await fetch(`${http}/api/files`, { method: 'POST', body: form })).status, 507);
  assert.equal((await fetch(http + new URL(String(file['url'])).pathname)).status, 200);
  // 文件与它的元数据
  assert.equal((await storedFiles(storage)).length, 2);
});
