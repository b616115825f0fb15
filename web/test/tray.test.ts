// 传输列表: 键盘的焦点不丢, 失败的可以一并清除, 很矮的窗口里让出聊天记录
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage, type PageOptions } from './browser.js';
import { type ChatParts, enter } from './chat-page.js';

/** 每个名字一个空的程序: 类型不许, 一个字节不传就失败, 行一直在 */
async function failed(t: TestContext, { fileInput }: ChatParts, names: readonly string[]) {
  const folder = await temporaryFolder(t);
  const files = names.map((name) => path.join(folder, name));
  await Promise.all(files.map((file) => writeFile(file, 'MZ')));
  await fileInput.setInputFiles(files);
  // 收起的列表不在无障碍树里, 所以不按角色找
  const page = fileInput.page();
  for (const name of names) {
    await page
      .locator('li', { hasText: name })
      .getByText(/不允许/)
      .waitFor({ state: 'attached' });
  }
}

async function open(t: TestContext, options: PageOptions = {}): Promise<{ page: Page; parts: ChatParts }> {
  const { http } = await serve(t);
  const page = await openPage(t, await launch(t), http, options);
  return { page, parts: await enter(page, '张三') };
}

/** 等 target 得到焦点; 等不到即失败 */
async function focusedOn(page: Page, target: Locator): Promise<void> {
  await page.waitForFunction((element) => element === document.activeElement, await target.elementHandle());
}

function remove(parts: ChatParts, name: string): Locator {
  return parts.transfers.getByRole('button', { name: `移除 ${name}` });
}

describe('网页: 传输列表', () => {
  it('用键盘一行一行移除: 焦点到下一行, 没有就到上一行, 最后到输入框', async (t) => {
    const { page, parts } = await open(t);
    await failed(t, parts, ['甲.exe', '乙.exe', '丙.exe']);
    await remove(parts, '乙.exe').press('Enter');
    await focusedOn(page, remove(parts, '丙.exe'));
    await page.keyboard.press('Enter');
    await focusedOn(page, remove(parts, '甲.exe'));
    await page.keyboard.press('Enter');
    await focusedOn(page, parts.message);
  });

  it('清除失败: 一次清掉全部失败的, 焦点到输入框; 只有一项失败时没有这个按钮', async (t) => {
    const { page, parts } = await open(t);
    await failed(t, parts, ['甲.exe']);
    const clear = page.getByRole('button', { name: '清除失败' });
    assert.equal(await clear.isVisible(), false);
    await failed(t, parts, ['乙.exe', '丙.exe']);
    await clear.press('Enter');
    await focusedOn(page, parts.message);
    assert.equal(await parts.transfers.getByRole('listitem').count(), 0);
  });

  it('收起之后清除: 焦点到展开按钮', async (t) => {
    const { page, parts } = await open(t);
    const folder = await temporaryFolder(t);
    const small = path.join(folder, '好的.txt');
    await writeFile(small, '好的');
    await failed(t, parts, ['甲.exe', '乙.exe']);
    await parts.fileInput.setInputFiles(small);
    const clear = page.getByRole('button', { name: '清除已完成' });
    await clear.waitFor();
    await page.getByRole('button', { name: '收起传输列表' }).click();
    await clear.press('Enter');
    await focusedOn(page, page.getByRole('button', { name: '展开传输列表' }));
  });

  it('很矮的窗口 (400 % 缩放): 列表先收成一行, 点开与收起听用户的', async (t) => {
    const { page, parts } = await open(t, { viewport: { width: 320, height: 256 } });
    await failed(t, parts, ['甲.exe']);
    const expand = page.getByRole('button', { name: '展开传输列表' });
    await expand.waitFor();
    assert.equal(await parts.transfers.isVisible(), false);
    const box = await parts.log.boundingBox();
    assert.ok(box !== null && box.height >= 56, `记录只剩 ${box?.height} 像素`);
    await expand.click();
    await parts.transfers.waitFor();
    await page.getByRole('button', { name: '收起传输列表' }).click();
    // 窗口变高: 只有一项, 标题行消失, 列表展开
    await page.setViewportSize({ width: 800, height: 700 });
    await parts.transfers.waitFor();
    assert.equal(await expand.isVisible(), false);
  });
});
