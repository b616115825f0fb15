// 换语言: 界面整个重建, 读者看着的, 搜着的, 收起的都原样回来
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, waitForText } from './chat-page.js';

async function toEnglish(page: Page): Promise<void> {
  await page.getByRole('button', { name: '设置' }).click();
  await page.getByRole('radio', { name: 'English' }).check();
  await partsOf(page, 'en-US').message.waitFor();
}

async function toChinese(page: Page): Promise<void> {
  // 菜单在换语言之后接着打开
  await page.getByRole('radio', { name: '中文' }).check();
  await partsOf(page).message.waitFor();
}

/** 一句话的上边在视口里的位置 */
async function topOf(page: Page, text: string): Promise<number> {
  const box = await page.getByRole('log').getByText(text, { exact: true }).boundingBox();
  assert.ok(box !== null, text);
  return box.y;
}

describe('网页: 换语言', () => {
  it('停在旧消息时, 眼前的那一句不动; 跟着底部时仍在底部', async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    for (let index = 0; index < 200; index++)
      other.send({ type: 'text', name: '李四', message: `第${index}句` });
    await waitForText(page, '第199句');
    await log(page).hover();
    // 翻过窗口的一截 (60 条), 回来时不能只画末尾
    for (let tries = 0; tries < 40 && !(await isShown(page, '第100句')); tries++)
      await page.mouse.wheel(0, -600);
    await settled(page);
    const before = await topOf(page, '第100句');
    await toEnglish(page);
    await settled(page);
    assert.ok(Math.abs((await topOf(page, '第100句')) - before) <= 1, '换成英文');
    await toChinese(page);
    await settled(page);
    assert.ok(Math.abs((await topOf(page, '第100句')) - before) <= 1, '换回中文');
    other.send({ type: 'text', name: '李四', message: '新的一句' });
    await page.getByRole('button', { name: '1 条新消息' }).waitFor();
    assert.ok(Math.abs((await topOf(page, '第100句')) - before) <= 1, '仍不被新消息拉走');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '1 条新消息' }).click();
    await waitForText(page, '新的一句');
    await toEnglish(page);
    await settled(page);
    const below = await page
      .getByRole('log')
      .evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    assert.ok(below <= 1, '在底部');
  });

  it('搜着的用户名还在, 名单仍是搜过的', async (t) => {
    const { http, ws } = await serve(t);
    await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await page.getByRole('searchbox', { name: '搜索用户' }).fill('李');
    await toEnglish(page);
    const { online } = partsOf(page, 'en-US');
    await online.getByText('李四').waitFor();
    assert.equal(await online.getByRole('listitem').count(), 1);
    assert.equal(await page.getByRole('searchbox', { name: 'Search people' }).inputValue(), '李');
  });

  it('文件面板的搜索与分类还在', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    for (const originalName of ['甲.txt', '乙.txt', '甲.bin'])
      other.send({ type: 'file', name: '李四', originalName, filedata: 'aGk=' });
    const panel = page.getByRole('complementary', { name: '分享的文件' });
    await panel.getByText('甲.bin').waitFor();
    await panel.getByRole('searchbox').fill('甲');
    await panel.getByRole('button', { name: '文档' }).click();
    await panel.getByText('甲.bin').waitFor({ state: 'detached' });
    await toEnglish(page);
    const { files } = partsOf(page, 'en-US');
    await files.getByText('甲.txt').waitFor();
    assert.equal(await files.getByRole('listitem').count(), 1);
    const english = page.getByRole('complementary', { name: 'Shared files' });
    assert.equal(await english.getByRole('searchbox').inputValue(), '甲');
    await english.getByRole('button', { name: 'Documents', pressed: true }).waitFor();
  });

  it('收起的传输列表仍是收起的, 展开之后仍是展开的', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { fileInput } = await enter(page, '张三');
    // 不许的类型一个字节不传就失败, 行一直在
    const files = ['甲.exe', '乙.exe'].map((name) => ({ name, mimeType: '', buffer: Buffer.from('MZ') }));
    await fileInput.setInputFiles(files);
    const { transfers } = partsOf(page);
    await transfers.getByText('失败').first().waitFor();
    await page.getByRole('button', { name: '收起传输列表' }).click();
    await transfers.waitFor({ state: 'hidden' });
    await toEnglish(page);
    await settled(page);
    const english = partsOf(page, 'en-US').transfers;
    assert.equal(await english.isVisible(), false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Expand transfers' }).click();
    await english.waitFor();
  });
});

async function isShown(page: Page, text: string): Promise<boolean> {
  const found = page.getByRole('log').getByText(text, { exact: true });
  if ((await found.count()) === 0) return false;
  const { y = 0 } = (await found.boundingBox()) ?? {};
  return y > 100 && y < 500;
}

// 画完几帧: 第一帧画行, 下一帧移窗口, 再下一帧量高度
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frames = 0; frames < 4; frames++) await new Promise((done) => requestAnimationFrame(done));
  });
}
