// 边传边下: 别人正在上传的列出来, 现在就能下; 传完由真正的消息接替, 取消了就消失
import assert from 'node:assert/strict';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client, type Message, sendWindowed, sha256 } from '../../src/test/client.js';
import { joinOffering } from '../../src/test/following.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { begin, finish, randomBytes } from '../../src/test/uploading.js';
import { violations } from './accessibility.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';
import { sha256OfDownload, writeRandomFile } from './random-file.js';

const MIB = 1024 * 1024;
const bytes = randomBytes(2 * MIB);

interface Room {
  readonly page: Page;
  readonly other: Client;
  readonly proxy: CutProxy;
  readonly ws: string;
}

async function room(t: TestContext): Promise<Room> {
  const { port, ws } = await serve(t);
  const other = await Client.join(t, ws, '李四');
  const proxy = await CutProxy.start(t, port);
  const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
  await enter(page, '张三');
  return { page, other, proxy, ws };
}

/** 李四传了一半 */
async function half(other: Client): Promise<Message> {
  const ready = await begin(other, { originalName: '电影.mkv', size: bytes.length });
  await sendWindowed(other, ready, bytes, { end: MIB });
  return ready;
}

function early(within: Locator): Locator {
  return within.getByRole('link', { name: '边传边下 电影.mkv' });
}

/** 面板里的字不伸到按钮底下去 */
async function assertInside(list: Locator): Promise<void> {
  const row = list.getByRole('listitem').first();
  const tools = await row.getByRole('button').first().boundingBox();
  for (const text of [row.getByText('上传已暂停'), row.getByText('%')]) {
    const box = await text.boundingBox();
    assert.ok(box !== null && tools !== null && box.x + box.width <= tools.x, `${box?.x} ${box?.width}`);
  }
}

it('网页: 边传边下', async (t) => {
  const { page, other, proxy, ws } = await room(t);

  await t.test(
    '记录与文件面板里都有, 带进度; 现在就下, 传完时下到的不差; 由消息接替; 断线后以服务器说的为准, 取消了就消失',
    async () => {
      const ready = await half(other);
      await early(log(page)).waitFor();
      await log(page).getByText('正在上传').waitFor();
      const uploading = page.getByRole('list', { name: '正在上传' });
      await early(uploading).waitFor();
      const bar = log(page).getByRole('progressbar', { name: '电影.mkv 的上传进度' });
      await page.waitForFunction(
        (element) => (element as HTMLProgressElement).value === 50,
        await bar.elementHandle(),
      );
      assert.deepEqual(await violations(page), []);
      other.send({ type: 'file_pause', uploadId: ready['uploadId'] });
      await log(page).getByText('上传已暂停').waitFor();
      await uploading.getByText('上传已暂停').waitFor();
      await assertInside(uploading);
      const href = (await early(log(page)).getAttribute('href')) ?? '';
      const downloading = sha256OfDownload(new URL(href, proxy.http).href);
      await sendWindowed(other, { ...ready, offset: MIB }, bytes);
      await finish(other, ready);
      assert.equal(await downloading, sha256(bytes));
      await partsOf(page).files.getByText('电影.mkv').waitFor();
      assert.equal(await early(page.locator('body')).count(), 0);
      assert.equal(await uploading.isVisible(), false);
      const final = log(page).getByRole('link', { name: '下载 电影.mkv' });
      assert.equal(await final.count(), 1);
      assert.equal(await final.getAttribute('href'), href, '链接始终是同一个');

      const again = await half(other);
      await early(log(page)).waitFor();
      proxy.cut();
      await early(log(page)).waitFor({ state: 'detached' });
      await early(log(page)).waitFor();
      await log(page).getByText('正在上传').waitFor();
      other.send({ type: 'file_cancel', uploadId: again['uploadId'] });
      await early(log(page)).waitFor({ state: 'detached' });
      assert.equal(await early(page.locator('body')).count(), 0);
    },
  );

  await t.test('自己传的只在传输列表里, 一开始就能复制链接', async () => {
    const watcher = await joinOffering(t, ws, '王五');
    const file = path.join(await temporaryFolder(t), '自己的.bin');
    await writeRandomFile(file, 24 * MIB, 'own');
    const passed = proxy.afterUpstream(2 * MIB);
    await partsOf(page).fileInput.setInputFiles(file);
    await passed;
    proxy.hold();
    const row = partsOf(page).transfers.getByRole('listitem').filter({ hasText: '自己的.bin' });
    const copy = row.getByRole('button', { name: '复制链接 自己的.bin' });
    await row.getByRole('button', { name: '暂停' }).click();
    proxy.release();
    // 别人看得出是暂停了, 还是又在传
    const paused = await watcher.next((m) => m.type === 'file_offer' && m['state'] !== 'sending');
    assert.equal(paused['state'], 'paused');
    await row.getByRole('button', { name: '继续' }).click();
    await watcher.next((m) => m.type === 'file_offer' && m['state'] === 'sending');
    await copy.waitFor();
    assert.equal(await log(page).getByRole('link', { name: '边传边下 自己的.bin' }).count(), 0);
    await other.next((message) => message.type === 'file' && message['originalName'] === '自己的.bin');
    await log(page).getByRole('link', { name: '下载 自己的.bin' }).waitFor();
    assert.equal(await copy.count(), 1, '传完之后还在');
  });
});
