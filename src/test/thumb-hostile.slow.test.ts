// 恶意的图片: 解压炸弹, 内容损坏, 头是真的而后面是垃圾; 约 2 秒
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { processBytes, publishOne } from './http-tools.js';

// node:zlib 的 crc32 要 Node 20.15
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

/** 头完全合法的 PNG; scanlines 是压缩前的像素行 */
function png(width: number, height: number, compressed: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 1 位灰度
  header.set([1, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', compressed),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('缩略图: 解压炸弹 (9 亿像素压成 1 MB 以内) 只当普通文件, 内存不涨', {
  skip: process.platform !== 'linux' && '要读 /proc',
}, async (t) => {
  // 每行 1 个过滤字节加 3750 个像素字节; 先做好, 压缩要几百毫秒
  const bomb = png(30_000, 30_000, deflateSync(Buffer.alloc(30_000 * 3751)));
  const { http, child } = await spawnServer(t, await temporaryFolder(t));
  await publishOne(http, 'warm.png', png(1, 1, deflateSync(Buffer.alloc(2))));
  const before = await processBytes(child.pid ?? 0, 'VmRSS');
  assert.ok(bomb.length < 1_000_000);
  const headerOnly = png(0x7fffffff, 0x7fffffff, deflateSync(Buffer.alloc(10)));
  for (const data of [bomb, headerOnly]) {
    const file = await publishOne(http, 'bomb.png', data);
    assert.equal(file['thumbUrl'], undefined);
    assert.equal(file['width'], undefined);
    const response = await fetch(`${http}/files/${file['id']}/thumb`);
    assert.equal(response.status, 404);
    const original = await fetch(String(file['url']));
    assert.equal((await original.arrayBuffer()).byteLength, data.length);
  }
  const after = await processBytes(child.pid ?? 0, 'VmHWM');
  assert.ok(after - before < 128 * 1024 * 1024, `增长了 ${after - before} 字节`);
});

test('缩略图: 头完好而内容损坏的图给出已有的部分, 原图照样下载, 问几次都一样', async (t) => {
  const { http } = await serve(t);
  const whole = await sharp(randomBytes(600 * 600 * 3), { raw: { width: 600, height: 600, channels: 3 } })
    .png()
    .toBuffer();
  const broken = Buffer.concat([whole.subarray(0, 9000), randomBytes(500), whole.subarray(9500, 40_000)]);
  const file = await publishOne(http, 'a.png', broken);
  for (let round = 0; round < 3; round += 1) {
    const response = await fetch(String(file['thumbUrl']));
    assert.equal(response.status, 200);
    const { width } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.equal(width, 320);
  }
  assert.equal((await (await fetch(String(file['url']))).arrayBuffer()).byteLength, broken.length);
});

test('缩略图: 各种格式的头接上垃圾, 服务器都不倒', async (t) => {
  const { http } = await serve(t);
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'avif'] as const) {
    const good = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#123' } })
      .toFormat(format)
      .toBuffer();
    for (const keep of [12, 40, Math.floor(good.length / 2), good.length - 3]) {
      const data = Buffer.concat([good.subarray(0, keep), randomBytes(200)]);
      const file = await publishOne(http, `a.${format}`, data);
      const { status } = await fetch(`${http}/files/${file['id']}/thumb`);
      assert.equal(status, file['thumbUrl'] === undefined ? 404 : 200, `${format} ${keep}`);
    }
  }
  assert.equal((await fetch(`${http}/healthz`)).status, 200);
});
