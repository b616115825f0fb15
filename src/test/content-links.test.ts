// 删除与链接的边角 (真磁盘, 线上够不着): 最后一个引用才释放, 同时删也不多算; 链接不了的复制
import assert from 'node:assert/strict';
import { linkSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileRecord } from '../protocol/messages.js';
import { Blobs } from '../store/blobs.js';
import { ContentLinks } from '../store/content-links.js';
import { HashPool } from '../store/hash-pool.js';
import { StorageFolder } from '../store/storage-folder.js';
import { Thumbnails } from '../store/thumbnails.js';
import { sha256 } from './client.js';
import { atEnd, storedFiles, temporaryFolder } from './harness.js';
import { NO_LIMITS } from './quota-tools.js';
import { randomBytes } from './uploading.js';

const DATA = randomBytes(10_000);

async function realBlobs(t: TestContext): Promise<{ blobs: Blobs; root: string }> {
  const root = await temporaryFolder(t);
  const folder = await StorageFolder.open(root);
  const hashes = new HashPool(1);
  atEnd(t, () => hashes.stop());
  const thumbnails = new Thumbnails({
    maxPixels: 1000,
    maxQueue: 1,
    quota: NO_LIMITS,
    now: () => performance.now(),
  });
  return { blobs: new Blobs(folder, hashes, thumbnails, { fsync: true }), root };
}

function record(id: string): FileRecord {
  const fields = { name: '张三', originalName: 'a.bin', mimeType: 'application/octet-stream' };
  return { id, path: `/files/${id}.bin`, size: DATA.length, sha256: sha256(DATA), ...fields };
}

const refuse = (): never => {
  throw new Error('不该占用空间');
};

test('删除: 最后一个引用才释放字节, 同时删也恰好释放一次, 重复删不出错', async (t) => {
  const { blobs, root } = await realBlobs(t);
  const records = Array.from({ length: 20 }, (_, index) => record(`f${index}`));
  const [first, ...others] = records;
  assert.ok(first !== undefined);
  await writeFile(path.join(root, 'partial', 'u.part'), DATA);
  assert.equal(await blobs.publish('u', first), 0);
  for (const other of others) await blobs.publishSame(first, other, refuse);
  const freed = await Promise.all([...records, ...records].map((one) => blobs.remove(one)));
  assert.equal(
    freed.reduce((sum, bytes) => sum + bytes, 0),
    DATA.length,
  );
  assert.deepEqual(await storedFiles(root), []);
  assert.equal(await blobs.find('f0'), undefined);
});

test('链接: 名字数到顶 (EMLINK) 就真的复制, 先记账再复制, 不留半个文件', { timeout: 60_000 }, async (t) => {
  const { blobs, root } = await realBlobs(t);
  await writeFile(path.join(root, 'partial', 'u.part'), DATA);
  await blobs.publish('u', record('满'));
  const names = path.join(root, 'names');
  await mkdir(names);
  if (!fillLinks(path.join(root, 'files', '满.bin'), names)) {
    t.skip('这个文件系统的链接数没有上限');
    return;
  }
  await assert.rejects(blobs.publishSame(record('满'), record('拒'), refuse));
  assert.deepEqual(await readdir(path.join(root, 'meta')), ['满.json']);
  let claimed = 0;
  await blobs.publishSame(record('满'), record('新'), (bytes) => {
    claimed += bytes;
  });
  assert.equal(claimed, DATA.length);
  const copy = path.join(root, 'files', '新.bin');
  assert.equal((await stat(copy)).nlink, 1);
  assert.deepEqual(await readFile(copy), DATA);
  assert.deepEqual(await readdir(path.join(root, 'partial')), []);
});

// ext4 的上限是 65000; 返回是否到了顶
function fillLinks(file: string, folder: string): boolean {
  try {
    for (let count = 0; count < 66_000; count += 1) linkSync(file, path.join(folder, String(count)));
    return false;
  } catch {
    return true;
  }
}

test('链接: 文件不在, 不是文件, 大小不对都不算数, 目标不出现', async (t) => {
  const root = await temporaryFolder(t);
  const links = new ContentLinks();
  const source = path.join(root, 'a');
  const target = path.join(root, 'b');
  await writeFile(source, DATA);
  assert.equal(await links.link(path.join(root, '没有'), target, DATA.length), false);
  assert.equal(await links.link(root, target, (await stat(root)).size), false);
  assert.equal(await links.link(source, target, DATA.length + 1), false);
  assert.deepEqual(await readdir(root), ['a']);
  assert.equal(await links.link(source, target, DATA.length), true);
  assert.deepEqual(await readFile(target), DATA);
});
