// 分片的上限: 大小逐字节执行, 名额与窗口有界, 空着的让给来的人
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { storedFiles } from './harness.js';
import { acknowledged, assertPublished, begin, finish, joined, randomBytes, resume } from './uploading.js';

const FREE = { chat: { messagesPerSecond: 0 } };
const KIB = 1024;
const CAP = 100_000;

test('大小上限: 恰好等于上限的通过, 声明与不声明都行', async (t) => {
  const { client } = await joined(t, { ...FREE, files: { fileBytes: CAP } });
  const data = randomBytes(CAP);
  for (const size of [CAP, undefined]) {
    const ready = await begin(client, { size });
    await sendWindowed(client, ready, data, { chunkBytes: 33_333 });
    await assertPublished(await finish(client, ready), data);
  }
});

test('大小上限: 声明多一个字节, 开始时就拒绝, 不占磁盘', async (t) => {
  const { client, storage } = await joined(t, { ...FREE, files: { fileBytes: CAP } });
  client.send({ type: 'file_start', clientId: 'c1', originalName: 'a.bin', size: CAP + 1 });
  const error = await client.error('file_too_large');
  assert.deepEqual([error['ref'], error['limit']], ['c1', CAP]);
  assert.deepEqual(await storedFiles(storage), []);
});

test('大小上限: 不声明的在越过上限的那个字节被拒绝, 删净', async (t) => {
  const { client, storage } = await joined(t, { ...FREE, files: { fileBytes: CAP } });
  for (const base64 of [false, true]) {
    const ready = await begin(client);
    const uploadId = String(ready['uploadId']);
    await sendWindowed(client, ready, randomBytes(CAP), { base64 });
    if (base64) client.sendBase64Chunk(uploadId, CAP, randomBytes(1));
    else client.sendChunk(uploadId, CAP, randomBytes(1));
    const error = await client.error('file_too_large');
    assert.deepEqual([error['ref'], error['limit']], [uploadId, CAP]);
    assert.deepEqual(await storedFiles(storage), []);
  }
});

test('大小上限: 谎报小的, 越过声明的那个字节被拒绝; 非整数与负数不收', async (t) => {
  const { client, storage } = await joined(t, { ...FREE, files: { fileBytes: CAP } });
  const ready = await begin(client, { size: 1 });
  client.sendChunk(String(ready['uploadId']), 0, randomBytes(2));
  await client.error('size_mismatch');
  for (const size of [-1, 1.5, '10', Number.MAX_SAFE_INTEGER + 1]) {
    client.send({ type: 'file_start', clientId: 'c2', originalName: 'a.bin', size });
    assert.equal((await client.error('invalid_field'))['ref'], 'c2');
  }
  assert.deepEqual(await storedFiles(storage), []);
});

test('名额: 每会话的上限数传输连接在内, 完成或取消一个就空出一个', async (t) => {
  const { client, ws } = await joined(t, { ...FREE, uploads: { perSession: 3 } });
  const transfer = await Client.open(t, `${ws}/ws/transfer?session=${String(client.welcome['session'])}`);
  const uploads = [await begin(client), await begin(transfer), await begin(client)];
  transfer.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin' });
  const error = await transfer.error('server_busy');
  assert.deepEqual([error['ref'], error['limit'], error['retryable']], ['x', 3, true]);
  await finish(client, uploads[0]!);
  await begin(transfer);
  client.send({ type: 'file_cancel', uploadId: uploads[2]?.['uploadId'] });
  await client.next('file_cancelled');
  await begin(client);
  // 别的会话不受影响
  await begin(await Client.join(t, ws, '李四'));
});

test('名额: 总数用完得到 server_busy; 断开的人立即让位, 他之后仍能续传', async (t) => {
  const { client, ws } = await joined(t, { ...FREE, uploads: { maxActive: 2 } });
  const leaver = await Client.join(t, ws, '李四');
  const data = randomBytes(50_000);
  const left = await begin(leaver, { size: data.length });
  leaver.sendChunk(String(left['uploadId']), 0, data.subarray(0, 30_000));
  await acknowledged(leaver, left, 30_000);
  const kept = await begin(client);
  client.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin' });
  assert.equal((await client.error('server_busy'))['limit'], 2);
  leaver.socket.close();
  await leaver.close();
  const next = await begin(client);
  await finish(client, next);
  await finish(client, kept);
  const back = await Client.join(t, ws, '李四');
  const ready = await resume(back, left);
  assert.equal(ready['offset'], 30_000);
  back.sendChunk(String(left['uploadId']), 30_000, data.subarray(30_000));
  await assertPublished(await finish(back, ready), data);
});

test('名额: 总数用完时别的会话仍能接管, 一出一进', async (t) => {
  const { client, ws } = await joined(t, { ...FREE, uploads: { maxActive: 1, perSession: 1 } });
  const ready = await begin(client);
  const other = await Client.join(t, ws, '李四');
  for (const taker of [other, client, other]) await resume(taker, ready);
  await finish(other, ready);
  await finish(client, await begin(client));
});

test('窗口: 预算不足时后来的分到更小的窗口, 名额之内人人至少一个分片', async (t) => {
  const chunkBytes = 16 * KIB;
  const { client } = await joined(t, {
    ...FREE,
    files: { chunkBytes, windowBytes: 256 * KIB },
    uploads: { maxActive: 64, perSession: 64, windowBudgetBytes: 64 * chunkBytes },
  });
  const uploads: Message[] = [];
  for (let count = 0; count < 64; count += 1) uploads.push(await begin(client));
  const windows = uploads.map((ready) => Number(ready['windowBytes']));
  assert.ok(windows.every((bytes) => bytes >= chunkBytes));
  assert.ok(windows.reduce((sum, bytes) => sum + bytes, 0) <= 64 * chunkBytes);
  await finish(client, uploads[0]!);
  await finish(client, await begin(client));
});

test('窗口: 默认配置下 256 个名额都开得出来, 先来的窗口大', async (t) => {
  const { client } = await joined(t, { ...FREE, uploads: { perSession: 256 } });
  const windows: number[] = [];
  for (let count = 0; count < 256; count += 1) windows.push(Number((await begin(client))['windowBytes']));
  assert.equal(windows[0], 4 * KIB * KIB);
  assert.equal(windows.at(-1), 256 * KIB);
});

test('未完成的上传: 数目有上限; 正在传的与刚断线的都不让位', async (t) => {
  const { client, ws, storage } = await joined(t, {
    ...FREE,
    uploads: { maxPartials: 3, perSession: 1, maxActive: 3 },
  });
  // 两个人各传满一个分片后离开: 保留, 谁也不让
  const full: Message[] = [];
  for (const name of ['甲', '乙']) {
    const user = await Client.join(t, ws, name);
    const ready = await begin(user);
    user.sendChunk(String(ready['uploadId']), 0, randomBytes(256 * KIB));
    await acknowledged(user, ready, 256 * KIB);
    full.push(ready);
    user.socket.close();
    await user.close();
  }
  const small = await begin(client);
  const other = await Client.join(t, ws, '丙');
  other.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin' });
  assert.equal((await other.error('server_busy'))['limit'], 3);
  await finish(client, small);
  await finish(other, await begin(other));
  assert.equal((await storedFiles(storage)).filter((name) => name.endsWith('.part')).length, 2);
  assert.equal((await resume(other, full[0]!))['offset'], 256 * KIB);
});

test('已完成的上传: 记录只留最近的若干份, 旧的随完成而删', async (t) => {
  const { client, storage } = await joined(t, {
    ...FREE,
    uploads: { maxPartials: 3, perSession: 1, maxActive: 3 },
  });
  const done: Message[] = [];
  for (let count = 0; count < 6; count += 1) {
    const ready = await begin(client);
    await finish(client, ready);
    done.push(ready);
  }
  const records = (await storedFiles(storage)).filter((name) => name.startsWith('partial'));
  assert.deepEqual(
    records,
    done
      .slice(-3)
      .map(({ uploadId }) => `partial/${uploadId}.json`)
      .sort(),
  );
});
