// 保留期: 按条数, 天数, 大小从最旧的删起; 文件先于它的消息删掉, seq 从不回退
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileRecord } from '../protocol/messages.js';
import { Client, type Message } from './client.js';
import { serve, storedFiles, temporaryFolder } from './harness.js';
import {
  besides,
  cell,
  fileRecord,
  find,
  openLog,
  range,
  say,
  seqs,
  until,
  untilIndexed,
} from './history-tools.js';

const DAY_MS = 86_400_000;
const NO_LIMITS = { maxMessages: 0, maxAgeDays: 0, maxBytes: 0, keepDays: 0 };

test('条数: 只留最近若干条, 内存, 翻页与搜索都看不到更早的', { timeout: 60_000 }, async (t) => {
  const first = await openLog(t);
  const { folder } = first;
  await Promise.all(range(1, 3000).map((seq) => say(first.log, `第 ${seq} 条`)));
  // 进了索引的也要从索引里删掉
  await untilIndexed(besides(t, folder), 2000);
  await first.log.stop();
  const { log } = await openLog(t, { folder, retention: { ...NO_LIMITS, maxMessages: 700 } });
  await until(() => log.firstSeq === 2301);
  assert.deepEqual(seqs(await log.after(0, { limit: 1000 })), range(2301, 3000));
  assert.deepEqual(seqs((await find(log, '第', { limit: 1000 })).entries), range(2301, 3000).reverse());
  assert.deepEqual((await find(log, '"第 100 条"')).entries, []);
  const database = besides(t, folder);
  assert.equal(cell(database, 'SELECT count(*) FROM messages'), 700);
  // 索引里也没有了: 按 rowid 查不出删掉的
  const matches = 'SELECT count(*) FROM message_index WHERE message_index MATCH \'"第 1"\'';
  assert.equal(cell(database, matches), 0);
});

test('天数: 过期的删掉, 时钟不准的不跳着删; 全删光了 seq 也接着走', async (t) => {
  const first = await openLog(t);
  const now = Date.now();
  const ages = [10, 9, 8, 1, 9, 0];
  await Promise.all(ages.map((days, index) => say(first.log, `第 ${index + 1} 条`, now - days * DAY_MS)));
  await first.log.stop();
  const second = await openLog(t, { folder: first.folder, retention: { ...NO_LIMITS, maxAgeDays: 5 } });
  await until(() => second.log.firstSeq === 4);
  assert.deepEqual(seqs(await second.log.after(0, { limit: 10 })), [4, 5, 6]);
  await second.log.stop();
  besides(t, first.folder).exec('UPDATE messages SET time = 0');
  const third = await openLog(t, { folder: first.folder, retention: { ...NO_LIMITS, maxAgeDays: 5 } });
  await until(() => third.log.firstSeq === 7);
  await third.log.stop();
  const fourth = await openLog(t, { folder: first.folder });
  assert.deepEqual([fourth.log.seq, fourth.log.firstSeq, fourth.log.epoch], [6, 7, first.log.epoch]);
  await say(fourth.log, '新的');
  assert.deepEqual(seqs(await fourth.log.before(99, { limit: 10 })), [7]);
});

test('大小: 数据库缩到上限以内, 留下的是最近的', { timeout: 60_000 }, async (t) => {
  const first = await openLog(t);
  await Promise.all(range(1, 4000).map((seq) => say(first.log, `${seq} ${'长消息'.repeat(100)}`)));
  await first.log.stop();
  const maxBytes = 2_000_000;
  const { log, folder } = await openLog(t, { folder: first.folder, retention: { ...NO_LIMITS, maxBytes } });
  const database = besides(t, folder);
  const used = (): number =>
    (Number(cell(database, 'PRAGMA page_count')) - Number(cell(database, 'PRAGMA freelist_count'))) * 4096;
  await until(() => log.firstSeq > 1 && used() <= maxBytes);
  assert.ok(log.firstSeq < 4000, '没有删过头');
  assert.equal(seqs(await log.before(Number.MAX_SAFE_INTEGER, { limit: 1 }))[0], 4000);
});

test('文件: 先删文件再删消息; 删不掉的, 它的消息留着', async (t) => {
  const first = await openLog(t);
  const files = range(1, 5).map((index) => fileRecord(`f${index}`));
  await Promise.all(files.map((file) => first.log.appendFile({ time: 1, file }).durable));
  await say(first.log, '最新的');
  await first.log.stop();
  const { folder } = first;
  const retention = { ...NO_LIMITS, maxMessages: 1 };
  let failing = 0;
  const stubborn = await openLog(t, {
    folder,
    retention,
    removeFile: async () => {
      failing += 1;
      throw new Error('磁盘坏了');
    },
  });
  await until(() => stubborn.said.length > 0);
  assert.deepEqual(seqs(await stubborn.log.after(0, { limit: 10 })), range(1, 6));
  assert.equal(failing, 1);
  await stubborn.log.stop();
  const removed: FileRecord[] = [];
  const rows: unknown[] = [];
  const database = besides(t, folder);
  const { log } = await openLog(t, {
    folder,
    retention,
    removeFile: async (file) => {
      removed.push(file);
      rows.push(cell(database, 'SELECT count(*) FROM messages'));
    },
  });
  await until(() => log.firstSeq === 6);
  assert.deepEqual(removed, files);
  assert.deepEqual(rows, [6, 6, 6, 6, 6], '删文件的时候, 消息都还在');
  assert.deepEqual([...(await log.knownFiles())], []);
});

test('真服务器: 过了保留期的文件连同缩略图与元数据都没有了, 链接是 404', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, first.ws, '张三');
  client.send({ type: 'file', originalName: 'a.txt', filedata: 'YQ==' });
  const file = await client.next('file');
  for (let count = 0; count < 3; count += 1)
    client.send({ type: 'text', message: `${count}`, clientId: `${count}` });
  await client.next((m) => m['clientId'] === '2');
  assert.equal((await storedFiles(storage)).length, 2);
  await first.server.stop();
  const second = await serve(t, { storage: { path: storage }, history: { maxMessages: 2, keepDays: 0 } });
  const database = besides(t, `${storage}/history`);
  await until(() => cell(database, 'SELECT count(*) FROM messages') === 2);
  assert.deepEqual(await storedFiles(storage), []);
  const { pathname } = new URL(String(file['url']));
  assert.equal((await fetch(second.http + pathname)).status, 404);
  const back = await Client.join(t, second.ws, '李四', { features: [], after: 0 });
  const page = (await back.next('history'))['messages'] as Message[];
  assert.deepEqual(
    page.map((m) => m['seq']),
    [3, 4],
  );
});
