// 位置上的东西不对 (文件夹占了文件的位置, 读不了的权限): 体检说得出, 修得了, 有次序地结束; 服务器能启动就启动, 不能也只说一行
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { examine, linesOf, realStorage } from './doctor-tools.js';
import { startLogged } from './logged-start.js';
import { assertPublished, randomBytes } from './uploading.js';

/** 把 storage 里的 name 换成一个非空的文件夹 */
function replaceWithFolder(storage: string, name: string): void {
  rmSync(path.join(storage, name), { force: true, recursive: true });
  mkdirSync(path.join(storage, name));
  writeFileSync(path.join(storage, name, '里面的'), '别丢了');
}

/** 查得出, 修得了, 修完没有问题 */
async function mends(storage: string, name: string): Promise<void> {
  const found = await examine(storage);
  assert.ok(linesOf(found).includes(`not_a_file ${name}`), `${name}: ${linesOf(found)} ${found.progress}`);
  assert.equal(found.code, 1);
  const repaired = await examine(storage, { repair: true });
  assert.deepEqual([repaired.code, linesOf(repaired)], [0, []], name);
}

test('文件夹占了 meta/UUID.json 的位置: 服务器照常启动, 那个文件是 404; 体检移走它, 由日志重建, 又下载得到', async (t) => {
  const { storage, files } = await realStorage(t);
  const [single] = files;
  const meta = `meta/${String(single['id'])}.json`;
  replaceWithFolder(storage, meta);
  const before = await startLogged(t, storage);
  const { pathname } = new URL(String(single['url']));
  const address = (port: number): string => `http://127.0.0.1:${port}${pathname}`;
  assert.equal((await fetch(address(before.server.port))).status, 404);
  await before.server.stop();
  await mends(storage, meta);
  const after = await startLogged(t, storage);
  await assertPublished({ ...single, url: address(after.server.port) }, randomBytes(1000, 1));
});

test('文件夹占了别的位置 (缩略图, 部分文件, 记录, 临时文件, 密钥, 预写文件): 都查得出, 修得了', async (t) => {
  const { storage, ready } = await realStorage(t);
  const uploadId = String(ready['uploadId']);
  const names = [
    'thumbs/3f2b1a00-0000-4000-8000-000000000000.webp',
    'thumbs/x.webp.tmp',
    'meta/x.json.tmp',
    `partial/${uploadId}.part`,
    'partial/x.json',
    'files/3f2b1a00-0000-4000-8000-000000000000.bin',
    'history.json',
    'history/session.secret',
    'history/messages.db-wal',
    'history/journal-1.jsonl',
  ];
  for (const name of names) {
    replaceWithFolder(storage, name);
    await mends(storage, name);
  }
  assert.ok(readdirSync(path.join(storage, 'lost+found')).length > 0);
  await startLogged(t, storage);
});

test('文件夹占了临时文件, 部分文件, 记录的位置: 不妨碍启动, 也不碰它们', async (t) => {
  const { storage } = await realStorage(t);
  const names = ['meta/x.json.tmp', 'thumbs/x.webp.tmp', 'partial/x.json', 'partial/y.part', 'files/z.bin'];
  for (const name of names) replaceWithFolder(storage, name);
  await (await startLogged(t, storage)).server.stop();
  for (const name of names) assert.deepEqual(readdirSync(path.join(storage, name)), ['里面的']);
});

test('起不来的 (预写文件, 凭据, 数据库的位置是文件夹): 一行, 指出是哪一个', async (t) => {
  const { storage } = await realStorage(t);
  const proof = readFileSync(path.join(storage, 'history.json'));
  for (const name of ['history/journal-1.jsonl', 'history.json', 'history/messages.db']) {
    replaceWithFolder(storage, name);
    await assert.rejects(startLogged(t, storage), ({ message }: Error) => {
      assert.match(message, new RegExp(`${path.basename(name)}.*(?:却是文件夹; 请移走它|是不是普通文件)`));
      return !message.includes('\n');
    });
    if (name !== 'history/messages.db') rmSync(path.join(storage, name), { recursive: true });
    writeFileSync(path.join(storage, 'history.json'), proof);
  }
  const repaired = await examine(storage, { repair: true });
  assert.deepEqual([repaired.code, linesOf(repaired)], [1, ['history_lost history/messages.db']]);
});

test('子目录的位置是文件: 体检指出它, 修复只移走它, 不牵连别的', async (t) => {
  const { storage } = await realStorage(t);
  const metas = readdirSync(path.join(storage, 'meta')).length;
  rmSync(path.join(storage, 'files'), { recursive: true });
  writeFileSync(path.join(storage, 'files'), '');
  const repaired = await examine(storage, { repair: true });
  assert.equal(repaired.code, 1);
  assert.ok(repaired.report.repaired?.some(({ finding }) => finding.kind === 'not_a_folder'));
  // 恢复了 files/ 它们又对得上
  assert.equal(readdirSync(path.join(storage, 'meta')).length, metas);
});

test('没有权限的记录: 体检做不了就说是哪一个, 怎么办; 服务器照常启动', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('要换一个用户来试');
  const { storage, files } = await realStorage(t);
  const meta = path.join(storage, 'meta', `${String(files[0]['id'])}.json`);
  for (const name of readdirSync(storage, { recursive: true }))
    chownSync(path.join(storage, String(name)), NOBODY, NOBODY);
  chownSync(storage, NOBODY, NOBODY);
  chownSync(meta, 0, 0);
  chmodSync(meta, 0o600);
  await asNobody(t, async () => {
    const found = await examine(storage);
    assert.equal(found.code, 2);
    assert.match(found.progress.join(), /体检做不了: .*\.json: 没有权限, 请检查属主与权限 \(EACCES\)/);
    await (await startLogged(t, storage)).server.stop();
  });
});

const NOBODY = 65534;

/** 换成普通用户来做; 之后换回来 */
async function asNobody(_t: TestContext, task: () => Promise<void>): Promise<void> {
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await task();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
