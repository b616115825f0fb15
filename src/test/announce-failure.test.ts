// 发布了而播不出去 (消息日志满): 单帧与 HTTP 的删净, 由对方重发; 分片上传的留着, 续传或重启时补播
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { type Running, serve, storedFiles, temporaryFolder } from './harness.js';
import { besides } from './history-tools.js';
import { errorCode, post } from './http-tools.js';
import { assertPublished, begin, fileFrame, finish, joined, randomBytes, resume } from './uploading.js';

const DATA = randomBytes(20_000);
const LINE = '水'.repeat(5000);
// 一条 15 KB, 一百条远超过 1 MiB 的积压上限
const LINES = 100;

function overrides(storage: string) {
  return {
    chat: { messagesPerSecond: 0 },
    history: { pendingBytes: 1024 * 1024 },
    storage: { path: storage },
  };
}

/** 占住数据库的写锁: 服务器的消息落不了盘, 积压到上限; 返回放开的函数 */
async function clog(t: TestContext, client: Client, { storage }: Running): Promise<() => void> {
  // 服务器可能正在写: 等它写完 (besides 的期限), 不是立即失败
  const database = besides(t, path.join(storage, 'history'));
  database.exec('BEGIN IMMEDIATE');
  for (let count = 0; count < LINES; count += 1) client.send({ type: 'text', message: LINE });
  await client.error('server_busy');
  return () => database.exec('ROLLBACK');
}

/** 等到又收得下消息 */
async function drained(client: Client): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const clientId = `试${attempt}`;
    client.send({ type: 'text', message: '通了吗', clientId });
    const reply = await client.next((m) => m['clientId'] === clientId || m['ref'] === clientId);
    if (reply.type === 'ack') return;
  }
}

async function uploadAll(client: Client): Promise<Message> {
  const ready = await begin(client, { size: DATA.length, originalName: '留.bin' });
  await sendWindowed(client, ready, DATA);
  return ready;
}

test('播不出去: 单帧与 HTTP 得到 server_busy, 一个文件也不留; 日志通了再发照常', {
  timeout: 60_000,
}, async (t) => {
  const running = await joined(t, overrides(await temporaryFolder(t)));
  const { client, http, storage } = running;
  const release = await clog(t, client, running);
  client.sendRaw(fileFrame('甲.bin', DATA));
  await client.error('server_busy');
  const response = await post(http, [{ data: '李四' }, { fileName: '乙.bin', data: DATA }]);
  assert.equal(response.status, 503);
  assert.equal(await errorCode(response), 'server_busy');
  assert.deepEqual(await storedFiles(storage), []);
  release();
  await drained(client);
  client.sendRaw(fileFrame('甲.bin', DATA));
  await assertPublished(await client.next('file'), DATA);
});

test('播不出去: 分片上传的留着, 日志通了续传即得结果, 恰好一条', { timeout: 60_000 }, async (t) => {
  const running = await joined(t, overrides(await temporaryFolder(t)));
  const { client } = running;
  const ready = await uploadAll(client);
  const release = await clog(t, client, running);
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  const error = await client.next((m) => m['ref'] === ready['uploadId']);
  assert.equal(error['code'], 'server_busy');
  client.send({
    type: 'file_start',
    clientId: '早',
    uploadId: ready['uploadId'],
    resumeToken: ready['resumeToken'],
  });
  assert.equal((await client.next((m) => m['ref'] === '早'))['code'], 'server_busy');
  release();
  await drained(client);
  const resumed = await resume(client, ready);
  assert.equal(resumed['offset'], DATA.length);
  await assertPublished(await finish(client, resumed), DATA);
  await client.settle();
  assert.equal(client.of('file').length, 1);
});

test('播不出去: 没有人续传的, 下次启动时补播, 恰好一条', { timeout: 60_000 }, async (t) => {
  const running = await joined(t, overrides(await temporaryFolder(t)));
  const { client, storage, server } = running;
  const ready = await uploadAll(client);
  const release = await clog(t, client, running);
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  await client.next((m) => m['ref'] === ready['uploadId']);
  release();
  await server.stop();
  const { ws } = await serve(t, overrides(storage));
  const reader = await Client.join(t, ws, '李四', { features: [] });
  reader.send({ type: 'history', kind: 'file', limit: 10, ref: '文件' });
  const page = await reader.next((m) => m['ref'] === '文件');
  assert.deepEqual(
    (page['messages'] as Message[]).map(({ originalName }) => originalName),
    ['留.bin'],
  );
  await assertPublished(await finish(reader, await resume(reader, ready)), DATA);
});
