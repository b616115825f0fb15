// 秒传: 服务器已有的内容不再传; 没有的照常传, 一个字节不差
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client, type Message } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { assertPublished } from '../../src/test/uploading.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf } from './chat-page.js';
import { CutProxy } from './cut-proxy.js';
import { writeRandomFile } from './random-file.js';

const MIB = 1024 * 1024;
// 大于 NATIVE_BYTES: 边读边算, 与真的大文件同一条路
const SIZE = 9 * MIB;

interface Room {
  readonly page: Page;
  readonly other: Client;
  readonly proxy: CutProxy;
  readonly folder: string;
}

/** 张三的页面; 李四在听; 先传过一遍 原件.bin */
async function room(t: TestContext): Promise<Room> {
  const { port, ws } = await serve(t);
  const proxy = await CutProxy.start(t, port);
  const other = await Client.join(t, ws, '李四');
  const page = await openPage(t, await launch(t), proxy.http);
  await enter(page, '张三');
  const folder = await temporaryFolder(t);
  await send({ page, other, proxy, folder }, '原件.bin', 'original');
  return { page, other, proxy, folder };
}

/** 生成并发送; 返回它的广播 */
async function send({ page, other, folder }: Room, name: string, seed: string): Promise<Message> {
  const file = path.join(folder, name);
  await writeRandomFile(file, SIZE, seed);
  await partsOf(page).fileInput.setInputFiles(file);
  return other.next((message) => message.type === 'file' && message['originalName'] === name);
}

function row(page: Page, name: string): Locator {
  return partsOf(page).transfers.getByRole('listitem').filter({ hasText: name });
}

describe('网页: 秒传', () => {
  it('服务器已有的内容: 字节不经过网线; 同样大小而内容不同的, 比对之后照常传完', async (t) => {
    const opened = await room(t);
    const { page, proxy, folder } = opened;
    const sentBefore = proxy.upstreamBytes;
    const published = await send(opened, '又一份.bin', 'original');
    await row(page, '又一份.bin').getByText('秒传完成').waitFor();
    const sent = proxy.upstreamBytes - sentBefore;
    assert.ok(sent < 64 * 1024, `送出了 ${sent} 字节`);
    await assertPublished(published, await readFile(path.join(folder, '又一份.bin')));

    const different = await send(opened, '另一份.bin', 'another');
    await row(page, '另一份.bin').getByText('已完成').waitFor();
    assert.ok(proxy.upstreamBytes - sentBefore > SIZE);
    await assertPublished(different, await readFile(path.join(folder, '另一份.bin')));
  });
});
