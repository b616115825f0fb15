// 输入区: 不必先点它也能粘贴与打字, 提示语随宽窄而变
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, waitForText } from './chat-page.js';

// 真的剪贴板里放不进文件; 事件从焦点所在处冒泡, 与真的粘贴一样
function pasteFile(page: Page, name: string): Promise<boolean> {
  return page.evaluate((fileName) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(['内容'], fileName, { type: 'text/plain' }));
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    return !(document.activeElement ?? document.body).dispatchEvent(event);
  }, name);
}

describe('网页: 输入区', () => {
  it('焦点不在输入框也能粘贴文件; 在搜索框里的归搜索框', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await page.getByRole('searchbox', { name: '搜索用户' }).focus();
    assert.equal(await pasteFile(page, '不发.txt'), false);
    await log(page).focus();
    assert.equal(await pasteFile(page, '在记录里.txt'), true);
    await waitForText(page, '在记录里.txt');
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    assert.equal(await pasteFile(page, '没有焦点.txt'), true);
    await waitForText(page, '没有焦点.txt');
    await partsOf(page).message.focus();
    assert.equal(await pasteFile(page, '在输入框.txt'), true);
    await waitForText(page, '在输入框.txt');
    assert.equal(await log(page).getByText('不发.txt').count(), 0);
  });

  it('看着记录时打字进输入框, 一个字也不丢; 翻页键与快捷键不抢', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    const isFocused = (): Promise<boolean> => message.evaluate((field) => field === document.activeElement);
    await log(page).focus();
    for (const key of ['PageUp', ' ', 'Control+c', 'Shift', 'Escape']) await page.keyboard.press(key);
    assert.equal(await isFocused(), false);
    await page.keyboard.type('hi');
    assert.equal(await message.inputValue(), 'hi');
    assert.equal(await isFocused(), true);
    await partsOf(page).sendFiles.focus();
    await page.keyboard.press('x');
    assert.equal(await message.inputValue(), 'hi', '按钮上的按键不算打字');
  });

  it('窗口变窄之后, 提示语换成短的', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    const saying = (text: string): Promise<unknown> =>
      page.waitForFunction((wanted) => document.querySelector('textarea')?.placeholder === wanted, text);
    await saying('输入消息, Shift+Enter 换行');
    await page.setViewportSize({ width: 320, height: 640 });
    await saying('输入消息');
    await page.setViewportSize({ width: 1280, height: 800 });
    await saying('输入消息, Shift+Enter 换行');
    await message.waitFor();
  });

  it('只有零宽字符的话不发', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    const { message } = await enter(page, '张三');
    await message.fill('\u200b');
    await message.press('Enter');
    await message.fill('看得见');
    await message.press('Enter');
    assert.equal((await other.next('text'))['message'], '看得见');
  });
});
