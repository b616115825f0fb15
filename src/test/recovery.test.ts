// 启动对账: 无主的删掉, 发布到一半的补完, 坏的记录不妨碍启动
import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { serve, storedFiles, temporaryFolder } from './harness.js';
import { assertPublished, begin, finish, joined, randomBytes, resume } from './uploading.js';

const DATA = randomBytes(300_000);

interface Stopped {
  readonly storage: string;
  readonly ready: Message;
  readonly journal: string;
  readonly part: string;
}

/** 一个传完而没有结束的上传, 服务器已停止 */
async function stoppedUpload(t: TestContext): Promise<Stopped> {
  const storage = await temporaryFolder(t);
  const { client, server } = await joined(t, { storage: { path: storage } });
  const ready = await begin(client, { size: DATA.length, originalName: '图.dat' });
  await sendWindowed(client, ready, DATA);
  await server.stop();
  const base = path.join(storage, 'partial', String(ready['uploadId']));
  return { storage, ready, journal: `${base}.json`, part: `${base}.part` };
}

async function restart(t: TestContext, storage: string): Promise<Client> {
  const { ws } = await serve(t, { storage: { path: storage } });
  return Client.join(t, ws, '李四', { features: [] });
}

/** 元数据里的记录, 与发布时写下的一样 */
async function record(stopped: Stopped): Promise<{ id: string; path: string }> {
  const entry = JSON.parse(await readFile(stopped.journal, 'utf8')) as { fileId: string };
  const fields = { name: '张三', originalName: '图.dat', size: DATA.length, sha256: sha256(DATA) };
  const file = {
    id: entry.fileId,
    path: `/files/${entry.fileId}.dat`,
    mimeType: 'application/octet-stream',
    ...fields,
  };
  await writeFile(path.join(stopped.storage, 'meta', `${entry.fileId}.json`), JSON.stringify(file));
  return file;
}

test('对账: 没有记录的部分文件, 写到一半的 JSON, 没有文件的元数据与缩略图都收走', async (t) => {
  const stopped = await stoppedUpload(t);
  const before = await storedFiles(stopped.storage);
  const uuid = '3f2b1a00-0000-4000-8000-000000000000';
  for (const name of [
    `partial/${uuid}.part`,
    `partial/${uuid}.json.tmp`,
    `meta/${uuid}.json`,
    `meta/${uuid}.json.tmp`,
    `thumbs/${uuid}.webp`,
    `thumbs/${uuid}.webp.tmp`,
  ]) {
    await writeFile(path.join(stopped.storage, name), 'x');
  }
  const client = await restart(t, stopped.storage);
  assert.deepEqual(await storedFiles(stopped.storage), before);
  const ready = await resume(client, stopped.ready);
  assert.equal(ready['offset'], DATA.length);
  await assertPublished(await finish(client, ready), DATA);
});

test('对账: 元数据写了而没来得及改名, 续传后照常发布', async (t) => {
  const stopped = await stoppedUpload(t);
  await record(stopped);
  const client = await restart(t, stopped.storage);
  assert.deepEqual((await client.next('history'))['messages'], []);
  const done = await finish(client, await resume(client, stopped.ready));
  await assertPublished(done, DATA);
  await client.settle();
  assert.equal(client.of('file').length, 1);
});

test('对账: 改了名而没来得及广播, 启动时补播一次; 续传得到它的结果', async (t) => {
  const stopped = await stoppedUpload(t);
  const file = await record(stopped);
  await rename(stopped.part, path.join(stopped.storage, file.path));
  const client = await restart(t, stopped.storage);
  const history = (await client.next('history'))['messages'] as Message[];
  assert.deepEqual(
    history.map((m) => m['id']),
    [file.id],
  );
  const ready = await resume(client, stopped.ready);
  assert.equal(ready['offset'], DATA.length);
  const done = await finish(client, ready);
  assert.equal(done['id'], file.id);
  await assertPublished(done, DATA);
  await client.settle();
  assert.equal(client.of('file').length, 0);
});

test('对账: 坏的记录 (空的, 半个, 别的形状) 连同它的数据删掉, 启动照常', async (t) => {
  for (const text of [
    '',
    '{"uploadId":"',
    'null',
    '5',
    '[]',
    '{}',
    '\0\0\0\0',
    '{"uploadId":"x","tokenHash":"zz"}',
  ]) {
    const stopped = await stoppedUpload(t);
    await writeFile(stopped.journal, text);
    const client = await restart(t, stopped.storage);
    client.send({
      type: 'file_start',
      uploadId: stopped.ready['uploadId'],
      resumeToken: stopped.ready['resumeToken'],
    });
    await client.error('upload_unknown');
    assert.deepEqual(await storedFiles(stopped.storage), [], JSON.stringify(text));
    await finish(client, await begin(client));
  }
});

test('对账: 部分文件被人删了, 续传是 upload_unknown, 重新上传不受影响', async (t) => {
  const stopped = await stoppedUpload(t);
  await rm(stopped.part);
  const client = await restart(t, stopped.storage);
  client.send({
    type: 'file_start',
    uploadId: stopped.ready['uploadId'],
    resumeToken: stopped.ready['resumeToken'],
  });
  await client.error('upload_unknown');
  await finish(client, await begin(client));
});
