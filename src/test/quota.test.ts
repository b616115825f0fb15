// 配额与剩余空间: 开始时与写入中都把守; 用掉的与归还的始终相等, 取消多少次都不走样
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { storedFiles, temporaryFolder } from './harness.js';
import {
  acknowledged,
  assertPublished,
  begin,
  fileFrame,
  finish,
  joined,
  randomBytes,
  resume,
  share,
} from './uploading.js';

const QUOTA = 1_000_000;
const FREE = { chat: { messagesPerSecond: 0 } };
const LIMITED = { ...FREE, storage: { quotaBytes: QUOTA, minFreeBytes: 0 } };

/** 占用恰好是 used: 再声明一个字节都多的被拒, 正好的收下 (随即取消) */
async function assertUsed(client: Client, used: number): Promise<void> {
  client.send({ type: 'file_start', clientId: '多', originalName: 'a.bin', size: QUOTA - used + 1 });
  const error = await client.error('storage_full');
  assert.deepEqual([error['ref'], error['limit']], ['多', QUOTA]);
  await cancel(client, await begin(client, { size: QUOTA - used }));
}

async function cancel(client: Client, { uploadId }: Message): Promise<void> {
  client.send({ type: 'file_cancel', uploadId });
  await client.next((m) => m.type === 'file_cancelled' && m['uploadId'] === uploadId);
}

test('配额: 声明就超出的开始时拒绝, 正好的收下, 不留痕迹', async (t) => {
  const { client, storage } = await joined(t, LIMITED);
  await assertUsed(client, 0);
  assert.deepEqual(await storedFiles(storage), []);
  const data = randomBytes(QUOTA);
  const ready = await begin(client, { size: QUOTA });
  await sendWindowed(client, ready, data);
  await assertPublished(await finish(client, ready), data);
});

test('配额: 不声明的在越过的那个字节被拒, 部分文件删除, 先前的文件不受影响', async (t) => {
  const { client, storage } = await joined(t, LIMITED);
  const kept = await share(client, fileFrame('留.bin', randomBytes(400_000)));
  const before = await storedFiles(storage);
  const ready = await begin(client);
  await sendWindowed(client, ready, randomBytes(600_000));
  client.sendChunk(String(ready['uploadId']), 600_000, randomBytes(1));
  assert.equal((await client.error('storage_full'))['ref'], ready['uploadId']);
  client.sendRaw(fileFrame('大.bin', randomBytes(600_001)));
  await client.error('storage_full');
  assert.deepEqual(await storedFiles(storage), before);
  await assertPublished(kept, randomBytes(400_000));
  client.send({ type: 'text', message: '聊天照常' });
  await client.next('text');
  await assertUsed(client, 400_000);
});

test('配额: 各种失败, 取消, 停放, 接管之后, 占用都准确归位', async (t) => {
  const { client, ws } = await joined(t, { ...LIMITED, uploads: { maxActive: 2 } });
  for (let round = 0; round < 20; round += 1) {
    const cancelled = await begin(client);
    client.sendChunk(String(cancelled['uploadId']), 0, randomBytes(200_000 + round));
    await cancel(client, cancelled);
    const overlong = await begin(client, { size: 100 });
    client.sendChunk(String(overlong['uploadId']), 0, randomBytes(99));
    client.sendChunk(String(overlong['uploadId']), 99, randomBytes(2));
    await client.error('size_mismatch');
    const wrong = await begin(client, { sha256: '0'.repeat(64) });
    client.sendChunk(String(wrong['uploadId']), 0, randomBytes(5000));
    client.send({ type: 'file_end', uploadId: wrong['uploadId'] });
    await client.error('checksum_mismatch');
    const forbidden = await begin(client);
    client.sendChunk(String(forbidden['uploadId']), 0, Buffer.from('M'));
    client.sendChunk(String(forbidden['uploadId']), 1, Buffer.from('Z'));
    await client.error('file_type_forbidden');
    client.sendRaw(fileFrame('坏.bin', Buffer.from('#!/bin/sh')));
    await client.error('file_type_forbidden');
  }
  await assertUsed(client, 0);
  const leaver = await Client.join(t, ws, '李四');
  const left = await begin(leaver);
  leaver.sendChunk(String(left['uploadId']), 0, randomBytes(300_000));
  await acknowledged(leaver, left, 300_000);
  leaver.socket.close();
  await leaver.close();
  // 两个名额都要用: 掉线的被停放
  const pair = [await begin(client), await begin(client)];
  for (const ready of pair) await cancel(client, ready);
  await assertUsed(client, 300_000);
  await cancel(client, await resume(client, left));
  await assertUsed(client, 0);
});

test('配额: 重启之后的占用与之前相同, 记录文件不算', async (t) => {
  const storage = { ...LIMITED.storage, path: await temporaryFolder(t) };
  const first = await joined(t, { ...LIMITED, storage });
  await share(first.client, fileFrame('a.bin', randomBytes(100_000)));
  const whole = await begin(first.client);
  await sendWindowed(first.client, whole, randomBytes(50_000));
  await finish(first.client, whole);
  const open = await begin(first.client);
  await sendWindowed(first.client, open, randomBytes(7));
  await assertUsed(first.client, 150_007);
  await first.server.stop();
  const second = await joined(t, { ...LIMITED, storage });
  await assertUsed(second.client, 150_007);
  await cancel(second.client, await resume(second.client, open));
  await assertUsed(second.client, 150_000);
});

test('剩余空间: 低于下限时分片与单帧都拒绝, 聊天照常', async (t) => {
  const { client, storage } = await joined(t, { ...FREE, storage: { minFreeBytes: 2 ** 50 } });
  // 单帧在前: 刚启动, 还没有谁读过剩余空间
  client.sendRaw(fileFrame('a.bin', randomBytes(10)));
  await client.error('storage_full');
  client.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin' });
  const error = await client.error('storage_full');
  assert.deepEqual([error['ref'], error['limit'], error['retryable']], ['x', 2 ** 50, false]);
  client.send({ type: 'text', message: '还在' });
  await client.next('text');
  assert.deepEqual(await storedFiles(storage), []);
});
