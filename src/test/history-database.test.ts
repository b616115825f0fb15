// 数据库文件本身: 逐级升级, 太新的与损坏的说清楚而不动它, 别的 SQLite 工具可以同时打开
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { SCHEMA_VERSION } from '../store/history/schema.js';
import { Client } from './client.js';
import { serve, temporaryFolder } from './harness.js';
import { besides, cell, openLog, say, seqs } from './history-tools.js';

test('版本: 空目录建到最新的一版; 更新的版本拒绝打开, 数据原样', async (t) => {
  const first = await openLog(t);
  await say(first.log, '你好');
  await first.log.stop();
  const database = besides(t, first.folder);
  assert.equal(cell(database, 'PRAGMA user_version'), SCHEMA_VERSION);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  await assert.rejects(openLog(t, { folder: first.folder }), /第 \d+ 版.*请换用更新的水闸/);
  assert.equal(cell(database, 'SELECT count(*) FROM messages'), 1);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  assert.equal((await openLog(t, { folder: first.folder })).log.seq, 1);
});

test('损坏: 启动失败, 一行中文指明文件与 npm run doctor, 从不删它', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage } });
  await first.server.stop();
  const file = path.join(storage, 'history', 'messages.db');
  writeFileSync(file, '这不是数据库'.repeat(1000));
  await assert.rejects(serve(t, { storage: { path: storage } }), (error: Error) => {
    assert.match(error.message, /messages\.db.*已损坏.*npm run doctor/);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
  assert.ok(readFileSync(file, 'utf8').startsWith('这不是数据库'));
});

test('旁边开着的 SQLite 工具: 读得到每一列; 占着锁时广播照常, 应答等它放开', async (t) => {
  const { ws, storage } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const client = await Client.join(t, ws, '张三');
  client.send({ type: 'text', message: '你好', clientId: 'c0' });
  const ack = await client.next('ack');
  const database = besides(t, path.join(storage, 'history'));
  const row = database
    .prepare('SELECT seq, kind, id, time, name, body, client_id FROM messages')
    .raw()
    .all()[0];
  assert.deepEqual(row, [1, 'text', ack['id'], ack['time'], '张三', '你好', 'c0']);
  database.exec('BEGIN EXCLUSIVE');
  for (let index = 1; index <= 20; index += 1)
    client.send({ type: 'text', message: `${index}`, clientId: `c${index}` });
  await client.next((m) => m['seq'] === 21);
  // 还没落盘的也认得重发, 也翻得到
  client.send({ type: 'history', limit: 3 });
  assert.equal(((await client.next('history'))['messages'] as unknown[]).length, 3);
  assert.equal(client.of('ack').length, 1);
  database.exec('ROLLBACK');
  await client.next((m) => m['clientId'] === 'c20');
  assert.equal(client.of('ack').length, 21);
});

test('积压: 没落盘的到了 pendingBytes 就是 server_busy, 不占 seq; 放开之后照常', async (t) => {
  const { log, folder } = await openLog(t, { pendingBytes: 10_000 });
  await say(log, '第 1 条');
  const database = besides(t, folder);
  database.exec('BEGIN IMMEDIATE');
  const waiting: Promise<void>[] = [];
  assert.throws(
    () => {
      for (let count = 0; count < 1000; count += 1) waiting.push(say(log, 'x'.repeat(100)));
    },
    {
      code: 'server_busy',
      facts: { setting: 'history.pendingBytes', limit: 10_000, retryAfterMs: 1000 },
    },
  );
  assert.ok(waiting.length > 10 && waiting.length < 100);
  assert.equal(log.seq, waiting.length + 1);
  database.exec('ROLLBACK');
  await Promise.all(waiting);
  await say(log, '接着');
  assert.deepEqual(seqs(await log.before(9999, { limit: 1 })), [waiting.length + 2]);
});
