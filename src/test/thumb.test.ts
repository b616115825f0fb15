import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { dataFiles, errorCode, publishOne } from './http-tools.js';

/** 真图片: 左半红, 右半蓝 */
async function picture(width: number, height: number): Promise<Sharp> {
  const right = { create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: '#00f' } };
  const base = sharp({ create: { width, height, channels: 3, background: '#f00' } });
  const overlay = await sharp(right).png().toBuffer();
  return base.composite([{ input: overlay, left: Math.floor(width / 2), top: 0 }]);
}

async function thumbOf(file: Message): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(String(file['thumbUrl']));
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

const thumbPath = (storage: string, file: Message): string =>
  path.join(storage, 'thumbs', `${file['id']}.webp`);

/** 发布时做好的 (排不上的没有) 删掉: 下一次要时重新做 */
async function forgetThumbs(storage: string, files: readonly Message[]): Promise<void> {
  for (const file of files) await rm(thumbPath(storage, file), { force: true });
}

test('缩略图: PNG, JPEG, WebP, GIF, AVIF 都有, 最长边 320, 比例不变, 尺寸随消息给出', async (t) => {
  const { http } = await serve(t);
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'avif'] as const) {
    const data = await (await picture(1000, 500)).toFormat(format).toBuffer();
    const file = await publishOne(http, `a.${format}`, data);
    assert.equal(file['mimeType'], `image/${format}`);
    assert.deepEqual([file['width'], file['height']], [1000, 500], format);
    assert.equal(file['thumbUrl'], `${http}/files/${file['id']}/thumb`);
    const { response, bytes } = await thumbOf(file);
    assert.equal(response.status, 200, format);
    assert.equal(response.headers.get('content-type'), 'image/webp');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('content-length'), String(bytes.length));
    const { width, height } = await sharp(bytes).metadata();
    assert.deepEqual([width, height], [320, 160], format);
  }
});

test('缩略图: 小图不放大; 极细长的图也不出错', async (t) => {
  const { http } = await serve(t);
  const cases = [
    [40, 30, 40, 30],
    [1, 1, 1, 1],
    [4000, 2, 320, 1],
    [300, 900, 107, 320],
  ] as const;
  for (const [width, height, thumbWidth, thumbHeight] of cases) {
    const file = await publishOne(http, 'a.png', await (await picture(width, height)).png().toBuffer());
    const { bytes } = await thumbOf(file);
    const metadata = await sharp(bytes).metadata();
    assert.deepEqual([metadata.width, metadata.height], [thumbWidth, thumbHeight]);
  }
});

test('缩略图: 按 EXIF 方向摆正, 消息里的宽高是摆正之后的; 缩略图不带拍摄信息', async (t) => {
  const { http } = await serve(t);
  const data = await (await picture(800, 400)).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const file = await publishOne(http, 'a.jpg', data);
  assert.deepEqual([file['width'], file['height']], [400, 800]);
  const { bytes } = await thumbOf(file);
  const { width, height, exif, orientation } = await sharp(bytes).metadata();
  assert.deepEqual([width, height, exif, orientation], [160, 320, undefined, undefined]);
  // 方向 6: 左边的红色转到上面
  const { data: pixels } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  assert.ok((pixels[0] ?? 0) > 200 && (pixels[2] ?? 255) < 60);
  assert.ok((pixels.at(-3) ?? 255) < 60 && (pixels.at(-1) ?? 0) > 200);
});

test('缩略图: 20 个同时的请求只做一次, 之后的取自磁盘, 文件不再改动', async (t) => {
  const { http, storage } = await serve(t);
  const file = await publishOne(http, 'a.png', await (await picture(3000, 2000)).png().toBuffer());
  await forgetThumbs(storage, [file]);
  const all = await Promise.all(Array.from({ length: 20 }, () => thumbOf(file)));
  const target = thumbPath(storage, file);
  const made = await stat(target, { bigint: true });
  const saved = await readFile(target);
  for (const { response, bytes } of [...all, await thumbOf(file)]) {
    assert.equal(response.status, 200);
    assert.ok(bytes.equals(saved));
  }
  const after = await stat(target, { bigint: true });
  assert.deepEqual([after.mtimeNs, after.ino], [made.mtimeNs, made.ino]);
  assert.deepEqual(
    (await dataFiles(storage)).filter((name) => name.startsWith('thumbs')),
    [path.join('thumbs', `${file['id']}.webp`)],
  );
});

test('缩略图: 标签相符是 304; HEAD 只有头', async (t) => {
  const { http } = await serve(t);
  const file = await publishOne(http, 'a.png', await (await picture(600, 600)).png().toBuffer());
  const { response, bytes } = await thumbOf(file);
  const etag = response.headers.get('etag') ?? '';
  assert.notEqual(etag, `"${file['sha256']}"`);
  const url = String(file['thumbUrl']);
  const fresh = await fetch(url, { headers: { 'If-None-Match': etag } });
  assert.deepEqual([fresh.status, fresh.headers.get('content-length')], [304, null]);
  const stale = await fetch(url, { headers: { 'If-None-Match': '"x"' } });
  assert.equal((await stale.arrayBuffer()).byteLength, bytes.length);
  const head = await fetch(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)]);
});

test('缩略图: 不是图片的, 没有的, 写法不对的都是 404, 星号也不例外', async (t) => {
  const { http } = await serve(t);
  const text = await publishOne(http, 'a.txt', 'x');
  const svg = await publishOne(
    http,
    'a.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
  );
  assert.deepEqual([text['thumbUrl'], svg['thumbUrl']], [undefined, undefined]);
  const paths = [
    `/files/${text['id']}/thumb`,
    `/files/${svg['id']}/thumb`,
    `/files/${text['id']}.txt/thumb`,
    '/files/00000000-0000-4000-8000-000000000000/thumb',
    '/files/x/thumb',
    '/files/..%2fmeta/thumb',
    '/files//thumb',
  ];
  for (const target of paths) {
    const headers = { 'If-None-Match': '*' };
    const response = await fetch(`${http}${target}`, { headers });
    assert.equal(response.status, 404, target);
    assert.equal(await errorCode(response), 'not_found');
  }
});

test('缩略图: 等着做的到了上限, 再来的是 server_busy, 原图照样下载', async (t) => {
  const { http, storage } = await serve(t, { files: { thumbQueue: 2 } });
  const noise = await sharp(randomBytes(2500 * 2500 * 3), { raw: { width: 2500, height: 2500, channels: 3 } })
    .jpeg()
    .toBuffer();
  const files = await Promise.all(
    Array.from({ length: 8 }, (_, index) => publishOne(http, `${index}.jpg`, noise)),
  );
  await forgetThumbs(storage, files);
  const answers = await Promise.all(files.map(async (file) => fetch(String(file['thumbUrl']))));
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200, 503]), `${statuses}`);
  for (const answer of answers.filter(({ status }) => status === 503)) {
    assert.equal(await errorCode(answer), 'server_busy');
  }
  const refused = files[statuses.indexOf(503)];
  assert.equal((await fetch(String(refused?.['url']))).status, 200);
  // 忙过之后再来就有
  assert.equal((await fetch(String(refused?.['thumbUrl']))).status, 200);
});

test('缩略图: 做的时候聊天照常往来', async (t) => {
  const { http, ws, storage } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const client = await Client.join(t, ws, '张三');
  const size = 6000;
  const big = await sharp({ create: { width: size, height: size, channels: 3, background: '#abc' } })
    .jpeg()
    .toBuffer();
  const [first, second] = [await publishOne(http, 'a.jpg', big), await publishOne(http, 'b.jpg', big)];
  await forgetThumbs(storage, [first, second]);
  // 一次做一张: 不论谁先, 一张好了, 另一张随即开始
  const asked = [thumbOf(first), thumbOf(second)];
  const made = Promise.all(asked);
  let making = true;
  void made.finally(() => {
    making = false;
  });
  await Promise.race(asked);
  let rounds = 0;
  // 等的是广播, 不等落盘: 磁盘再慢也不相干
  for (; making; rounds += 1) {
    client.send({ type: 'text', name: '张三', message: 'x' });
    await client.next('text');
  }
  for (const { response } of await made) assert.equal(response.status, 200);
  t.diagnostic(`${rounds} 个来回`);
  // 解码 3600 万像素要几百毫秒; 若占住主线程, 至多开头结尾各一个来回
  assert.ok(rounds >= 5, `${rounds} 个来回`);
});

test('缩略图: 没有缩略图的文件, HEAD 得到 404 而不带体, 同一连接上的下一个请求不受影响', async (t) => {
  const { http, port } = await serve(t);
  const form = new FormData();
  form.append('name', '张三');
  form.append('file', new Blob(['你好']), 'a.txt');
  const { files } = (await (await fetch(`${http}/api/files`, { method: 'POST', body: form })).json()) as {
    files: { id: string }[];
  };
  const { stdout } = await promisify(execFile)('curl', [
    '-sS',
    '-I',
    `http://127.0.0.1:${port}/files/${files[0]?.id}/thumb`,
    '--next',
    '-sS',
    `http://127.0.0.1:${port}/healthz`,
  ]);
  assert.match(stdout, /^HTTP\/1\.1 404 [\s\S]*\r\n\r\n\{"status":"ok"\}$/);
});
