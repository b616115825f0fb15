// 图片与媒体: 缩略图占好位置, 大图可翻可缩放可下载, 音视频就地播放, 文件面板找得到
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { Client } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf } from './chat-page.js';

async function picture(folder: string, name: string, width: number, height: number): Promise<string> {
  const file = path.join(folder, name);
  const background = { r: 30, g: 140, b: 150 };
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(file);
  return file;
}

/** 3 秒的正弦音, 16 位单声道 WAV (RIFF) */
function wav(): Buffer {
  const rate = 8000;
  const samples = rate * 3;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples * 2, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  for (const [offset, value] of [
    [16, 16],
    [24, rate],
    [28, rate * 2],
    [40, samples * 2],
  ] as const) {
    header.writeUInt32LE(value, offset);
  }
  for (const [offset, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    header.writeUInt16LE(value, offset);
  header.write('data', 36, 'latin1');
  const data = Buffer.alloc(samples * 2);
  for (let index = 0; index < samples; index++)
    data.writeInt16LE(Math.round(Math.sin(index / 4) * 9000), index * 2);
  return Buffer.concat([header, data]);
}

async function sharePictures(
  t: TestContext,
  page: Page,
  sizes: readonly [name: string, w: number, h: number][],
) {
  const folder = await temporaryFolder(t);
  for (const [name, width, height] of sizes) {
    await partsOf(page).fileInput.setInputFiles(await picture(folder, name, width, height));
    await log(page)
      .getByRole('button', { name: `查看大图 ${name}` })
      .waitFor();
  }
}

describe('网页: 图片与媒体', () => {
  it('图片在聊天里是缩略图, 位置事先留好; 大图由键盘翻看, 缩放, 关闭后焦点回来', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await sharePictures(t, page, [
      ['横图.png', 1600, 800],
      ['竖图.png', 500, 1000],
      ['小图.png', 40, 40],
    ]);
    const thumb = log(page).getByRole('img', { name: '横图.png' });
    assert.deepEqual(
      await thumb.evaluate((image: HTMLImageElement) => [
        image.getAttribute('width'),
        image.getAttribute('height'),
      ]),
      ['320', '160'],
    );
    assert.match(
      (await thumb.getAttribute('src')) ?? '',
      /^\/files\/[0-9a-f-]{36}\/thumb$/,
      '只用本站的路径',
    );

    const open = log(page).getByRole('button', { name: '查看大图 横图.png' });
    await open.click();
    const dialog = page.getByRole('dialog', { name: '图片查看' });
    await dialog.getByText('1600 × 800').waitFor();
    await page.keyboard.press('ArrowRight');
    await dialog.getByText('500 × 1000').waitFor();
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await page.keyboard.press('ArrowLeft');
    await dialog.getByText('1600 × 800').waitFor();
    const download = page.waitForEvent('download');
    await dialog.getByRole('link', { name: /下载/ }).click();
    assert.equal((await download).suggestedFilename(), '横图.png');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.ok(await open.evaluate((element) => element === document.activeElement), '焦点回到缩略图');

    // 后退先关上大图, 不离开聊天
    await page.waitForFunction(() => history.state === null);
    await open.click();
    await dialog.getByText('1600 × 800').waitFor();
    await page.evaluate(() => history.back());
    await dialog.waitFor({ state: 'hidden' });
    assert.ok(await log(page).isVisible());
  });

  it('图片到来不使记录跳动: 停在底部时仍在底部', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await sharePictures(t, page, [
      ['甲.png', 900, 900],
      ['乙.png', 900, 900],
      ['丙.png', 900, 900],
    ]);
    await log(page)
      .getByRole('img', { name: '丙.png' })
      .evaluate((image: HTMLImageElement) => image.decode());
    const gap = await log(page).evaluate(
      (element) => element.scrollHeight - element.clientHeight - element.scrollTop,
    );
    assert.ok(gap < 2, `离底部 ${gap} 像素`);
  });

  it('音频就地播放, 拖动用 Range', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    other.send({ type: 'file', name: '李四', originalName: '语音.wav', filedata: wav().toString('base64') });
    const audio = log(page).locator('audio');
    await audio.waitFor();
    const seconds = await audio.evaluate(
      (element: HTMLAudioElement) =>
        new Promise<number>((resolve) => {
          if (element.readyState > 0) resolve(element.duration);
          else element.addEventListener('loadedmetadata', () => resolve(element.duration));
        }),
    );
    assert.equal(Math.round(seconds), 3);
    await audio.evaluate(async (element: HTMLAudioElement) => {
      element.muted = true;
      element.currentTime = 2.5;
      await element.play();
      await new Promise((resolve) => element.addEventListener('ended', resolve));
    });
  });

  it('文件面板: 列出进入之前的文件, 可搜索, 可筛选, 点图片看大图', async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const other = await Client.join(t, ws, '李四');
    const content = Buffer.from('内容').toString('base64');
    for (let index = 0; index < 120; index++) {
      other.send({ type: 'file', name: '李四', originalName: `报告-${index}.txt`, filedata: content });
    }
    for (let index = 0; index < 120; index++) await other.next('file');
    // 聊天记录里只有最近 50 条, 面板要自己去取更早的
    for (let index = 0; index < 60; index++)
      other.send({ type: 'text', name: '李四', message: `闲聊 ${index}` });
    await other.settle();
    const page = await openPage(t, await launch(t), http);
    const { files } = await enter(page, '张三');
    await files.getByText('报告-119.txt').waitFor();
    await sharePictures(t, page, [['封面.png', 300, 300]]);
    await page.getByRole('searchbox', { name: '搜索文件' }).fill('报告-7.');
    await files.getByText('报告-7.txt').waitFor();
    assert.equal(await files.getByRole('listitem').count(), 1);
    assert.match(await files.getByRole('listitem').innerText(), /李四/);
    await page.getByRole('searchbox', { name: '搜索文件' }).fill('');
    await page
      .getByRole('button', { name: '图片', exact: true })
      .or(page.getByRole('radio', { name: '图片' }))
      .click();
    await files
      .getByRole('button', { name: /封面\.png/ })
      .first()
      .click();
    await page.getByRole('dialog', { name: '图片查看' }).waitFor();
  });

  it('链接复制的是绝对地址; 对外地址不是本站时, 页面里的图仍从本站取', async (t) => {
    const { http } = await serve(t, { server: { publicUrl: 'https://chat.example.com' } });
    const page = await openPage(t, await launch(t), http);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await enter(page, '张三');
    await sharePictures(t, page, [['外网.png', 300, 200]]);
    const image = log(page).getByRole('img', { name: '外网.png' });
    await image.evaluate((element: HTMLImageElement) => element.decode());
    assert.equal(
      new URL(await image.evaluate((element: HTMLImageElement) => element.currentSrc)).origin,
      http,
    );
    await image.hover();
    await log(page)
      .getByRole('button', { name: /复制.*外网/ })
      .click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^https:\/\/chat\.example\.com\/files\/[0-9a-f-]{36}\.png$/);
  });

  it('解不开的视频退成卡片, 照样能下载', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http, { allow: [/ERR_|media/i] });
    const { fileInput } = await enter(page, '张三');
    const file = path.join(await temporaryFolder(t), '坏的.mp4');
    // ftyp 盒子之后全是零: 认得出类型, 解不出画面
    await writeFile(file, Buffer.concat([Buffer.from('0000001866747970697366', 'hex'), Buffer.alloc(4096)]));
    await fileInput.setInputFiles(file);
    await log(page).getByRole('link', { name: '下载 坏的.mp4' }).waitFor();
    await log(page).locator('video').waitFor({ state: 'detached' });
  });
});
