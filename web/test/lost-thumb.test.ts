// 从前收下的残图: 消息里有 thumbUrl 而打不开, 网页退回文件的卡片与图标, 不留一个破图
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { it } from 'node:test';
import sharp from 'sharp';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { fileFrame, share } from '../../src/test/uploading.js';
import { launch, openPage } from './browser.js';
import { enter } from './chat-page.js';

it('网页: 缩略图打不开的图片退回卡片与图标, 照样能下载', async (t) => {
  const { http, ws, storage } = await serve(t);
  const picture = sharp({ create: { width: 400, height: 300, channels: 3, background: '#37a' } });
  const other = await Client.join(t, ws, '李四');
  const file = await share(other, fileFrame('残图.jpg', await picture.jpeg().toBuffer()));
  // 旧的记录: 说有缩略图, 而原图解不开, 从前记作做不出来 (空文件)
  await writeFile(path.join(storage, 'thumbs', `${file['id']}.webp`), '');
  await writeFile(path.join(storage, new URL(String(file['url'])).pathname), 'x');
  const page = await openPage(t, await launch(t), http, { allow: [/404/] });
  const { log, files } = await enter(page, '张三');
  // 先是图片, 取不到之后换成卡片
  await log.getByRole('button', { name: '查看大图 残图.jpg' }).waitFor({ state: 'detached' });
  await log.getByRole('link', { name: '下载 残图.jpg' }).waitFor();
  assert.equal(await log.getByRole('img').count(), 0);
  const row = files.getByRole('listitem').filter({ hasText: '残图.jpg' });
  await row.locator('svg').first().waitFor();
  await page.waitForFunction(() =>
    [...document.images].every((image) => !image.complete || image.naturalWidth > 0),
  );
});
