// 没有传完的图片 (相机卡拔早了, 下载断了) 也有人发: 要么没有 thumbUrl, 要么打得开, 给出已有的部分
import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { type Client, type Message, sendWindowed } from './client.js';
import { serve } from './harness.js';
import { publishOne } from './http-tools.js';
import { sendInstantly } from './proving.js';
import { assertPublished, begin, fileFrame, finish, joined, share } from './uploading.js';

const WIDTH = 400;
const HEIGHT = 300;
const FREE = { chat: { messagesPerSecond: 0 } };

// 处处不同的颜色: 剪在哪里都看得出有没有解到
function pixels(pages = 1): Buffer {
  const page = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let index = 0; index < page.length; index += 3) {
    const [x, y] = [(index / 3) % WIDTH, Math.floor(index / 3 / WIDTH)];
    page.set([(x * 255) / WIDTH, (y * 255) / HEIGHT, 128 + ((x ^ y) & 63)], index);
  }
  return Buffer.concat(Array.from({ length: pages }, () => page));
}

function still(): Sharp {
  return sharp(pixels(), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

function moving(): Sharp {
  const raw = { width: WIDTH, height: HEIGHT * 3, channels: 3 as const, pageHeight: HEIGHT };
  return sharp(pixels(3), { raw });
}

const PICTURES: Readonly<Record<string, () => Promise<Buffer>>> = {
  'a.jpg': () => still().jpeg().toBuffer(),
  '逐行.jpg': () => still().jpeg({ progressive: true }).toBuffer(),
  '印刷.jpg': () => still().toColourspace('cmyk').jpeg().toBuffer(),
  'a.png': () => still().png().toBuffer(),
  '隔行.png': () => still().png({ progressive: true }).toBuffer(),
  'a.webp': () => still().webp().toBuffer(),
  '动.webp': () => moving().webp().toBuffer(),
  'a.gif': () => still().gif().toBuffer(),
  '动.gif': () => moving().gif().toBuffer(),
  'a.avif': () => still().avif({ effort: 0 }).toBuffer(),
};
// 给出已有部分的: 剪掉一半仍有缩略图
const SHOWN_IN_PART = ['a.jpg', '逐行.jpg', '印刷.jpg', 'a.png', 'a.gif', '动.gif'];

/** thumbUrl 若有, 必须打得开, 是一张不只一种颜色的图, 尺寸也在消息里 */
async function assertHonest(file: Message, what: string): Promise<void> {
  if (file['thumbUrl'] === undefined) {
    assert.deepEqual([file['width'], file['height']], [undefined, undefined], what);
    return;
  }
  assert.deepEqual([file['width'], file['height']], [WIDTH, HEIGHT], what);
  const response = await fetch(String(file['thumbUrl']));
  assert.equal(response.status, 200, what);
  const thumb = sharp(Buffer.from(await response.arrayBuffer()));
  assert.equal((await thumb.metadata()).width, 320, what);
  const { channels } = await thumb.stats();
  assert.ok(
    channels.some(({ min, max }) => min < max),
    `${what}: 一片空白`,
  );
}

async function inChunks(client: Client, originalName: string, data: Uint8Array): Promise<Message> {
  const ready = await begin(client, { originalName, size: data.byteLength });
  await sendWindowed(client, ready, data);
  return finish(client, ready);
}

test('残图: 哪种格式剪在哪里, thumbUrl 都不会是 404', async (t) => {
  const { http } = await serve(t);
  await Promise.all(
    Object.entries(PICTURES).map(async ([name, make]) => {
      const whole = await make();
      for (const kept of [0, 100, 0.02, 0.5, 0.98, 1]) {
        const end = kept <= 1 ? Math.floor(whole.length * kept) : kept;
        const data = whole.subarray(0, end);
        const file = await publishOne(http, name, data);
        const what = `${name} 的前 ${end} 字节`;
        await assertHonest(file, what);
        await assertPublished(file, data);
        if (kept === 0.5) assert.equal('thumbUrl' in file, SHOWN_IN_PART.includes(name), what);
        if (kept === 1) assert.ok('thumbUrl' in file, name);
      }
    }),
  );
});

test('残图: 单帧, 分片, multipart, 秒传, 哪个入口都一样', async (t) => {
  const { client, http } = await joined(t, FREE);
  for (const name of ['a.jpg', '隔行.png', 'a.avif'] as const) {
    const whole = (await PICTURES[name]?.()) ?? Buffer.alloc(0);
    const data = whole.subarray(0, whole.length / 2);
    const files = [
      await publishOne(http, name, data),
      await share(client, fileFrame(name, data)),
      await inChunks(client, name, data),
      await sendInstantly(client, data, { originalName: name }),
    ];
    for (const file of files) {
      await assertHonest(file, name);
      assert.equal('thumbUrl' in file, name === 'a.jpg', name);
    }
  }
});

test('残图: 只有一个头的, 空的, 超过像素上限的, SVG, 都只是普通文件; 扩展名写错的照内容认', async (t) => {
  const { http } = await serve(t, { files: { thumbPixels: WIDTH * HEIGHT - 1 } });
  const png = await still().png().toBuffer();
  // 57 字节: 签名, IHDR, IDAT 的头
  const plain: [string, Uint8Array | string][] = [
    ['头.png', png.subarray(0, 57)],
    ['空.png', ''],
    ['大.png', png],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  ];
  for (const [name, data] of plain) {
    const file = await publishOne(http, name, data);
    assert.deepEqual([file['thumbUrl'], file['width']], [undefined, undefined], name);
  }
  const small = await still().resize(40, 30).jpeg().toBuffer();
  const renamed = await publishOne(http, '其实是照片.png', small);
  assert.deepEqual([renamed['mimeType'], renamed['width']], ['image/jpeg', 40]);
  assert.equal((await fetch(String(renamed['thumbUrl']))).status, 200);
});

test('残图: 缩略图在广播之前已经做好, 上传中止的一个也不留下', async (t) => {
  const { http, storage } = await serve(t);
  const file = await publishOne(http, 'a.jpg', (await PICTURES['a.jpg']?.()) ?? '');
  const thumbs = path.join(storage, 'thumbs');
  assert.deepEqual(await readdir(thumbs), [`${file['id']}.webp`]);
  // 同一个请求里有一个不收的: 前面的图片也不发布
  const form = new FormData();
  form.append('name', '张三');
  form.append('a', new Blob([(await PICTURES['a.png']?.()) ?? '']), 'a.png');
  form.append('b', new Blob(['MZ']), 'b.exe');
  assert.equal((await fetch(`${http}/api/files`, { method: 'POST', body: form })).status, 415);
  assert.deepEqual(await readdir(thumbs), [`${file['id']}.webp`]);
});

test('残图: 从前记作做不出来的 (空文件) 再试一次, 仍不行的记住', async (t) => {
  const { http, storage } = await serve(t);
  const file = await publishOne(http, 'a.jpg', (await PICTURES['a.jpg']?.()) ?? '');
  const saved = path.join(storage, 'thumbs', `${file['id']}.webp`);
  await writeFile(saved, '');
  assert.equal((await fetch(String(file['thumbUrl']))).status, 200);
  assert.ok((await stat(saved)).size > 1);
  // 磁盘上的原图后来坏了
  await writeFile(path.join(storage, new URL(String(file['url'])).pathname), 'x');
  await writeFile(saved, '');
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await fetch(String(file['thumbUrl']))).status, 404);
    assert.equal((await stat(saved)).size, 1);
  }
});
