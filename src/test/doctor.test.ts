// 体检: 完好的说完好, 坏的说得出哪里坏; 修复重建得了的, 移走没有主的, 从不删除
import assert from 'node:assert/strict';
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, type Message, sha256 } from './client.js';
import { examine, linesOf, realStorage, type Stored } from './doctor-tools.js';
import { serve, spawnServer, storedFiles, temporaryFolder } from './harness.js';
import { assertPublished, randomBytes, resume } from './uploading.js';

const STRAY = '3f2b1a00-0000-4000-8000-000000000000';

const idOf = (file: Message): string => String(file['id']);
const fileOf = (file: Message): string => new URL(String(file['url'])).pathname.slice(1);

/** 存储目录里全部文件的内容 (摘要), 消息日志除外 */
async function contents(storage: string): Promise<string[]> {
  const names = await storedFiles(storage);
  return Promise.all(names.map(async (name) => sha256(await readFile(path.join(storage, name)))));
}

/** 每种坏法各一处; 返回应当查出的 */
async function breakEverything({ storage, files, ready }: Stored): Promise<string[]> {
  const at = (name: string): string => path.join(storage, name);
  const [single, chunked, posted] = files;
  await rm(at(`meta/${idOf(single)}.json`));
  await writeFile(at(`meta/${idOf(chunked)}.json`), '{"id":');
  await rename(at(fileOf(posted)), at('partial/elsewhere.part'));
  await writeFile(at(`files/${STRAY}.bin`), '没有主');
  await writeFile(at(`files/${STRAY}z.bin`), '元数据也坏了');
  await writeFile(at(`meta/${STRAY}z.json`), '5');
  await mkdir(at('thumbs'), { recursive: true });
  await writeFile(at(`thumbs/${STRAY}x.webp`), '缩略图');
  await writeFile(at('meta/half.json.tmp'), '{');
  const uploadId = String(ready['uploadId']);
  await rename(at(`partial/${uploadId}.part`), at('partial/lost.part'));
  await writeFile(at('partial/bad.json'), '[]');
  return [
    `file_without_meta ${fileOf(single)}`,
    `file_without_meta files/${STRAY}.bin`,
    'journal_unreadable partial/bad.json',
    `journal_without_partial partial/${uploadId}.json`,
    'leftover meta/half.json.tmp',
    `message_without_file ${fileOf(posted)}`,
    `meta_unreadable meta/${idOf(chunked)}.json`,
    `meta_unreadable meta/${STRAY}z.json`,
    `meta_without_file meta/${idOf(posted)}.json`,
    'partial_without_journal partial/elsewhere.part',
    'partial_without_journal partial/lost.part',
    `thumb_without_file thumbs/${STRAY}x.webp`,
  ];
}

test('体检: 好好停下的目录没有问题, 检查不留痕迹', async (t) => {
  const { storage } = await realStorage(t);
  const before = await storedFiles(storage);
  const result = await examine(storage, { hashes: true });
  assert.deepEqual([result.code, linesOf(result)], [0, []]);
  assert.deepEqual(result.report.counts, { files: 3, messages: 4, uploads: 2 });
  assert.deepEqual(await storedFiles(storage), before);
});

test('体检: 每种坏法都查得出; 不加 --repair 什么也不动', async (t) => {
  const stored = await realStorage(t);
  const expected = await breakEverything(stored);
  const before = await contents(stored.storage);
  const result = await examine(stored.storage);
  assert.deepEqual([result.code, linesOf(result)], [1, expected.sort()]);
  assert.deepEqual(await contents(stored.storage), before);
});

test('修复: 由日志重建元数据, 没有主的移走, 一个字节也不少; 剩下的只有修不了的', async (t) => {
  const stored = await realStorage(t);
  await breakEverything(stored);
  const before = await contents(stored.storage);
  const result = await examine(stored.storage, { repair: true });
  assert.deepEqual([result.code, linesOf(result)], [1, [`message_without_file ${fileOf(stored.files[2])}`]]);
  const after = new Set(await contents(stored.storage));
  assert.deepEqual(
    before.filter((digest) => !after.has(digest)),
    [],
  );
  assert.deepEqual(linesOf(await examine(stored.storage)), linesOf(result));
  const { http, ws } = await serve(t, { storage: { path: stored.storage } });
  for (const [index, file] of stored.files.slice(0, 2).entries()) {
    const data = randomBytes(1000 * (index + 1), index + 1);
    await assertPublished({ ...file, url: `${http}/${fileOf(file)}` }, data);
  }
  const client = await Client.join(t, ws, '李四', { features: [] });
  const { messages } = (await client.next('history')) as unknown as { messages: Message[] };
  assert.equal(messages.length, 4, '修复不添也不减消息');
});

test('修复: 从 lost+found 放回原处, 就像没有发生过', async (t) => {
  const stored = await realStorage(t);
  const { storage, ready } = stored;
  const journal = path.join('partial', `${String(ready['uploadId'])}.json`);
  const saved = await readFile(path.join(storage, journal));
  await rm(path.join(storage, journal));
  const { report } = await examine(storage, { repair: true });
  const action = report.repaired?.[0]?.action ?? '';
  const moved = action.replace('移到 ', '');
  assert.match(moved, /^lost\+found\/[\dT-]+\/partial\/[\w-]+\.part$/);
  await rename(path.join(storage, moved), path.join(storage, 'partial', path.basename(moved)));
  await writeFile(path.join(storage, journal), saved);
  assert.equal((await examine(storage)).code, 0);
  const { ws } = await serve(t, { storage: { path: storage } });
  assert.equal((await resume(await Client.join(t, ws, '李四'), ready))['offset'], 1000);
});

test('体检: 大小与内容变了的都报, 修复也不动它们', async (t) => {
  const { storage, files } = await realStorage(t);
  const [single, chunked] = files;
  await truncate(path.join(storage, fileOf(single)), 500);
  await writeFile(path.join(storage, fileOf(chunked)), randomBytes(2000, 99));
  const damaged = [`hash_mismatch ${fileOf(chunked)}`, `size_mismatch ${fileOf(single)}`];
  assert.deepEqual(linesOf(await examine(storage)), damaged.slice(1));
  const before = await contents(storage);
  const result = await examine(storage, { hashes: true, repair: true });
  assert.deepEqual([result.code, linesOf(result)], [1, damaged]);
  assert.deepEqual(await contents(storage), before);
  assert.equal(result.progress.at(-1), '核对 SHA-256: 100%');
});

test('体检: 服务器正在运行, 或没有这个目录, 都说明原因而不检查', async (t) => {
  const storage = await temporaryFolder(t);
  const { child } = await spawnServer(t, storage);
  const busy = await examine(storage);
  assert.equal(busy.code, 2);
  assert.match(busy.progress.join(), new RegExp(`由进程 ${child.pid} 使用`));
  const nowhere = path.join(storage, '没有');
  const missing = await examine(nowhere);
  assert.equal(missing.code, 2);
  assert.match(missing.progress.join(), /没有存储目录/);
});
