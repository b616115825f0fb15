// 服务器清理改了文件名: 发送者的传输列表换成最后的名字, 并说原来是什么
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage, type PageOptions } from './browser.js';
import { enter, partsOf, waitForText } from './chat-page.js';
import { writeRandomFile } from './random-file.js';

// 大于单帧的上限 (256 KiB): 走分片
const LARGE = 300 * 1024;

interface Opened {
  readonly page: Page;
  readonly folder: string;
}

async function open(t: TestContext, options: PageOptions = {}): Promise<Opened> {
  const { http } = await serve(t);
  const page = await openPage(t, await launch(t), http, options);
  await enter(page, '张三', options.locale);
  return { page, folder: await temporaryFolder(t) };
}

function row(page: Page, name: string, options: PageOptions = {}): Locator {
  return partsOf(page, options.locale).transfers.getByRole('listitem').filter({ hasText: name });
}

async function send({ page, folder }: Opened, name: string, size: number): Promise<void> {
  const file = path.join(folder, name);
  // 内容都一样: 第二次发大的就是秒传
  if (size <= 1024) await writeFile(file, '你好');
  else await writeRandomFile(file, size, 'renamed');
  await page.locator('input[type=file]').setInputFiles(file);
}

describe('网页: 改了名的文件', () => {
  it('单帧, 分片, 秒传: 行里是最后的名字, 并说原名; 没有改的不说', async (t) => {
    const opened = await open(t);
    const { page } = opened;
    const cases: readonly (readonly [string, string, number, string])[] = [
      ['小的 "终".txt', '小的 _终_.txt', 100, '已完成'],
      ['大的\\斜.bin', '大的_斜.bin', LARGE, '已完成'],
      ['又一份?.bin', '又一份_.bin', LARGE, '秒传完成'],
    ];
    for (const [raw, name, size, state] of cases) {
      await send(opened, raw, size);
      const item = row(page, name);
      await item.getByText(state).waitFor();
      assert.equal(await item.locator('.file-name').innerText().then(joined), name);
      await item.getByText(`文件名已改为此名, 原名 ${raw}`).waitFor();
      await waitForText(page, name);
      // 按钮的名称也跟着换; 单帧的在聊天里才有链接
      if (state === '秒传完成') continue;
      if (size === LARGE) await item.getByRole('button', { name: `复制链接 ${name}` }).waitFor();
    }
    await send(opened, '.gitignore', 100);
    const plain = row(page, '.gitignore');
    await plain.getByText('已完成').waitFor();
    assert.equal(await plain.getByText(/文件名已改/).count(), 0);
  });

  it('英文界面也说', async (t) => {
    const options = { locale: 'en-US' } as const;
    const opened = await open(t, options);
    await send(opened, 'a:b.txt', 100);
    await row(opened.page, 'a_b.txt', options).getByText('Renamed to this; it was a:b.txt').waitFor();
  });
});

// 名字分成前段与后段两个元素
function joined(text: string): string {
  return text.replaceAll('\n', '');
}
