// 相同的内容在磁盘上只有一份: 三个入口都算, 各自的名字与链接, 空间只记一次, 崩溃也不多记
import assert from 'node:assert/strict';
import { link, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, sendWindowed, sha256 } from './client.js';
import { serve, storedFiles, temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import {
  assertPublished,
  begin,
  fileFrame,
  finish,
  joined,
  randomBytes,
  resume,
  share,
} from './uploading.js';

const DATA = randomBytes(300_000);
const FREE = { chat: { messagesPerSecond: 0 } };

test('只存一份: 单帧, 分片, HTTP 传来同样的内容, 各有名字与链接, 字节只有一份', async (t) => {
  const { client, http, storage } = await joined(t);
  const different = await share(client, fileFrame('丁.bin', randomBytes(DATA.length, 5)));
  const single = await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, { originalName: '乙.dat', size: DATA.length });
  await sendWindowed(client, ready, DATA);
  const chunked = await finish(client, ready);
  const posted = await publishOne(http, '丙.txt', DATA);
  const inodes = new Set<number>();
  for (const file of [single, chunked, posted]) {
    await assertPublished(file, DATA);
    const found = await stat(path.join(storage, new URL(String(file['url'])).pathname));
    assert.equal(found.nlink, 3);
    inodes.add(found.ino);
  }
  assert.equal(inodes.size, 1);
  assert.equal(new Set([single, chunked, posted].map(({ originalName }) => originalName)).size, 3);
  assert.equal((await stat(path.join(storage, new URL(String(different['url'])).pathname))).nlink, 1);
  assert.deepEqual(
    (await storedFiles(storage)).filter((file) => file.startsWith('partial') && file.endsWith('.part')),
    [],
  );
});

test('只存一份: 空间只记一次, 重启之后也是', async (t) => {
  const storage = await temporaryFolder(t);
  const quotaBytes = DATA.length * 2;
  const overrides = { ...FREE, storage: { path: storage, quotaBytes, minFreeBytes: 0 } };
  const { client, server } = await joined(t, overrides);
  for (let count = 0; count < 5; count += 1) await share(client, fileFrame(`${count}.bin`, DATA));
  const assertHalfUsed = async (asker: Client): Promise<void> => {
    asker.send({ type: 'file_start', originalName: '多.bin', size: DATA.length + 1 });
    await asker.error('storage_full');
    const exact = await begin(asker, { size: DATA.length });
    asker.send({ type: 'file_cancel', uploadId: exact['uploadId'] });
    await asker.next('file_cancelled');
  };
  await assertHalfUsed(client);
  await server.stop();
  const { ws } = await serve(t, overrides);
  await assertHalfUsed(await Client.join(t, ws, '李四'));
});

test('只存一份: 索引说有而磁盘上没有, 或大小不对, 就另存一份', async (t) => {
  const { client, storage } = await joined(t);
  const first = await share(client, fileFrame('甲.bin', DATA));
  await writeFile(path.join(storage, new URL(String(first['url'])).pathname), '截断了');
  await assertPublished(await share(client, fileFrame('乙.bin', DATA)), DATA);
});

test('只存一份: 链接之后, 删部分文件之前崩溃, 重启后恰好一条消息, 空间只记一次', async (t) => {
  const storage = await temporaryFolder(t);
  const quotaBytes = DATA.length * 2;
  const overrides = { ...FREE, storage: { path: storage, quotaBytes, minFreeBytes: 0 } };
  const before = await joined(t, overrides);
  const first = await share(before.client, fileFrame('甲.bin', DATA));
  const ready = await begin(before.client, { size: DATA.length, originalName: '乙.bin' });
  await sendWindowed(before.client, ready, DATA);
  await before.server.stop();
  // 停在两步之间的样子: 元数据与链接已有, 部分文件与没有结果的记录还在
  const base = path.join(storage, 'partial', String(ready['uploadId']));
  const { fileId } = JSON.parse(await readFile(`${base}.json`, 'utf8')) as { fileId: string };
  const record = {
    id: fileId,
    name: '张三',
    originalName: '乙.bin',
    path: `/files/${fileId}.bin`,
    size: DATA.length,
    mimeType: 'application/octet-stream',
    sha256: sha256(DATA),
  };
  await writeFile(path.join(storage, 'meta', `${fileId}.json`), JSON.stringify(record));
  await link(path.join(storage, new URL(String(first['url'])).pathname), path.join(storage, record.path));
  const { ws } = await serve(t, overrides);
  const client = await Client.join(t, ws, '李四', { features: [] });
  const messages = (await client.next('history'))['messages'] as { id: string }[];
  assert.equal(messages.filter(({ id }) => id === fileId).length, 1);
  assert.equal(
    (await storedFiles(storage)).includes(`${path.join('partial', String(ready['uploadId']))}.part`),
    false,
  );
  const resumed = await resume(client, ready);
  const done = await finish(client, resumed);
  assert.equal(done['id'], fileId);
  await assertPublished(done, DATA);
  await begin(client, { size: DATA.length });
});
