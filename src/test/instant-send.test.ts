// 秒传: 有这份内容的人不必再传; 只知道散列的人进不来; 内容在磁盘上只有一份
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { Client, sendWindowed, sha256 } from './client.js';
import { storedFiles } from './harness.js';
import { answer, challenged, rangesOf, sendInstantly } from './proving.js';
import {
  acknowledged,
  assertPublished,
  begin,
  download,
  fileFrame,
  finish,
  joined,
  randomBytes,
  resume,
  share,
} from './uploading.js';

const DATA = randomBytes(300_000);
const KNOWN = { size: DATA.length, sha256: sha256(DATA) };
const FREE = { chat: { messagesPerSecond: 0 } };

test('秒传: 答对抽查即发布新的消息, 恰好一次, 内容不再存第二份', async (t) => {
  const { client, ws, storage } = await joined(t);
  const first = await share(client, fileFrame('甲.bin', DATA));
  const friend = await Client.join(t, ws, '李四');
  const done = await sendInstantly(friend, DATA, { originalName: '乙.txt', clientId: '秒' });
  assert.notEqual(done['id'], first['id']);
  assert.deepEqual([done['originalName'], done['name'], done['clientId']], ['乙.txt', '李四', '秒']);
  assert.match(String(done['url']), /\.txt$/);
  await assertPublished(done, DATA);
  const heard = await client.next((m) => m['id'] === done['id']);
  assert.equal(heard['seq'], Number(first['seq']) + 1);
  await Promise.all([client.settle(), friend.settle()]);
  assert.equal(client.of('file').length, 2);
  const inodes = [first, done].map(({ url }) => stat(path.join(storage, new URL(String(url)).pathname)));
  const [one, other] = await Promise.all(inodes);
  assert.deepEqual([one?.ino, one?.nlink], [other?.ino, 2]);
  assert.deepEqual(
    (await storedFiles(storage)).filter((file) => file.endsWith('.part')),
    [],
  );
});

test('秒传: 没有报散列的由 sizeKnown 得知值得一试, 再补报; 大小没见过的不提示', async (t) => {
  const { client } = await joined(t);
  await share(client, fileFrame('甲.bin', DATA));
  const stranger = await begin(client, { size: DATA.length + 1 });
  assert.equal('sizeKnown' in stranger, false);
  const ready = await begin(client, { size: DATA.length });
  assert.equal(ready['sizeKnown'], true);
  client.send({ type: 'file_hash', uploadId: ready['uploadId'], sha256: '0'.repeat(64) });
  assert.equal((await client.error('not_found'))['ref'], ready['uploadId']);
  client.send({ type: 'file_hash', uploadId: ready['uploadId'], sha256: KNOWN.sha256 });
  client.send(answer(await challenged(client, ready), DATA));
  await assertPublished(await client.next('file_done'), DATA);
});

test('秒传: 答错的得到 checksum_mismatch, 只有一次机会, 上传仍在', async (t) => {
  const { client } = await joined(t);
  await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, KNOWN);
  const challenge = await challenged(client, ready);
  client.send(answer(challenge, randomBytes(DATA.length, 2)));
  assert.equal((await client.error('checksum_mismatch'))['ref'], ready['uploadId']);
  client.send(answer(challenge, DATA));
  await client.error('checksum_mismatch');
  client.send({ type: 'file_hash', uploadId: ready['uploadId'], sha256: KNOWN.sha256 });
  await client.error('not_found');
  await sendWindowed(client, ready, DATA);
  await assertPublished(await finish(client, ready), DATA);
  assert.equal(client.of('file').length, 2);
});

test('秒传: 抽查的各段都在文件之内, 也从不是整个文件: 只知道散列的人答不出', async (t) => {
  const { client } = await joined(t, FREE);
  for (const size of [1, 2, 3, 1000, 65_536, 65_537, 131_073, 500_000]) {
    const data = randomBytes(size, size);
    await share(client, fileFrame('小.bin', data));
    const ready = await begin(client, { size, sha256: sha256(data) });
    const ranges = rangesOf(await challenged(client, ready));
    assert.equal(ranges.length, 3);
    for (const { offset, length } of ranges) {
      assert.ok(offset >= 0 && length >= 1 && length <= 65_536 && offset + length <= size, `${size}`);
      assert.ok(length < size || size === 1, `${size} 字节的文件点名了整个文件`);
    }
  }
});

test('秒传: 传了一半再答也行, 收下的部分丢掉; 答题时还在路上的分片不碍事', async (t) => {
  const { client, storage } = await joined(t, FREE);
  await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, KNOWN);
  const challenge = await challenged(client, ready);
  const uploadId = String(ready['uploadId']);
  client.sendChunk(uploadId, 0, DATA.subarray(0, 100_000));
  await acknowledged(client, ready, 100_000);
  client.send(answer(challenge, DATA));
  for (let offset = 100_000; offset < DATA.length; offset += 10_000) {
    client.sendChunk(uploadId, offset, DATA.subarray(offset, offset + 10_000));
  }
  const done = await client.next('file_done');
  await assertPublished(done, DATA);
  await client.settle();
  assert.equal(client.of('file').filter(({ id }) => id === done['id']).length, 1);
  const before = client.messages.slice(0, client.messages.indexOf(done));
  assert.deepEqual(
    before.filter(({ type }) => type === 'error'),
    [],
  );
  assert.deepEqual(
    (await storedFiles(storage)).filter((file) => file.endsWith('.part')),
    [],
  );
});

test('秒传: 断线之后续传, 同样的几段再问一次; 完成之后重复的 file_end 得到同一个结果', async (t) => {
  const { client, ws } = await joined(t);
  await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, KNOWN);
  const asked = await challenged(client, ready);
  client.socket.terminate();
  const again = await Client.join(t, ws, '李四');
  const resumed = await resume(again, ready);
  const challenge = await challenged(again, resumed);
  assert.deepEqual(rangesOf(challenge), rangesOf(asked));
  again.send(answer(challenge, DATA));
  const done = await again.next('file_done');
  assert.equal((await finish(again, ready))['seq'], done['seq']);
  const last = await Client.join(t, ws, '王五');
  assert.equal((await resume(last, ready))['offset'], DATA.length);
  assert.equal((await finish(last, ready))['id'], done['id']);
  await last.settle();
  assert.equal(last.of('file').length, 0);
});

test('秒传: 图片的尺寸与缩略图属于新的名字, 与传上来的一样', async (t) => {
  const { client } = await joined(t);
  const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: '#3377aa' } });
  const data = await picture.png().toBuffer();
  const first = await share(client, fileFrame('图.png', data));
  const done = await sendInstantly(client, data, { originalName: '又.png' });
  assert.deepEqual([done['width'], done['height'], done['mimeType']], [40, 30, 'image/png']);
  assert.notEqual(done['thumbUrl'], first['thumbUrl']);
  assert.equal((await sharp(await download(done['thumbUrl'])).metadata()).width, 40);
});
