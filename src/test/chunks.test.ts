// 分片上传 (协议第 6 节): 任意编码与大小的分片都拼成同一个文件, 应答累计而单调, 恰好广播一次
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { storedFiles } from './harness.js';
import { acknowledged, assertPublished, begin, finish, joined, randomBytes } from './uploading.js';

const KIB = 1024;
const MIB = KIB * KIB;
const FREE = { chat: { messagesPerSecond: 0 } };

test('分片: 二进制, Base64, 大小各异, 内容都逐字节不变', async (t) => {
  const { client } = await joined(t, FREE);
  const cases = [
    { size: 1, chunkBytes: 1, base64: false },
    { size: 300, chunkBytes: 1, base64: false },
    { size: 300, chunkBytes: 1, base64: true },
    { size: 100_003, chunkBytes: 997, base64: true },
    { size: 256 * KIB, chunkBytes: 256 * KIB, base64: false },
    { size: 3 * MIB + 1, chunkBytes: 256 * KIB + 1, base64: false },
    { size: 5 * MIB - 1, chunkBytes: MIB, base64: true },
    { size: 9 * MIB, chunkBytes: MIB, base64: false },
  ];
  for (const { size, ...options } of cases) {
    const data = randomBytes(size, size);
    const ready = await begin(client, { size, encoding: options.base64 ? 'base64' : 'binary' });
    assert.equal(await sendWindowed(client, ready, data, options), size);
    await assertPublished(await finish(client, ready), data);
  }
});

test('分片: 同一个上传里两种编码可以混用, 声明的 encoding 只是打算', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(700_000);
  const ready = await begin(client, { size: data.length, encoding: 'base64' });
  let base64 = false;
  for (let end = 100_000; end <= data.length; end += 100_000) {
    const chunk = data.subarray(end - 100_000, end);
    if (base64) client.sendBase64Chunk(String(ready['uploadId']), end - 100_000, chunk);
    else client.sendChunk(String(ready['uploadId']), end - 100_000, chunk);
    base64 = !base64;
  }
  await acknowledged(client, ready, data.length);
  await assertPublished(await finish(client, ready), data);
});

test('分片: Base64 分片也认 data 前缀, 无填充, 转义与换行', async (t) => {
  const { client } = await joined(t, FREE);
  const part = Buffer.concat([Buffer.from([0]), Buffer.alloc(99, 0xff), Buffer.alloc(9, 0xfb)]);
  const base64 = part.toString('base64');
  const forms = [
    base64,
    base64.replace(/=+$/, ''),
    base64.replaceAll('/', '\\/'),
    base64.replace(/.{40}/g, '$&\\n'),
    `data:;base64,${base64}`,
  ];
  const ready = await begin(client);
  for (const [index, form] of forms.entries()) {
    const offset = index * part.length;
    client.sendRaw(
      `{"data":"${form}","offset":${offset},"uploadId":"${String(ready['uploadId'])}","type":"file_chunk"}`,
    );
  }
  await assertPublished(await finish(client, ready), Buffer.concat(forms.map(() => part)));
});

test('分片: 大小未知的流, 空文件 (声明 0 或不声明) 都能完成', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(1_234_567);
  const stream = await begin(client);
  await sendWindowed(client, stream, data);
  await assertPublished(await finish(client, stream), data);
  await assertPublished(await finish(client, await begin(client, { size: 0 })), Buffer.alloc(0));
  await assertPublished(await finish(client, await begin(client)), Buffer.alloc(0));
});

test('分片: file_ack 累计, 单调, 不超过已发的, 最后等于全长', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(6 * MIB + 77);
  const ready = await begin(client, { size: data.length });
  await sendWindowed(client, ready, data, { chunkBytes: 100_000 });
  const offsets = client.of('file_ack').map((ack) => Number(ack['offset']));
  for (const [index, offset] of offsets.entries()) {
    assert.ok(offset > (offsets[index - 1] ?? 0), `第 ${index} 个应答没有前进`);
  }
  assert.equal(offsets.at(-1), data.length);
});

test('分片: file_ready 说明分片与窗口; 窗口不大于 welcome 里的上限', async (t) => {
  const { client } = await joined(t, FREE);
  const limits = client.welcome['limits'] as Record<string, number>;
  const ready = await begin(client, { clientId: '我的' });
  assert.equal(ready['clientId'], '我的');
  assert.equal(ready['offset'], 0);
  assert.equal(ready['chunkBytes'], limits['chunkBytes']);
  assert.ok(Number(ready['windowBytes']) >= Number(ready['chunkBytes']));
  assert.ok(Number(ready['windowBytes']) <= limits['windowBytes']!);
  assert.match(String(ready['uploadId']), /^[0-9a-f-]{36}$/);
  assert.ok(String(ready['resumeToken']).length >= 32);
});

test('分片: file_done 带上传者的 clientId 与广播的全部字段; 人人恰好听到一次', async (t) => {
  const { client, ws } = await joined(t, FREE);
  const other = await Client.join(t, ws, '李四');
  const data = randomBytes(100_000);
  const fields = { size: data.length, clientId: 'k1', originalName: '../影片.MP4', mimeType: 'video/mp4' };
  const ready = await begin(client, { ...fields, sha256: sha256(data).toUpperCase() });
  await sendWindowed(client, ready, data);
  const done = await finish(client, ready, { sha256: sha256(data) });
  const heard = await other.next('file');
  const { type: _, clientId, uploadId, renamedFrom, ...rest } = done as Message & Record<string, unknown>;
  assert.equal(clientId, 'k1');
  assert.equal(uploadId, ready['uploadId']);
  assert.equal(renamedFrom, '../影片.MP4');
  assert.deepEqual({ type: 'file', ...rest }, heard);
  assert.equal(heard['originalName'], '影片.MP4');
  assert.equal(heard['name'], '张三');
  await other.settle();
  await client.settle();
  assert.equal(other.of('file').length, 1);
  assert.equal(client.of('file').length, 1);
  assert.equal(other.of('file_done').length, 0);
});

test('分片: 传输连接上传, 广播只到聊天连接', async (t) => {
  const { client, ws } = await joined(t, FREE);
  const session = String(client.welcome['session']);
  const transfer = await Client.open(t, `${ws}/ws/transfer?session=${session}`);
  const data = randomBytes(2 * MIB + 5);
  const ready = await begin(transfer, { size: data.length });
  await sendWindowed(transfer, ready, data, { base64: true, chunkBytes: MIB });
  await assertPublished(await finish(transfer, ready), data);
  assert.equal((await client.next('file'))['size'], data.length);
  assert.equal(transfer.of('file').length, 0);
  assert.equal(client.of('file_ack').length, 0);
});

test('分片: 重复的 file_end 得到同一个 file_done, 不再广播', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(3 * MIB);
  const ready = await begin(client, { size: data.length });
  await sendWindowed(client, ready, data);
  // 第二个紧跟着: 校验还在进行
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  const first = await finish(client, ready);
  const again = await finish(client, ready);
  assert.deepEqual(again, first);
  await client.settle();
  assert.equal(client.of('file').length, 1);
});

test('分片: file_end 之后的分片被拒绝, 正在校验的上传不受影响', async (t) => {
  const { client, storage } = await joined(t, FREE);
  const data = randomBytes(2 * MIB);
  const uploads = [await begin(client, { size: data.length }), await begin(client)];
  for (const ready of uploads) {
    const uploadId = String(ready['uploadId']);
    await sendWindowed(client, ready, data);
    client.send({ type: 'file_end', uploadId });
    client.sendChunk(uploadId, data.length, randomBytes(10));
    client.sendChunk(uploadId, 0, randomBytes(10));
    await client.error('upload_unknown');
    await client.error('upload_unknown');
    const done = await client.next((m) => m.type === 'file_done' && m['uploadId'] === uploadId);
    await assertPublished(done, data);
    client.sendChunk(uploadId, data.length, randomBytes(10));
    assert.equal((await client.error('upload_unknown'))['ref'], uploadId);
  }
  assert.equal((await storedFiles(storage)).filter((name) => name.endsWith('.part')).length, 0);
});
