// 分片的错误: 可恢复的带着正确的 offset, 上传继续; 致命的删净, 不留半个文件
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { storedFiles } from './harness.js';
import { acknowledged, assertPublished, begin, finish, joined, randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const FREE = { chat: { messagesPerSecond: 0 } };

function idOf(ready: Message): string {
  return String(ready['uploadId']);
}

/** 上传已不存在: 分片, 结束, 取消都是 upload_unknown, 磁盘上没有它 */
async function assertGone(client: Client, storage: string, ready: Message): Promise<void> {
  const uploadId = idOf(ready);
  client.sendChunk(uploadId, 0, randomBytes(1));
  assert.equal((await client.error('upload_unknown'))['ref'], uploadId);
  client.send({ type: 'file_end', uploadId });
  await client.error('upload_unknown');
  client.send({ type: 'file_cancel', uploadId });
  await client.error('upload_unknown');
  client.send({ type: 'file_start', uploadId, resumeToken: ready['resumeToken'] });
  await client.error('upload_unknown');
  assert.deepEqual(await storedFiles(storage), []);
}

test('偏移不符: 过去的, 将来的都得到正确的 offset, 上传继续', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(50_000);
  const ready = await begin(client, { size: data.length });
  client.sendChunk(idOf(ready), 0, data.subarray(0, 20_000));
  for (const offset of [0, 19_999, 20_001, 49_999, Number.MAX_SAFE_INTEGER]) {
    client.sendChunk(idOf(ready), offset, data.subarray(0, 100));
    const error = await client.error('offset_mismatch');
    assert.equal(error['offset'], 20_000);
    assert.equal(error['ref'], idOf(ready));
    assert.equal(error['retryable'], true);
  }
  client.sendBase64Chunk(idOf(ready), 0, data.subarray(0, 100));
  assert.equal((await client.error('offset_mismatch'))['offset'], 20_000);
  client.sendBase64Chunk(idOf(ready), 20_000, data.subarray(20_000));
  await assertPublished(await finish(client, ready), data);
});

test('超出窗口: 多出的分片被拒并告知 offset, 之前的照常写入, 上传继续', async (t) => {
  const files = { chunkBytes: 4096, windowBytes: 64 * 1024 };
  const { client } = await joined(t, { ...FREE, files });
  const data = randomBytes(300_000);
  const ready = await begin(client, { size: data.length });
  assert.equal(ready['windowBytes'], 64 * 1024);
  // 一个分片就比窗口大: 不管写得多快都收不下
  client.sendChunk(idOf(ready), 0, data.subarray(0, 64 * 1024 + 1));
  const error = await client.error('window_exceeded');
  assert.deepEqual([error['offset'], error['limit'], error['ref']], [0, 64 * 1024, idOf(ready)]);
  client.sendChunk(idOf(ready), 0, data.subarray(0, 64 * 1024));
  await acknowledged(client, ready, 64 * 1024);
  const rest = { ...ready, offset: 64 * 1024 } as Message;
  await sendWindowed(client, rest, data);
  await assertPublished(await finish(client, ready), data);
});

test('超出窗口: 不等应答一口气发完, 按 error 的 offset 重发, 内容仍然正确', async (t) => {
  const files = { chunkBytes: 16_384, windowBytes: 64 * 1024 };
  const { client } = await joined(t, { ...FREE, files });
  const data = randomBytes(2 * MIB);
  const ready = await begin(client, { size: data.length });
  let offset = 0;
  while (offset < data.length) {
    for (let at = offset; at < data.length; at += 16_384) {
      client.sendChunk(idOf(ready), at, data.subarray(at, at + 16_384));
    }
    // 一来一回之后, 这一轮的错误都已收到; 第一个错误给出服务器真正收到的位置
    const seen = client.messages.length;
    await client.settle();
    const round = client.messages.slice(seen);
    const refused = round.filter((m) => m['code'] === 'window_exceeded' || m['code'] === 'offset_mismatch');
    offset = refused.length === 0 ? data.length : Number(refused.at(-1)?.['offset']);
    if (offset < data.length) await acknowledged(client, ready, offset);
  }
  await assertPublished(await finish(client, ready), data);
});

test('多于声明的大小: size_mismatch, 中止并删净', async (t) => {
  const { client, storage } = await joined(t, FREE);
  const ready = await begin(client, { size: 1000 });
  client.sendChunk(idOf(ready), 0, randomBytes(999));
  client.sendChunk(idOf(ready), 999, randomBytes(2));
  const error = await client.error('size_mismatch');
  assert.deepEqual([error['ref'], error['size']], [idOf(ready), 1000]);
  await assertGone(client, storage, ready);
});

test('file_end 来得太早: size_mismatch 带着 offset, 上传继续', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(1000);
  const ready = await begin(client, { size: 1000 });
  client.send({ type: 'file_end', uploadId: idOf(ready) });
  assert.equal((await client.error('size_mismatch'))['offset'], 0);
  client.sendChunk(idOf(ready), 0, data.subarray(0, 999));
  client.send({ type: 'file_end', uploadId: idOf(ready), sha256: sha256(data) });
  const error = await client.error('size_mismatch');
  assert.deepEqual([error['offset'], error['size'], error['ref']], [999, 1000, idOf(ready)]);
  client.sendChunk(idOf(ready), 999, data.subarray(999));
  await assertPublished(await finish(client, ready, { sha256: sha256(data) }), data);
});

test('大于 1 MiB 的分片: frame_too_large; 空分片: invalid_field; 坏 Base64: base64_invalid; 上传继续', async (t) => {
  const { client } = await joined(t, FREE);
  const data = randomBytes(2 * MIB);
  const ready = await begin(client, { size: data.length });
  client.sendChunk(idOf(ready), 0, data.subarray(0, MIB + 1));
  assert.equal((await client.error('frame_too_large'))['limit'], MIB);
  client.sendBase64Chunk(idOf(ready), 0, data.subarray(0, MIB + 1));
  const error = await client.error('frame_too_large');
  assert.deepEqual([error['ref'], error['limit']], [idOf(ready), MIB]);
  client.sendChunk(idOf(ready), 0, new Uint8Array(0));
  assert.equal((await client.error('invalid_field'))['ref'], idOf(ready));
  client.sendBase64Chunk(idOf(ready), 0, new Uint8Array(0));
  await client.error('invalid_field');
  client.send({ type: 'file_chunk', uploadId: idOf(ready), offset: 0, data: 'ab*d' });
  assert.equal((await client.error('base64_invalid'))['ref'], idOf(ready));
  client.sendRaw(Buffer.from([1, 2, 3]), true);
  await client.error('invalid_field');
  client.sendChunk(idOf(ready), 0, data.subarray(0, MIB));
  client.sendBase64Chunk(idOf(ready), MIB, data.subarray(MIB));
  await assertPublished(await finish(client, ready), data);
});

test('别人的 uploadId: 与不存在的一样是 upload_unknown, 主人不受打扰', async (t) => {
  const { client, ws } = await joined(t, FREE);
  const thief = await Client.join(t, ws, '李四');
  const data = randomBytes(10_000);
  const ready = await begin(client, { size: data.length });
  for (const uploadId of [idOf(ready), '00000000-0000-4000-8000-000000000000']) {
    thief.sendChunk(uploadId, 0, randomBytes(10));
    thief.send({ type: 'file_end', uploadId });
    thief.send({ type: 'file_cancel', uploadId });
    thief.send({ type: 'file_start', uploadId, resumeToken: 'x'.repeat(43) });
    for (let count = 0; count < 4; count += 1) {
      const error = await thief.error('upload_unknown');
      assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'ref', 'retryable', 'type']);
    }
  }
  client.sendChunk(idOf(ready), 0, data);
  await assertPublished(await finish(client, ready), data);
});

test('取消: 得到 file_cancelled, 删净; 校验途中取消同样不发布', async (t) => {
  const { client, storage } = await joined(t, FREE);
  const data = randomBytes(8 * MIB);
  const early = await begin(client);
  client.sendChunk(idOf(early), 0, data.subarray(0, 1000));
  client.send({ type: 'file_cancel', uploadId: idOf(early) });
  assert.equal((await client.next('file_cancelled'))['uploadId'], idOf(early));
  await assertGone(client, storage, early);
  const late = await begin(client, { size: data.length });
  await sendWindowed(client, late, data);
  client.send({ type: 'file_end', uploadId: idOf(late) });
  client.send({ type: 'file_cancel', uploadId: idOf(late) });
  assert.equal((await client.next('file_cancelled'))['uploadId'], idOf(late));
  await assertGone(client, storage, late);
  assert.equal(client.of('file').length + client.of('file_done').length, 0);
});

test('摘要不符: 开始或结束时声明的都核对, 拒绝并删净', async (t) => {
  const { client, storage } = await joined(t, FREE);
  const data = randomBytes(100_000);
  const wrong = sha256(Buffer.from('别的'));
  for (const [atStart, atEnd] of [
    [wrong, undefined],
    [undefined, wrong],
    [wrong, sha256(data)],
    [sha256(data), wrong],
  ]) {
    const ready = await begin(client, { size: data.length, sha256: atStart });
    client.sendChunk(idOf(ready), 0, data);
    client.send({ type: 'file_end', uploadId: idOf(ready), sha256: atEnd });
    const error = await client.error('checksum_mismatch');
    assert.deepEqual([error['ref'], error['sha256']], [idOf(ready), sha256(data)]);
    await assertGone(client, storage, ready);
  }
  assert.equal(client.of('file').length, 0);
});
