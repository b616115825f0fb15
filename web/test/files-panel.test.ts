// 文件面板: 两千多个文件, 总数是真的, 在服务器上找; 服务器答复之前从不说没有
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { fileRecord, openLog, range } from '../../src/test/history-tools.js';
import { violations } from './accessibility.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';

const COUNT = 2255;

/** 两千多个文件之后张三才进来; 第 1 个最旧 */
async function room(t: TestContext) {
  const storage = await temporaryFolder(t);
  const first = await serve(t, { storage: { path: storage } });
  await first.server.stop();
  const { log } = await openLog(t, { folder: `${storage}/history` });
  const publish = (index: number): Promise<void> => {
    const file = { name: index % 2 === 0 ? '李雷' : '韩梅梅', originalName: nameOf(index) };
    return log.appendFile({ time: index, file: fileRecord(`f-${index}`, file) }).durable;
  };
  await Promise.all(range(1, COUNT).map(publish));
  await log.stop();
  const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 }, storage: { path: storage } });
  const proxy = await CutProxy.start(t, port);
  const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
  await enter(page, '张三');
  return { page, proxy, ws };
}

function nameOf(index: number): string {
  return index === 3 ? 'Café 菜单.txt' : `资料 ${index}.txt`;
}

function box(page: Page): Locator {
  return page.getByRole('searchbox', { name: '搜索文件' });
}

function said(page: Page, text: string | RegExp): Locator {
  return page.getByRole('status').filter({ hasText: text });
}

/** 等到列表里恰好是这些 */
async function listed(page: Page, names: readonly string[]): Promise<void> {
  const rows = partsOf(page).files.getByRole('listitem');
  await rows.nth(names.length - 1).waitFor();
  await page.waitForFunction(([list, count]) => list?.children.length === count, [
    await partsOf(page).files.elementHandle(),
    names.length,
  ] as const);
  const texts = await rows.allInnerTexts();
  for (const [index, name] of names.entries())
    assert.ok(texts[index]?.replaceAll('\n', '').includes(name), name);
}

describe('网页: 文件面板', () => {
  it('总数是服务器的; 最旧的一个也马上找得到, 按发送者, 写法同搜索; 新来的加上去', async (t) => {
    const { page, ws } = await room(t);
    await said(page, '共 2,255 个文件').waitFor();
    await box(page).fill('cafe');
    await said(page, '找到 1 个').waitFor();
    await listed(page, ['Café 菜单.txt']);
    await box(page).fill('from:李雷 "资料 225"');
    await said(page, '找到 3 个').waitFor();
    await listed(page, ['资料 2254.txt', '资料 2252.txt', '资料 2250.txt']);
    await page.getByRole('button', { name: '图片', exact: true }).click();
    await page.getByText('没有符合的文件').waitFor();
    await page.getByRole('button', { name: '文档', exact: true }).click();
    await said(page, '找到 3 个').waitFor();

    const other = await Client.join(t, ws, '李雷');
    other.send({ type: 'file', originalName: '资料 225 补.txt', filedata: 'aGk=' });
    await said(page, '找到 4 个').waitFor();
    await listed(page, ['资料 225 补.txt', '资料 2254.txt', '资料 2252.txt', '资料 2250.txt']);
    assert.deepEqual(await violations(page), []);
    await page.getByRole('button', { name: '全部', exact: true }).click();
    await box(page).fill('');
    await said(page, '共 2,256 个文件').waitFor();
  });

  it('服务器答复之前: 说正在查找, 先列已经取来的, 不说没有; 断线时说明, 连上之后自己再找', async (t) => {
    const { page, proxy } = await room(t);
    await said(page, '共 2,255 个文件').waitFor();
    proxy.hold();
    await box(page).fill('菜单');
    await said(page, '正在查找').waitFor();
    await box(page).press('Enter');
    assert.equal(await page.getByText('没有符合的文件').count(), 0);
    await box(page).fill(nameOf(COUNT));
    await listed(page, [nameOf(COUNT)]);
    await box(page).fill('菜单');
    await box(page).press('Enter');
    proxy.cut();
    await said(page, '现在没有连上, 先列已经取来的').waitFor();
    assert.equal(await page.getByText('没有符合的文件').count(), 0);
    proxy.release();
    await said(page, '找到 1 个').waitFor();
    await listed(page, [nameOf(3)]);
  });

  it('翻到底接着取, 数目不变; 清空之后又是全部', async (t) => {
    const { page } = await room(t);
    await box(page).fill('资料');
    await said(page, '找到 2,254 个').waitFor();
    const rows = partsOf(page).files.getByRole('listitem');
    await rows.nth(49).scrollIntoViewIfNeeded();
    await rows.nth(99).waitFor({ state: 'attached' });
    await said(page, '找到 2,254 个').waitFor();
    await box(page).fill('');
    await said(page, '共 2,255 个文件').waitFor();
  });
});
