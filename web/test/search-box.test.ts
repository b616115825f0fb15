// 搜索框: 快捷键, 输入法, 关上再打开, 停顿, 迟到的应答, 断线之后自己再搜; 三段接着用同一个页面
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';

function box(page: Page): Locator {
  return page.getByRole('searchbox', { name: '搜索消息与文件名' });
}

function results(page: Page): Locator {
  return page.getByRole('list', { name: '搜索结果' }).getByRole('listitem');
}

interface Opened {
  readonly page: Page;
  readonly proxy: CutProxy;
  /** 页面发出的搜索 */
  readonly asked: string[];
}

async function open(t: TestContext, texts: readonly string[]): Promise<Opened> {
  const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const other = await Client.join(t, ws, '李四');
  for (const message of texts) other.send({ type: 'text', name: '李四', message });
  await other.settle();
  const proxy = await CutProxy.start(t, port);
  const page = await openPage(t, await launch(t), 'about:blank', { allow: NETWORK_DOWN });
  const asked: string[] = [];
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const message = JSON.parse(String(payload)) as Record<string, unknown>;
      if (message['type'] === 'search') asked.push(String(message['query']));
    }),
  );
  await page.goto(proxy.http);
  await enter(page, '张三');
  return { page, proxy, asked };
}

it('网页: 搜索框', async (t) => {
  const opened = await open(t, ['苹果一', '苹果二', '香蕉']);

  await t.test(
    '/ 与 Ctrl+K 打开, Esc 关上; 正在打字时 / 就是一个字; 上下键在结果里走; 输入法选字时不搜',
    async () => {
      const { page, asked } = opened;
      const { message, log } = partsOf(page);
      await message.fill('');
      await message.pressSequentially('1/2');
      assert.equal(await message.inputValue(), '1/2');
      await log.focus();
      await page.keyboard.press('/');
      await page.waitForFunction(
        (element) => element === document.activeElement,
        await box(page).elementHandle(),
      );
      assert.equal(await box(page).inputValue(), '');
      await page.keyboard.press('Escape');
      await box(page).waitFor({ state: 'hidden' });
      await page.keyboard.press('Control+k');
      await page.keyboard.type('苹果');
      await results(page).nth(1).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      const second = results(page).nth(1).getByRole('button');
      await page.waitForFunction(
        (element) => element === document.activeElement,
        await second.elementHandle(),
      );
      await page.keyboard.press('Enter');
      await page.waitForFunction((element) => element?.ariaCurrent === 'true', await second.elementHandle());

      await page.keyboard.press('Control+k');
      asked.length = 0;
      const session = await page.context().newCDPSession(page);
      await session.send('Input.imeSetComposition', {
        text: 'xiangjiao',
        selectionStart: 9,
        selectionEnd: 9,
      });
      const enterKey = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
      await session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...enterKey });
      await session.send('Input.insertText', { text: '香蕉' });
      await results(page).getByText('香蕉').waitFor();
      assert.deepEqual(asked, ['香蕉']);
    },
  );

  await t.test('Esc 关上再打开, 词与结果都还在, 不必再问; 词是选中的; 窄屏也一样', async () => {
    const { page, asked } = opened;
    asked.length = 0;
    await assertKept(page, '香蕉');
    await page.setViewportSize({ width: 360, height: 640 });
    await assertKept(page, '香蕉');
    await page.setViewportSize({ width: 1280, height: 800 });
    assert.deepEqual(asked, []);
  });

  await t.test(
    '连着打字只搜停下来的那个词; 迟到的应答不会盖掉新的; 断线时说明, 连上之后自己再搜',
    async () => {
      const { page, proxy, asked } = opened;
      asked.length = 0;
      await page.keyboard.press('Control+k');
      proxy.hold();
      await box(page).fill('苹果一');
      await box(page).press('Enter');
      await box(page).fill('香蕉');
      await box(page).press('Enter');
      await page.getByText('正在搜索').waitFor();
      proxy.release();
      await results(page).getByText('香蕉').waitFor();
      assert.equal(await results(page).count(), 1);
      assert.deepEqual(asked, ['苹果一', '香蕉']);
      // 一个字一个字打: 不是一个字一问
      await box(page).fill('');
      await box(page).pressSequentially('苹果一');
      await results(page).getByText('苹果一').waitFor();
      assert.deepEqual(asked, ['苹果一', '香蕉', '苹果一']);

      proxy.hold();
      proxy.cut();
      await page.getByRole('status').filter({ hasText: '重连' }).waitFor({ state: 'attached' });
      await box(page).fill('香');
      await box(page).press('Enter');
      await page.getByText('现在没有连上').waitFor();
      proxy.release();
      await results(page).getByText('香蕉').waitFor();
    },
  );
});

/** 关上再打开: 词还在, 是选中的, 下面的结果也是它的 */
async function assertKept(page: Page, query: string): Promise<void> {
  await page.keyboard.press('Escape');
  await box(page).waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+k');
  await results(page).getByText(query).waitFor();
  assert.equal(await box(page).inputValue(), query);
  assert.equal(await page.evaluate(() => getSelection()?.toString()), query);
  assert.equal(await results(page).count(), 1);
}
