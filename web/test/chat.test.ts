// 聊天: 两个浏览器之间的文字, 输入法, 换行, 链接, 名单, 翻看
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CDPSession, Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, sendText, waitForText } from './chat-page.js';

async function key(session: CDPSession, name: string, code: number): Promise<void> {
  const event = { key: name, code: name, windowsVirtualKeyCode: code };
  await session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...event });
  await session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
}

/** 聊天记录里 text 的个数 */
function count(page: Page, text: string): Promise<number> {
  return log(page).getByText(text, { exact: true }).count();
}

describe('网页聊天', () => {
  it('两个浏览器互相看见, 说话, 离开', async (t) => {
    const { http } = await serve(t);
    const browser = await launch(t);
    const zhang = await openPage(t, browser, http);
    await enter(zhang, '张三');
    const li = await openPage(t, browser, http);
    const liParts = await enter(li, '李四');
    await partsOf(zhang).online.getByText('李四', { exact: true }).waitFor();
    await liParts.online.getByText('张三', { exact: true }).waitFor();

    await sendText(zhang, '你好, 李四');
    await waitForText(li, '你好, 李四');
    await sendText(li, '你好, 张三');
    await waitForText(zhang, '你好, 张三');
    assert.equal(await count(zhang, '你好, 李四'), 1, '自己的话只显示一次');

    await li.context().close();
    await waitForText(zhang, /李四.*离开/);
    await partsOf(zhang).online.getByText('李四', { exact: true }).waitFor({ state: 'detached' });
  });

  it('Enter 发送, Shift+Enter 换行, 只有空白不发', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    await message.fill('   ');
    await message.press('Enter');
    await message.fill('第一行');
    await message.press('Shift+Enter');
    await page.keyboard.type('第二行');
    await message.press('Enter');
    const sent = await other.next('text');
    assert.equal(sent['message'], '第一行\n第二行');
    assert.equal(await message.inputValue(), '');
  });

  it('输入法: 组字时的 Enter 只选字, 不发送', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    await message.focus();
    const session = await page.context().newCDPSession(page);
    await session.send('Input.imeSetComposition', { text: 'nihao', selectionStart: 5, selectionEnd: 5 });
    // 229: 按键正由输入法处理
    await key(session, 'Enter', 229);
    await key(session, 'Enter', 13);
    assert.equal(await message.inputValue(), 'nihao', '还在输入框里');
    await session.send('Input.insertText', { text: '你好' });
    assert.equal(await message.inputValue(), '你好');
    await message.press('Enter');
    const sent = await other.next('text');
    assert.equal(sent['message'], '你好');
    assert.equal(other.of('text').length, 1);
  });

  it('链接只认 http 与 https, 在新窗口打开; 代码与换行保持原样', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    const text =
      '看 https://example.com/a?b=1。 javascript:alert(1) file:///etc/passwd\n```\n  if (x) {\n    y();\n  }\n```';
    other.send({ type: 'text', name: '李四', message: text });
    await waitForText(page, '看');
    const links = log(page).getByRole('link');
    assert.equal(await links.count(), 1);
    assert.equal(await links.getAttribute('href'), 'https://example.com/a?b=1');
    assert.equal(await links.getAttribute('target'), '_blank');
    assert.match((await links.getAttribute('rel')) ?? '', /noopener/);
    assert.match(await log(page).locator('pre').innerText(), /^ {2}if \(x\) \{\n {4}y\(\);\n {2}\}/);
  });

  it('写了一半的话, 刷新之后还在', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    await message.fill('写了一半');
    await page.reload();
    await message.waitFor();
    assert.equal(await message.inputValue(), '写了一半');
  });

  it('翻看旧消息时不被新消息拉走, 点提示回到底部', async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    for (let index = 0; index < 100; index++)
      other.send({ type: 'text', name: '李四', message: `旧-${index}` });
    await waitForText(page, '旧-99');
    await log(page).hover();
    await page.mouse.wheel(0, -1500);
    await log(page).getByText('旧-70', { exact: true }).waitFor();
    const before = await log(page).evaluate((element) => element.scrollTop);
    for (let index = 0; index < 3; index++)
      other.send({ type: 'text', name: '李四', message: `新-${index}` });
    const pill = page.getByRole('button', { name: '3 条新消息' });
    await pill.waitFor();
    assert.equal(await log(page).evaluate((element) => element.scrollTop), before, '没有被拉走');
    await pill.click();
    await waitForText(page, '新-2');
    await pill.waitFor({ state: 'hidden' });
  });

  it('向上翻: 更早的从历史里取来, 次序不乱', async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const other = await Client.join(t, ws, '李四');
    for (let index = 0; index < 300; index++)
      other.send({ type: 'text', name: '李四', message: `第${index}句` });
    await other.settle();
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await waitForText(page, '第299句');
    await log(page).focus();
    // 每次翻到顶, 等更早的一页进来
    for (let tries = 0; tries < 200 && (await count(page, '第0句')) === 0; tries++)
      await page.keyboard.press('Home');
    assert.equal(await count(page, '第0句'), 1);
    const shown = (await log(page).innerText()).match(/第\d+句/g) ?? [];
    const numbers = shown.map((text) => Number(text.slice(1, -1)));
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    assert.equal(new Set(numbers).size, numbers.length, '没有重复');
  });

  it('一大批人同时进出: 名单与人数都对, 记录里折成一行', async (t) => {
    const { http, ws } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { online } = await enter(page, '张三');
    const crowd = await Promise.all(
      Array.from({ length: 40 }, (_, index) => Client.join(t, ws, `路人${index}`)),
    );
    await page.getByRole('heading', { name: /在线用户.*41/ }).waitFor();
    assert.equal(await online.getByRole('listitem').count(), 41);
    await log(page)
      .getByText(/40 人加入/)
      .waitFor();
    for (const client of crowd.slice(0, 30)) client.socket.close();
    await page.getByRole('heading', { name: /在线用户.*11/ }).waitFor();
    await page.getByRole('searchbox', { name: '搜索用户' }).fill('路人3');
    await online.getByText('张三').waitFor({ state: 'detached' });
    assert.equal(await online.getByRole('listitem').count(), 10);
    // 来了又走的只算离开
    await log(page)
      .getByText(/10 人加入.*30 人离开/)
      .waitFor();
  });

  it('一口气发很多条, 被限速: 慢慢都发出, 次序不乱', async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 20 } });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    const expected = Array.from({ length: 60 }, (_, index) => `第 ${index} 条`);
    for (const text of expected) {
      await message.fill(text);
      await message.press('Enter');
    }
    for (const text of expected) assert.equal((await other.next('text'))['message'], text);
  });

  it('在后台时标题上有未读条数, 回来就清零', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    // 无头的 Chromium 里标签页总是可见的, 只能改写它的说法
    const setHidden = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await setHidden(true);
    for (const message of ['一', '二']) other.send({ type: 'text', name: '李四', message });
    await page.waitForFunction(() => document.title === '(2) 水闸');
    await setHidden(false);
    assert.equal(await page.title(), '水闸');
    await log(page).getByText('以下是新消息').waitFor();
  });

  it('太长的话, 发送之前就说明', async (t) => {
    const { http, server: _ } = await serve(t, { chat: { textBytes: 32 } });
    const page = await openPage(t, await launch(t), http);
    const { message, send } = await enter(page, '张三');
    await message.fill('这句话超过了三十二个字节的上限');
    assert.ok(await send.isDisabled(), '超过上限时不能发');
  });
});
