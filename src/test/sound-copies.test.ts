// 已存的那份在磁盘上坏了: 正确传来的字节不能被它换掉; 没坏的每个进程只核对一遍
import assert from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { HashPool } from '../store/hash-pool.js';
import { SoundCopies } from '../store/sound-copies.js';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { atEnd, serve, spawnServer, temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import { answer, challenged, rangesOf, sendInstantly } from './proving.js';
import { assertPublished, begin, fileFrame, finish, joined, randomBytes, share } from './uploading.js';

const DATA = randomBytes(3_000_000);
const KNOWN = { size: DATA.length, sha256: sha256(DATA) };

/** 磁盘上的那一份, 由链接得出 */
function pathOf(storage: string, { url }: Message): string {
  return path.join(storage, new URL(String(url)).pathname);
}

/** 大小不变, position 起的 16 字节变了 */
async function rot(file: string, position: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(16, 0xee), 0, 16, position);
  await handle.close();
}

/** 抽查碰不到的一处: 三段合计不到 200 KiB, 总有空隙 */
function untouched(challenge: Message): number {
  const covered = (position: number): boolean =>
    rangesOf(challenge).some(({ offset, length }) => position + 16 > offset && position < offset + length);
  let position = DATA.length / 2;
  while (covered(position)) position += 70_000;
  return position;
}

test('坏了的一份: 再传一遍的人得到自己传的字节, 三个入口都是; 日志说出是哪个文件, 只说一次', async (t) => {
  const storage = await temporaryFolder(t);
  const { ws, http, lines } = await spawnServer(t, storage);
  const client = await Client.join(t, ws, '张三');
  const first = await publishOne(http, '甲.bin', DATA);
  const damaged = pathOf(storage, first);
  await rot(damaged, DATA.length / 2);
  const ready = await begin(client, KNOWN);
  await sendWindowed(client, ready, DATA);
  const chunked = await finish(client, ready);
  const posted = await publishOne(http, '丙.bin', DATA);
  const single = await share(client, fileFrame('丁.bin', DATA));
  for (const file of [chunked, posted, single]) await assertPublished(file, DATA);
  assert.equal((await stat(damaged)).nlink, 1);
  const said = lines.filter((line) => line.includes('"level":"warn"') && line.includes('"part":"store"'));
  assert.equal(said.length, 1, said.join('\n'));
  assert.ok(said[0]?.includes(path.basename(damaged)) && said[0].includes('npm run doctor -- --hashes'));
});

test('坏了的一份: 抽查的三段都没碰到坏处, 秒传也不采用它, 照常传得完', async (t) => {
  const { client, storage } = await joined(t);
  const first = await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, KNOWN);
  const challenge = await challenged(client, ready);
  await rot(pathOf(storage, first), untouched(challenge));
  client.send(answer(challenge, DATA));
  assert.equal((await client.error('checksum_mismatch'))['ref'], ready['uploadId']);
  await sendWindowed(client, ready, DATA);
  await assertPublished(await finish(client, ready), DATA);
});

test('没坏的一份: 重启之后照样只存一份, 许多人同时秒传也是', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await joined(t, { storage: { path: storage } });
  const first = await share(before.client, fileFrame('甲.bin', DATA));
  await before.server.stop();
  const { ws, http } = await serve(t, { storage: { path: storage } });
  const names = ['乙', '丙', '丁', '戊'];
  const clients = await Promise.all(names.map((name) => Client.join(t, ws, name)));
  const posting = publishOne(http, '己.bin', DATA);
  const done = await Promise.all(clients.map((client) => sendInstantly(client, DATA)));
  for (const file of [...done, await posting]) await assertPublished(file, DATA);
  assert.equal((await stat(pathOf(storage, first))).nlink, 6);
});

test('核对: 同一份同时问也只读一遍, 没变过的不再读, 变了才再读', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'a');
  const handle = await open(file, 'w');
  await handle.writeFile(DATA);
  await handle.close();
  const pool = new HashPool(1);
  atEnd(t, () => pool.stop());
  // 校验线程不拦住进程退出, 这里又没有服务器
  const awake = setInterval(() => {}, 1000);
  atEnd(t, () => clearInterval(awake));
  const read: string[] = [];
  const start = pool.start.bind(pool);
  // 真的线程池, 只是数一数开了几次
  pool.start = (opened) => {
    read.push(opened);
    return start(opened);
  };
  const copies = new SoundCopies(pool, { warn: () => {} });
  const ask = (): Promise<boolean> => copies.isSound(file, KNOWN);
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [true, true, true]);
  assert.equal(await ask(), true);
  assert.deepEqual(read, [file]);
  await rot(file, 1_000_000);
  assert.deepEqual([await ask(), await ask(), read.length], [false, false, 2]);
  assert.equal(await copies.isSound(path.join(folder, '没有'), KNOWN), false);
  await copies.trust(file, KNOWN);
  assert.deepEqual([await ask(), read.length], [true, 2]);
});
