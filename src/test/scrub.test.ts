// 后台校验: 闲时查出坏了一位的文件, 从此不再送出, 也不再被引用; 换上好的就又下载得到
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { HashPool } from '../store/hash-pool.js';
import { ScrubState } from '../store/scrub-state.js';
import { Scrubber } from '../store/scrubber.js';
import { SoundCopies } from '../store/sound-copies.js';
import { StorageFolder } from '../store/storage-folder.js';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { examine, linesOf } from './doctor-tools.js';
import { atEnd, type Running, serve, spawnServer, temporaryFolder } from './harness.js';
import { eventually, publishOne } from './http-tools.js';
import { answer, challenged } from './proving.js';
import { assertPublished, begin, finish, randomBytes } from './uploading.js';

const FAST = { scrubBytesPerSecond: 1024 * 1024 * 1024 };
const DATA = randomBytes(3_000_000);
const KNOWN = { size: DATA.length, sha256: sha256(DATA) };

function pathnameOf({ url }: Message): string {
  return new URL(String(url)).pathname;
}

/** 磁盘自己坏了一位: 大小与修改时间都没有变 */
function rot(file: string): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
  utimesSync(file, atime, mtime);
}

/** 停着的时候坏了一份, 再带着后台校验启动, 等到查出 */
async function rotted(
  t: TestContext,
  data: Uint8Array = DATA,
): Promise<Running & { readonly file: Message; readonly disk: string }> {
  const before = await serve(t);
  const file = await publishOne(before.http, '甲.bin', data);
  await before.server.stop();
  const disk = path.join(before.storage, pathnameOf(file));
  copyFileSync(disk, `${before.storage}.good`);
  rot(disk);
  const running = await serve(t, { storage: { path: before.storage, ...FAST } });
  // 看记录而不是一直请求: 服务器在同一个进程里, 请求多了就算忙
  await eventually('查出坏了', async () => existsSync(path.join(running.storage, 'scrub.json')));
  assert.equal(await head(running, file), 500);
  return { ...running, file, disk };
}

async function head({ http }: Running, file: Message): Promise<number> {
  return (await fetch(`${http}${pathnameOf(file)}`, { method: 'HEAD' })).status;
}

async function codeOf(response: Response): Promise<unknown[]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code, response.headers.get('cache-control')];
}

test('坏了一位: 闲时查出, 全文, 范围, HEAD, 条件请求, 缩略图都是 500 file_damaged, 日志一行; 别的照常, 重启之后仍认得', async (t) => {
  const storage = await temporaryFolder(t);
  const noise = {
    create: {
      width: 400,
      height: 300,
      channels: 3,
      background: 'red',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  } as const;
  const picture = await sharp(noise as never)
    .png()
    .toBuffer();
  const first = await spawnServer(t, storage);
  const file = await publishOne(first.http, '图.png', picture, 'image/png');
  const other = await publishOne(first.http, '乙.bin', DATA);
  const thumb = `/files/${String(file['id'])}/thumb`;
  assert.equal((await fetch(`${first.http}${thumb}`)).status, 200);
  assert.equal(await first.signal('SIGTERM'), 0);
  rot(path.join(storage, pathnameOf(file)));
  const second = await spawnServer(t, storage, { SLUICE_STORAGE_SCRUB_BYTES_PER_SECOND: '1GiB' });
  await eventually('查完一遍', async () => second.lines.some((line) => line.includes('后台校验查完一遍')));
  const errors = second.lines.filter((line) => line.includes('"level":"error"'));
  assert.equal(errors.length, 1, errors.join('\n'));
  assert.ok(errors[0]?.includes(path.basename(pathnameOf(file))));
  assert.equal(await second.signal('SIGTERM'), 0);
  const third = await spawnServer(t, storage);
  const address = `${third.http}${pathnameOf(file)}`;
  const refused = [500, 'file_damaged', 'no-store'];
  assert.deepEqual(await codeOf(await fetch(address)), refused);
  assert.deepEqual(await codeOf(await fetch(address, { headers: { Range: 'bytes=0-9' } })), refused);
  const fresh = { 'If-None-Match': `"${String(file['sha256'])}"` };
  assert.deepEqual(await codeOf(await fetch(address, { headers: fresh })), refused);
  assert.deepEqual(await codeOf(await fetch(`${third.http}${thumb}`)), refused);
  assert.equal(await head(third, file), 500);
  await assertPublished({ ...other, url: `${third.http}${pathnameOf(other)}` }, DATA);
  assert.equal(await third.signal('SIGTERM'), 0);
  const found = await examine(storage);
  assert.deepEqual([found.code, linesOf(found)], [1, [`hash_mismatch ${pathnameOf(file).slice(1)}`]]);
});

test('坏了的一份: 秒传不采用它, 照常传来的另存一份; 旧的链接随之治好, 又只存一份', async (t) => {
  const one = await rotted(t);
  const client = await Client.join(t, one.ws, '李四');
  const ready = await begin(client, KNOWN);
  client.send(answer(await challenged(client, ready), DATA));
  assert.equal((await client.error('checksum_mismatch'))['ref'], ready['uploadId']);
  await sendWindowed(client, ready, DATA);
  const again = await finish(client, ready);
  await assertPublished(again, DATA);
  await assertPublished({ ...one.file, url: `${one.http}${pathnameOf(one.file)}` }, DATA);
  assert.equal(statSync(one.disk).ino, statSync(path.join(one.storage, pathnameOf(again))).ino);
});

test('由备份放回 (原处覆盖, 或换一个): 核对过就又送出, 不必重启; 放回的也是坏的则仍不送出', async (t) => {
  const one = await rotted(t);
  const good = `${one.storage}.good`;
  writeFileSync(one.disk, DATA.subarray(1));
  assert.equal(await head(one, one.file), 500);
  copyFileSync(good, one.disk);
  await assertPublished({ ...one.file, url: `${one.http}${pathnameOf(one.file)}` }, DATA);
  const two = await rotted(t);
  renameSync(`${two.storage}.good`, two.disk);
  await assertPublished({ ...two.file, url: `${two.http}${pathnameOf(two.file)}` }, DATA);
});

test('忙的时候停着, 不忙了才查; 查到哪里重启之后接着; 有几个名字的只查一次', async (t) => {
  const { http, server, storage } = await serve(t);
  const files: string[] = [];
  for (const seed of [1, 2])
    files.push(pathnameOf(await publishOne(http, 'a.bin', randomBytes(200_000, seed))));
  for (const name of ['同.bin', '样.bin']) await publishOne(http, name, randomBytes(200_000, 3));
  await server.stop();
  files.sort();
  const [first = '', second = ''] = files;
  rot(path.join(storage, first));
  rot(path.join(storage, second));
  const idOf = (file: string): string => path.basename(file, '.bin');
  writeFileSync(path.join(storage, 'scrub.json'), JSON.stringify({ after: idOf(first), finishedAt: 1 }));
  const said: string[] = [];
  const note = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  const log = { info: note, warn: note, error: note };
  const folder = await StorageFolder.open(storage);
  const hashes = new HashPool(1);
  atEnd(t, () => hashes.stop());
  const state = await ScrubState.load(folder.scrubRecord, log);
  let asked = 0;
  const busy = (): boolean => {
    asked += 1;
    return asked < 3;
  };
  const copies = new SoundCopies(hashes, log);
  const scrubber = new Scrubber(
    { bytesPerSecond: FAST.scrubBytesPerSecond, intervalMs: 1000_000 },
    { folder, hashes, copies, state, busy, log },
  );
  atEnd(t, () => scrubber.stop());
  scrubber.start();
  await eventually('忙的时候问着', async () => asked === 1);
  assert.deepEqual([state.after, said], [idOf(first), []]);
  await eventually('查完一遍', async () => said.some((text) => text.includes('查完一遍')));
  // 第一个在上次查到的之前: 这一遍不查
  assert.deepEqual(
    state.marks.map(({ name }) => name),
    [path.basename(second)],
  );
  assert.equal(said.filter((text) => text.includes(path.basename(second))).length, 1);
  await scrubber.stop();
  const saved = JSON.parse(readFileSync(folder.scrubRecord, 'utf8')) as { after: string; finishedAt: number };
  assert.deepEqual([saved.after, saved.finishedAt > 1], ['', true]);
});

test('坏的一份有几个名字: 治好其中一个之后查完一遍, 别的名字仍标着坏, 不送出', async (t) => {
  const { http, server, storage } = await serve(t);
  const files: Message[] = [];
  for (const name of ['同.bin', '样.bin']) files.push(await publishOne(http, name, DATA));
  await server.stop();
  const [healed = '', other = ''] = files.map((file) => path.basename(pathnameOf(file))).sort();
  const disk = path.join(storage, 'files', healed);
  const { ino: inode, size, mtimeMs } = statSync(disk);
  writeFileSync(`${storage}.good`, DATA);
  rot(disk);
  renameSync(`${storage}.good`, disk);
  // 这一遍查过两个之后才治好: 余下的只是收尾
  const damaged = [{ inode, size, mtimeMs, name: healed, foundAt: 1 }];
  const after = path.basename(other, '.bin');
  writeFileSync(path.join(storage, 'scrub.json'), JSON.stringify({ after, finishedAt: 1, damaged }));
  const second = await spawnServer(t, storage, { SLUICE_STORAGE_SCRUB_BYTES_PER_SECOND: '1GiB' });
  await eventually('查完一遍', async () => second.lines.some((line) => line.includes('后台校验查完一遍')));
  // 记录写在那一行日志之后
  await eventually('只有另一个名字标着坏', async () => {
    const { damaged: marks } = JSON.parse(readFileSync(path.join(storage, 'scrub.json'), 'utf8')) as {
      damaged: { name: string }[];
    };
    return marks.map(({ name }) => name).join() === other;
  });
});
