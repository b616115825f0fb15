// 搜索: 找得到, 标得出, 去得了; 迟到的应答与输入法都不添乱
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { violations } from './accessibility.js';
import { launch, openPage, type PageOptions } from './browser.js';
import { enter, log, partsOf, sendText, waitForText } from './chat-page.js';
import { CutProxy } from './cut-proxy.js';

interface Room {
  readonly page: Page;
  readonly other: Client;
  readonly proxy: CutProxy;
}

/** 李四先说完 texts, 张三再进来 */
async function room(t: TestContext, texts: readonly string[], options: PageOptions = {}): Promise<Room> {
  const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const proxy = await CutProxy.start(t, port);
  const other = await Client.join(t, ws, '李四');
  for (const message of texts) other.send({ type: 'text', name: '李四', message });
  await other.settle();
  const page = await openPage(t, await launch(t), proxy.http, options);
  await enter(page, '张三');
  return { page, other, proxy };
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `第${index}句`);
}

function box(page: Page): Locator {
  return page.getByRole('searchbox', { name: '搜索消息与文件名' });
}

function results(page: Page): Locator {
  return page.getByRole('list', { name: '搜索结果' }).getByRole('listitem');
}

async function search(page: Page, query: string): Promise<void> {
  if (!(await box(page).isVisible())) await page.getByRole('button', { name: '搜索聊天记录' }).click();
  await box(page).fill(query);
  await box(page).press('Enter');
}

function past(page: Page): Locator {
  return page.getByRole('status').filter({ hasText: '正在看较早的消息' });
}

/** 这一句在聊天记录的可见区里 */
async function assertInView(page: Page, text: string): Promise<void> {
  const row = log(page).getByText(text, { exact: true });
  await row.waitFor();
  const [outer, inner] = [await log(page).boundingBox(), await row.boundingBox()];
  assert.ok(outer !== null && inner !== null);
  assert.ok(inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height, `${inner.y}`);
}

describe('网页: 搜索', () => {
  it('新的在前, 全部命中都标出, 不分大小写; 文件按名字找, 可以翻更早的; HTML 只是文字', async (t) => {
    const attack = '<img src=x onerror="document.title=1"><mark>假的</mark>';
    const { page, other } = await room(t, [
      attack,
      ...Array(25).fill('旧的 needle'),
      '两处 Needle 与 NEEDLE',
    ]);
    other.send({ type: 'file', name: '李四', originalName: 'needle 报告.txt', filedata: 'aGk=' });
    await waitForText(page, '报告');
    await search(page, 'needle');
    await page.getByText('最近的 20 条').waitFor();
    const download = results(page)
      .first()
      .getByRole('link', { name: /下载 needle 报告/ });
    assert.equal(await download.count(), 1);
    assert.deepEqual(await results(page).nth(1).locator('mark').allInnerTexts(), ['Needle', 'NEEDLE']);
    await page.getByRole('button', { name: '更早的结果' }).click();
    await page.getByText('共 27 条').waitFor();
    assert.equal(await results(page).count(), 27);
    assert.deepEqual(await violations(page), []);

    await search(page, '<mark>');
    await page.getByText('共 1 条').waitFor();
    assert.deepEqual(await results(page).first().locator('mark').allInnerTexts(), ['<mark>']);
    assert.ok((await results(page).first().innerText()).includes(attack));
    await search(page, '<img src=y onerror=alert(1)>');
    await page.getByText('没有找到 <img src=y onerror=alert(1)>').waitFor();
    assert.equal(await page.locator('img[src=x], img[src=y]').count(), 0);
  });

  it('到很早的一条去, 从那里向两头翻', { timeout: 60_000 }, async (t) => {
    const opened = await room(t, numbered(400));
    await waitForText(opened.page, '第399句');
    await t.test('单独一段, 新消息只计数; 回到最新, 或自己发言, 都什么也不缺', () => visitsEarly(opened));
    await t.test('眼前的不跳, 往下一直连到最新, 不重不漏', () => pagesBothWays(opened));
  });

  it('手机上: 面板盖着聊天, 点了结果就让开; 后退也只是关上它', async (t) => {
    const { page } = await room(t, numbered(200), { mobile: true });
    await waitForText(page, '第199句');
    await goTo(page, '第5句');
    assert.equal(await box(page).isVisible(), false);
    await page.getByRole('button', { name: '搜索聊天记录' }).click();
    assert.equal(await box(page).inputValue(), '第5句', '搜过的还在');
    await page.goBack();
    await box(page).waitFor({ state: 'hidden' });
    await partsOf(page).message.waitFor();
  });
});

async function visitsEarly({ page, other }: Room): Promise<void> {
  await goTo(page, '第7句');
  await past(page).waitFor();
  assert.equal(await log(page).getByText('第399句', { exact: true }).count(), 0, '两段不混在一起');
  other.send({ type: 'text', name: '李四', message: '刚说的' });
  await past(page).filter({ hasText: '1 条新消息' }).waitFor();
  await assertInView(page, '第7句');
  await page.getByRole('button', { name: '回到最新' }).click();
  await assertInView(page, '刚说的');
  await past(page).waitFor({ state: 'hidden' });

  await goTo(page, '第9句');
  await past(page).waitFor();
  await sendText(page, '我说一句');
  await assertInView(page, '我说一句');
  await past(page).waitFor({ state: 'hidden' });
}

async function pagesBothWays({ page, proxy }: Room): Promise<void> {
  await goTo(page, '第200句');
  proxy.hold();
  await log(page).hover();
  await page.mouse.wheel(0, -1200);
  await page.getByText('正在取更早的消息').waitFor();
  const row = log(page).getByText('第170句', { exact: true });
  const before = await row.boundingBox();
  proxy.release();
  await log(page).getByText('第120句', { exact: true }).waitFor({ state: 'attached' });
  const after = await row.boundingBox();
  assert.ok(before !== null && after !== null);
  assert.ok(Math.abs(after.y - before.y) < 2, `${before.y} -> ${after.y}`);

  await log(page).focus();
  for (let tries = 0; tries < 400 && (await past(page).isVisible()); tries += 1) {
    await page.keyboard.press('PageDown');
    await assertContiguous(page);
  }
  await page.keyboard.press('End');
  await assertInView(page, '第399句');
  await page.keyboard.press('Home');
  await assertContiguous(page);
}

/** 搜到它, 点它, 到了那里 */
async function goTo(page: Page, text: string): Promise<void> {
  await search(page, text);
  await results(page).filter({ hasText: text }).first().getByRole('button').click();
  await assertInView(page, text);
}

async function assertContiguous(page: Page): Promise<void> {
  const numbers = ((await log(page).innerText()).match(/第\d+句/g) ?? []).map((text) =>
    Number(text.slice(1, -1)),
  );
  assert.ok(numbers.length > 0);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => (numbers[0] ?? 0) + index),
  );
}
