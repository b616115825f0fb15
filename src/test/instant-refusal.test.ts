// 秒传的边界: 关掉, 空文件, 别人的上传, 禁止的类型, 内容已不在; 都不能比照常上传多放行一点
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, sendWindowed, sha256 } from './client.js';
import { storedFiles } from './harness.js';
import { answer, challenged, sendInstantly } from './proving.js';
import { assertPublished, begin, fileFrame, finish, joined, randomBytes, share } from './uploading.js';

const DATA = randomBytes(200_000);
const KNOWN = { size: DATA.length, sha256: sha256(DATA) };

test('秒传: 关掉之后没有提示也没有抽查, file_hash 是 not_found, 能力里不列出', async (t) => {
  const { client } = await joined(t, { files: { instantSend: false } });
  assert.equal((client.welcome['features'] as string[]).includes('instant'), false);
  await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, { size: DATA.length });
  assert.equal('sizeKnown' in ready, false);
  client.send({ type: 'file_hash', uploadId: ready['uploadId'], sha256: KNOWN.sha256 });
  assert.equal((await client.error('not_found'))['ref'], ready['uploadId']);
  await begin(client, KNOWN);
  await client.settle();
  assert.deepEqual(client.of('file_challenge'), []);
  await sendWindowed(client, ready, DATA);
  await assertPublished(await finish(client, ready), DATA);
});

test('秒传: 空文件与长度未知的流没有抽查', async (t) => {
  const { client } = await joined(t);
  const empty = new Uint8Array(0);
  await share(client, fileFrame('空.bin', empty));
  const ready = await begin(client, { size: 0, sha256: sha256(empty) });
  await share(client, fileFrame('甲.bin', DATA));
  const stream = await begin(client, { sha256: KNOWN.sha256 });
  client.send({ type: 'file_hash', uploadId: stream['uploadId'], sha256: KNOWN.sha256 });
  await client.error('not_found');
  assert.deepEqual(client.of('file_challenge'), []);
  await assertPublished(await finish(client, ready), empty);
});

test('秒传: 没有问过就来的回答, 别人的上传, 与开始时不同的散列都不行', async (t) => {
  const { client, ws } = await joined(t);
  await share(client, fileFrame('甲.bin', DATA));
  const other = randomBytes(DATA.length, 7);
  await share(client, fileFrame('丙.bin', other));
  const unasked = await begin(client, { size: DATA.length });
  const hashes = ['1', '2', '3'].map((digit) => digit.repeat(64));
  client.send({ type: 'file_proof', uploadId: unasked['uploadId'], hashes });
  await client.error('checksum_mismatch');
  const ready = await begin(client, KNOWN);
  const challenge = await challenged(client, ready);
  client.send({ type: 'file_hash', uploadId: ready['uploadId'], sha256: sha256(other) });
  await client.error('not_found');
  const thief = await Client.join(t, ws, '贼');
  thief.send(answer(challenge, DATA));
  await thief.error('upload_unknown');
  client.send(answer(challenge, DATA));
  await assertPublished(await client.next('file_done'), DATA);
});

test('秒传: 换了名字就属于禁止类型的内容, 与上传一样被拒, 不留痕迹', async (t) => {
  const { client, storage } = await joined(t);
  // CFB 复合文档: 叫 .doc 可以, 没有扩展名的按安装包 (msi) 拒绝
  const data = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), randomBytes(2000)]);
  await share(client, fileFrame('稿.doc', data));
  const before = await storedFiles(storage);
  const ready = await begin(client, { originalName: '稿', size: data.length, sha256: sha256(data) });
  client.send(answer(await challenged(client, ready), data));
  assert.equal((await client.error('file_type_forbidden'))['ref'], ready['uploadId']);
  await client.settle();
  assert.equal(client.of('file').length, 1);
  assert.deepEqual(await storedFiles(storage), before);
});

test('秒传: 内容已被人从磁盘删掉, 答对也不发布, 照常传得完', async (t) => {
  const { client, storage } = await joined(t);
  const first = await share(client, fileFrame('甲.bin', DATA));
  await rm(path.join(storage, new URL(String(first['url'])).pathname));
  const ready = await begin(client, KNOWN);
  client.send(answer(await challenged(client, ready), DATA));
  await client.error('checksum_mismatch');
  await sendWindowed(client, ready, DATA);
  await assertPublished(await finish(client, ready), DATA);
});

test('秒传: 一百次也不多占一个字节的配额', async (t) => {
  const quotaBytes = DATA.length * 2;
  const { client } = await joined(t, {
    chat: { messagesPerSecond: 0 },
    storage: { quotaBytes, minFreeBytes: 0 },
  });
  await share(client, fileFrame('甲.bin', DATA));
  for (let count = 0; count < 100; count += 1) await sendInstantly(client, DATA);
  // 还剩整整一份的空间, 不多也不少
  await share(client, fileFrame('乙.bin', randomBytes(DATA.length, 9)));
  client.send({ type: 'file_start', originalName: '丙.bin', size: 1 });
  await client.error('storage_full');
});
