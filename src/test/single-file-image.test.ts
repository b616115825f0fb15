// 图片与类型识别: 尺寸按摆正之后算, 类型看内容, 坏图不碍事
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { assertPublished, fileFrame, joined, randomBytes, share } from './uploading.js';

function picture(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#3377aa' } });
}

test('单帧: 图片带尺寸与缩略图, EXIF 横竖互换的按摆正之后算', async (t) => {
  const { client } = await joined(t);
  const cases = [
    {
      name: '图.png',
      data: await picture(640, 400).png().toBuffer(),
      mime: 'image/png',
      size: [640, 400],
    },
    {
      name: '图.jpg',
      data: await picture(500, 30).jpeg().toBuffer(),
      mime: 'image/jpeg',
      size: [500, 30],
    },
    {
      name: '转.jpg',
      data: await picture(600, 200).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      mime: 'image/jpeg',
      size: [200, 600],
    },
    {
      name: '小.webp',
      data: await picture(8, 9).webp().toBuffer(),
      mime: 'image/webp',
      size: [8, 9],
    },
  ];
  for (const { name, data, mime, size } of cases) {
    const file = await share(client, fileFrame(name, data));
    assert.equal(file['mimeType'], mime);
    assert.deepEqual([file['width'], file['height']], size, name);
    const thumb = await sharp(
      Buffer.from(await (await fetch(String(file['thumbUrl']))).arrayBuffer()),
    ).metadata();
    const scale = Math.min(1, 320 / Math.max(...size));
    assert.deepEqual(
      [thumb.width, thumb.height],
      size.map((edge) => Math.round(edge * scale)),
      name,
    );
    await assertPublished(file, data);
  }
});

test('单帧: 类型看内容不看名字; 自称图片而不是的当作附件', async (t) => {
  const { client } = await joined(t);
  const png = await picture(10, 10).png().toBuffer();
  const renamed = await share(client, fileFrame('其实是图.txt', png));
  assert.equal(renamed['mimeType'], 'image/png');
  const fake = await share(client, fileFrame('假的.png', randomBytes(5000)));
  assert.equal(fake['mimeType'], 'application/octet-stream');
  assert.equal(fake['thumbUrl'], undefined);
  const text = await share(client, fileFrame('说明.txt', Buffer.from('你好, 世界')));
  assert.equal(text['mimeType'], 'text/plain');
});

test('单帧: 文件头完好而后面损坏的图片照样发布与下载, 没有缩略图也不出错', async (t) => {
  const { client } = await joined(t);
  const whole = await picture(900, 900).png({ compressionLevel: 0 }).toBuffer();
  const broken = Buffer.concat([whole.subarray(0, 200), randomBytes(5000)]);
  const file = await share(client, fileFrame('坏图.png', broken));
  await assertPublished(file, broken);
  if (file['thumbUrl'] !== undefined) {
    assert.equal((await fetch(String(file['thumbUrl']))).status, 404);
  }
});
