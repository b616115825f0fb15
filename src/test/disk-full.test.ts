// 磁盘真的写满 (小 tmpfs): 报 storage_full, 半个文件不留, 已发布的不受影响, 腾出空间后照常
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Client, type Message, sendWindowed } from './client.js';
import { storedFiles } from './harness.js';
import { fillDisk, fillRest, smallDisk } from './small-disk.js';
import { assertPublished, begin, fileFrame, finish, joined, randomBytes, share } from './uploading.js';

const MIB = 1024 * 1024;

interface Full {
  readonly client: Client;
  readonly folder: string;
  readonly kept: Message;
  readonly data: Buffer;
}

/** 服务器在小磁盘上, 已有一个发布的文件; minFreeBytes 为 0, 好让 ENOSPC 真的发生 */
async function onSmallDisk(t: TestContext): Promise<Full | undefined> {
  const folder = await smallDisk(t);
  if (folder === undefined) return undefined;
  const { client } = await joined(t, {
    chat: { messagesPerSecond: 0 },
    storage: { path: folder, minFreeBytes: 0 },
  });
  const data = randomBytes(4 * MIB);
  const kept = await share(client, fileFrame('留.bin', data));
  return { client, folder, kept, data };
}

async function assertChatWorks(client: Client): Promise<void> {
  client.send({ type: 'text', message: '还在' });
  await client.next((m) => m.type === 'text');
}

test('写满: 分片上传在写入时得到 storage_full, 部分文件删除, 其余不受影响', {
  timeout: 120_000,
}, async (t) => {
  const full = await onSmallDisk(t);
  if (full === undefined) return;
  const { client, folder, kept, data } = full;
  const before = await storedFiles(folder);
  const ready = await begin(client);
  // 开始之后才满: 开始时的检查拦不住
  const filler = fillDisk(folder, 3 * MIB);
  const uploadId = String(ready['uploadId']);
  const big = randomBytes(4 * MIB);
  for (let offset = 0; offset < big.length; offset += MIB) {
    client.sendChunk(uploadId, offset, big.subarray(offset, offset + MIB));
  }
  const error = await client.next((m) => m['code'] === 'storage_full');
  assert.deepEqual([error['ref'], error['retryable']], [uploadId, false]);
  client.sendChunk(uploadId, big.length, randomBytes(1));
  await client.error('upload_unknown');
  await assertChatWorks(client);
  await assertPublished(kept, data);
  rmSync(filler);
  assert.deepEqual(await storedFiles(folder), before);
  const again = await begin(client, { size: big.length });
  await sendWindowed(client, again, big);
  await assertPublished(await finish(client, again), big);
});

test('写满: 单帧得到 storage_full, 不留半个文件, 腾出之后照常', { timeout: 120_000 }, async (t) => {
  const full = await onSmallDisk(t);
  if (full === undefined) return;
  const { client, folder, kept, data } = full;
  const before = [...(await storedFiles(folder)), 'filler'].sort();
  const filler = fillDisk(folder, MIB);
  const big = randomBytes(2 * MIB);
  client.send({ type: 'file', clientId: 'f1', originalName: 'a.bin', filedata: big.toString('base64') });
  assert.equal((await client.error('storage_full'))['ref'], 'f1');
  assert.deepEqual((await storedFiles(folder)).sort(), before);
  await assertChatWorks(client);
  await assertPublished(kept, data);
  rmSync(filler);
  await assertPublished(await share(client, fileFrame('a.bin', big)), big);
});

test('写满: 一个字节也不剩时, 开始, 单帧, 完成都拒绝而不留痕迹', { timeout: 120_000 }, async (t) => {
  const full = await onSmallDisk(t);
  if (full === undefined) return;
  const { client, folder } = full;
  const ready = await begin(client);
  await sendWindowed(client, ready, randomBytes(1000));
  const filler = fillDisk(folder, 0);
  // 数据都在磁盘上了, 只差元数据写不下: 也是 storage_full, 删净
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  assert.equal((await client.error('storage_full'))['ref'], ready['uploadId']);
  // 刚删掉的那一页可能又空了出来: 再填满
  const more = fillRest(folder);
  client.send({ type: 'file_start', clientId: 'x', originalName: 'a.bin', size: 0 });
  assert.equal((await client.error('storage_full'))['ref'], 'x');
  client.sendRaw(fileFrame('a.bin', Buffer.from('hi')));
  await client.error('storage_full');
  await assertChatWorks(client);
  rmSync(filler);
  rmSync(more);
  assert.deepEqual(
    (await storedFiles(folder)).filter((name) => !/^(?:files|meta)\//.test(name)),
    [],
  );
  await finish(client, await begin(client, { size: 0 }));
});
