// 举止: 无障碍, 窄屏, 主题, 脚本的大小
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { violations } from './accessibility.js';
import { launch, openPage, type PageOptions } from './browser.js';
import { enter, partsOf, waitForText } from './chat-page.js';

// 页面自己的脚本 (Worker 与校验代码另算) 压缩后的上限, 字节
const MAX_SCRIPT_BYTES = 60 * 1024;

async function busyRoom(t: TestContext, options: PageOptions): Promise<Page> {
  const { http, ws } = await serve(t);
  const other = await Client.join(t, ws, '李四');
  const page = await openPage(t, await launch(t), http, options);
  await enter(page, '张三');
  other.send({
    type: 'text',
    name: '李四',
    message: '看 https://example.com 与 `代码`\n```\nlet x = 1;\n```',
  });
  other.send({
    type: 'file',
    name: '李四',
    originalName: '一个名字很长很长很长很长很长很长的文件.txt',
    filedata: 'aGk=',
  });
  await partsOf(page).fileInput.setInputFiles({ name: '坏.exe', mimeType: '', buffer: Buffer.from('MZ') });
  await waitForText(page, '代码');
  await partsOf(page).transfers.getByText('失败').waitFor();
  return page;
}

describe('网页: 举止', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`无障碍 (${colorScheme}): 登录页, 聊天, 设置, 手机的抽屉, 都没有严重的问题`, async (t) => {
      const { http } = await serve(t);
      const login = await openPage(t, await launch(t), http, { colorScheme });
      assert.deepEqual(await violations(login), [], '登录页');
      const wide = await busyRoom(t, { colorScheme, viewport: { width: 1366, height: 768 } });
      assert.deepEqual(await violations(wide), [], '聊天');
      await wide.getByRole('button', { name: '设置' }).click();
      assert.deepEqual(await violations(wide), [], '设置');
      const phone = await busyRoom(t, { colorScheme, mobile: true });
      await phone.getByRole('button', { name: '打开文件面板' }).click();
      assert.deepEqual(await violations(phone), [], '文件抽屉');
    });
  }

  it('从 320 像素到宽屏, 都没有横向滚动', async (t) => {
    const page = await busyRoom(t, { viewport: { width: 320, height: 640 } });
    for (const width of [320, 390, 600, 760, 1024, 1100, 1920]) {
      await page.setViewportSize({ width, height: 700 });
      const overflow = await page.evaluate(() => {
        const wide = [...document.querySelectorAll('body *')].filter(
          // 代码块自己可以横向滚动
          (element) =>
            element.closest('pre') === null && element.getBoundingClientRect().right > innerWidth + 1,
        );
        const shown = wide.filter((element) => element.checkVisibility({ opacityProperty: true }));
        return shown.filter((element) => !element.closest('.sr-only')).map((element) => element.className);
      });
      assert.deepEqual(overflow, [], `${width} 像素`);
    }
  });

  it('1920 像素: 消息, 传输列表, 输入区在同一栏里', async (t) => {
    const page = await busyRoom(t, { viewport: { width: 1920, height: 1080 } });
    const edges = await page.evaluate(() => {
      const inside = (selector: string): number[] => {
        const element = document.querySelector(selector);
        if (element === null) return [];
        const { left, right } = element.getBoundingClientRect();
        const { paddingLeft, paddingRight } = getComputedStyle(element);
        return [left + Number.parseFloat(paddingLeft), right - Number.parseFloat(paddingRight)];
      };
      return [inside('.log-list'), inside('.tray'), inside('.composer')];
    });
    const [list] = edges;
    assert.equal((list?.[1] ?? 0) - (list?.[0] ?? 0), 960);
    for (const one of edges)
      for (const side of [0, 1])
        assert.ok(Math.abs((one[side] ?? 0) - (list?.[side] ?? 0)) <= 1, JSON.stringify(edges));
  });

  it('强制颜色: 气泡有边框', async (t) => {
    const page = await busyRoom(t, {});
    const borderOf = (): Promise<string> =>
      page
        .getByRole('log')
        .getByText('看 ')
        .first()
        .evaluate((text) => getComputedStyle(text.closest('.log-bubble') as Element).borderTopWidth);
    assert.equal(await borderOf(), '0px');
    await page.emulateMedia({ forcedColors: 'active' });
    assert.equal(await borderOf(), '1px');
  });

  it('手机上两侧是抽屉: 打开, Esc 关上, 焦点回到按钮', async (t) => {
    const page = await busyRoom(t, { mobile: true });
    const { online } = partsOf(page);
    assert.equal(await online.isVisible(), false);
    const button = page.getByRole('button', { name: '打开在线用户' });
    await button.click();
    await online.getByText('李四').waitFor();
    await page.keyboard.press('Escape');
    await online.waitFor({ state: 'hidden' });
    assert.ok(await button.evaluate((element) => element === document.activeElement));
  });

  it('手机上后退先关上抽屉, 不离开本页; 用 Esc 关上的不留历史记录', async (t) => {
    const page = await busyRoom(t, { mobile: true });
    const { online } = partsOf(page);
    const url = page.url();
    const depth = (): Promise<unknown> => page.evaluate(() => history.state);
    await page.getByRole('button', { name: '打开在线用户' }).click();
    await online.getByText('李四').waitFor();
    await page.evaluate(() => history.back());
    await online.waitFor({ state: 'hidden' });
    assert.equal(page.url(), url);
    await page.getByRole('button', { name: '打开在线用户' }).click();
    await online.getByText('李四').waitFor();
    await page.keyboard.press('Escape');
    await online.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => history.state === null);
    // 自己收回的那一条不算用户的后退: 再打开的抽屉不被它关上
    await page.getByRole('button', { name: '打开文件面板' }).click();
    await partsOf(page).files.waitFor();
    assert.deepEqual(await depth(), { layer: 1 });
    assert.ok(await partsOf(page).files.isVisible());
  });

  it('主题: 跟随系统, 选定之后记住', async (t) => {
    const page = await busyRoom(t, { colorScheme: 'dark' });
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
    assert.equal(await theme(), 'dark');
    await page.getByRole('button', { name: '设置' }).click();
    await page.getByRole('radio', { name: '浅色' }).check();
    assert.equal(await theme(), 'light');
    await page.reload();
    await partsOf(page).message.waitFor();
    assert.equal(await theme(), 'light');
  });

  it('只用键盘也能聊天: 从登录到发送到设置', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http);
    await partsOf(page).userName.waitFor();
    await page.keyboard.type('张三');
    await page.keyboard.press('Enter');
    await partsOf(page).message.waitFor();
    await page.keyboard.type('键盘说的');
    await page.keyboard.press('Enter');
    assert.equal((await other.next('text'))['message'], '键盘说的');
  });

  it(`脚本压缩后不超过 ${MAX_SCRIPT_BYTES / 1024} KB; 页面不从别处取任何东西`, async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.reload();
    await partsOf(page).userName.waitFor();
    assert.ok(requests.length >= 3);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(http)),
      [],
    );
    const scripts = requests.filter((url) => url.endsWith('.js'));
    const sizes = await Promise.all(
      scripts.map(async (url) => gzipSync(new Uint8Array(await (await fetch(url)).arrayBuffer())).length),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total <= MAX_SCRIPT_BYTES, `${total} 字节`);
  });
});
