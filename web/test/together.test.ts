// 网页与桌面客户端同处一室: 文字, 图片, 大小文件两头走; 服务器重启之后两边都自己回来
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { atEnd, type Running, serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage, type PageOptions } from './browser.js';
import { enter, log, partsOf, sendText, waitForText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { DesktopClient, type ShownPicture } from './desktop-client.js';
import { sha256OfDownload, writeRandomFile } from './random-file.js';
import { restartable } from './restartable.js';

const MIB = 1024 * 1024;
// npm test 给出; 没有它而又没有说要跳过, 就是环境没有准备好
const PYTHON = process.env['SLUICE_TEST_PYTHON'];
const SKIP = process.env['SLUICE_SKIP_PYTHON'] ? '跳过需要 Python 的测试 (SLUICE_SKIP_PYTHON)' : false;

interface Together {
  /** 张三 */
  readonly page: Page;
  /** 李四 */
  readonly desktop: DesktopClient;
  readonly folder: string;
}

/** 张三在网页里, 李四在窗口里, 都已加入 */
async function together(t: TestContext, { http }: Running, options: PageOptions = {}): Promise<Together> {
  const page = await openPage(t, await launch(t), http, options);
  const [desktop] = await Promise.all([openDesktop(t, http), enter(page, '张三')]);
  await desktop.waitForStatus('已连接');
  return { page, desktop, folder: await temporaryFolder(t) };
}

/** 李四的窗口; 测试结束时还开着就 kill -9 */
async function openDesktop(t: TestContext, url: string): Promise<DesktopClient> {
  assert.ok(PYTHON, '没有 SLUICE_TEST_PYTHON: 请用 npm test -- together 运行, 或自己设成虚拟环境里的 python');
  const folder = await temporaryFolder(t);
  const desktop = await DesktopClient.start({ python: PYTHON, url, name: '李四', folder });
  atEnd(t, () => desktop.kill());
  return desktop;
}

function isOnline(page: Page, name: string): Promise<void> {
  return partsOf(page).online.getByText(name, { exact: true }).waitFor();
}

/** 一色的 PNG; 返回它的路径 */
async function picture(folder: string, name: string, background: string): Promise<string> {
  const file = path.join(folder, name);
  await sharp({ create: { width: 800, height: 500, channels: 3, background } })
    .png()
    .toFile(file);
  return file;
}

async function sha256OfFile(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** 缩略图是有损的: 各个颜色差几级看不出来 */
function assertColor(shown: ShownPicture | undefined, expected: string): void {
  const levels = (color: string): number[] =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  const wanted = levels(expected);
  const same = levels(shown?.color ?? '').every((level, index) => Math.abs(level - wanted[index]!) <= 8);
  assert.ok(same, `应是 ${expected}, 屏幕上是 ${shown?.color}`);
}

/** 网页的记录里这个文件, 照着下载链接取来的内容的 SHA-256 */
async function sha256OnPage(page: Page, name: string): Promise<string> {
  const link = log(page).getByRole('link', { name: `下载 ${name}` });
  await link.waitFor();
  return sha256OfDownload(await link.evaluate((element: HTMLAnchorElement) => element.href));
}

describe('网页与桌面客户端', { skip: SKIP }, () => {
  it('两边的名单都有两个人; 文字两头走, 表情与网址原样; 窗口关了, 网页的名单里就没有他', async (t) => {
    const server = await serve(t);
    const { page, desktop } = await together(t, server);
    await isOnline(page, '李四');
    await isOnline(page, '张三');
    await desktop.waitForPeople('张三', '李四');

    await sendText(page, '窗口里看得见吗 👩‍🚀 🎉 https://example.com/网页?a=1&b=2');
    await desktop.waitForLog('张三', '窗口里看得见吗 👩‍🚀 🎉 https://example.com/网页?a=1&b=2');
    assert.equal(await desktop.say('看得见 🀄 https://example.com/窗口#末尾'), '', '发出之后输入框是空的');
    await waitForText(page, '看得见 🀄');
    const link = log(page).getByRole('link', { name: 'https://example.com/窗口#末尾' });
    assert.equal(new URL((await link.getAttribute('href')) ?? '').hash, '#%E6%9C%AB%E5%B0%BE');
    assert.equal((await desktop.waitForLog('看得见 🀄')).split('看得见 🀄').length, 2, '自己的话只有一次');

    await desktop.close();
    await waitForText(page, /李四.*离开/);
    await partsOf(page).online.getByText('李四', { exact: true }).waitFor({ state: 'detached' });
  });

  it('图片两头走: 网页里是缩略图, 窗口里是屏幕上看得见的预览; 双击列表打开的就是那张图', async (t) => {
    const server = await serve(t);
    const { page, desktop, folder } = await together(t, server);
    await partsOf(page).fileInput.setInputFiles(await picture(folder, '网页的海.png', '#1e90ff'));
    const [sea] = await desktop.waitForPictures(1);
    assertColor(sea, '#1e90ff');
    // 多大随屏幕的 DPI, 比例不变
    assert.ok(
      sea && sea.width >= 200 && Math.abs(sea.width / sea.height - 800 / 500) < 0.01,
      JSON.stringify(sea),
    );
    const url = await desktop.openFirstFile();
    assert.equal(await sha256OfDownload(url), await sha256OfFile(path.join(folder, '网页的海.png')));

    await desktop.sendFiles(await picture(folder, '窗口的山.png', '#2e8b57'));
    const thumb = log(page).getByRole('img', { name: '窗口的山.png' });
    await thumb.evaluate((image: HTMLImageElement) => image.decode());
    assert.ok(await thumb.isVisible());
    assert.ok((await thumb.evaluate((image: HTMLImageElement) => image.naturalWidth)) > 100);
    assertColor((await desktop.waitForPictures(2))[1], '#2e8b57');
    assert.deepEqual(await desktop.waitForFile('窗口的山.png'), ['窗口的山.png', '网页的海.png']);
    await desktop.close();
  });

  it('小文件 (单帧) 与大文件 (分片) 两头走, SHA-256 都相同', async (t) => {
    const server = await serve(t);
    const { page, desktop, folder } = await together(t, server);
    const inFolder = (name: string): string => path.join(folder, name);
    await writeFile(inFolder('网页的便条.txt'), '网页写的\n');
    await writeFile(inFolder('窗口的便条.txt'), '窗口写的\n');
    const fromPage = await writeRandomFile(inFolder('网页的数据.bin'), 3 * MIB, 'page');
    const fromDesktop = await writeRandomFile(inFolder('窗口的数据.bin'), 3 * MIB + 1, 'desktop');

    const files = ['网页的便条.txt', '网页的数据.bin'].map(inFolder);
    await partsOf(page).fileInput.setInputFiles(files);
    for (const name of ['网页的便条.txt', '网页的数据.bin']) {
      await desktop.waitForFile(name);
      await desktop.save(name, inFolder(`收到的${name}`));
    }
    assert.equal(await readFile(inFolder('收到的网页的便条.txt'), 'utf8'), '网页写的\n');
    assert.equal(await sha256OfFile(inFolder('收到的网页的数据.bin')), fromPage);

    await desktop.sendFiles(inFolder('窗口的便条.txt'), inFolder('窗口的数据.bin'));
    assert.equal(await sha256OnPage(page, '窗口的便条.txt'), await sha256OfFile(inFolder('窗口的便条.txt')));
    assert.equal(await sha256OnPage(page, '窗口的数据.bin'), fromDesktop);
    const [sent] = await desktop.waitForTransfers('窗口的数据.bin', 'done');
    assert.equal(sent?.sha256, fromDesktop, '窗口自己算的也相同');
    await desktop.close();
  });

  it('服务器 kill -9 再启动: 两边自己回来, 断线时写的也送到', async (t) => {
    const server = await restartable(t);
    const { page, desktop } = await together(t, server, { allow: NETWORK_DOWN });
    await sendText(page, '重启之前');
    await desktop.waitForLog('重启之前');
    await server.kill();
    await page.getByRole('status').filter({ hasText: '重连' }).waitFor();
    await desktop.say('断线时窗口写的');
    await sendText(page, '断线时网页写的');
    await server.restart();
    await waitForText(page, '断线时窗口写的');
    await desktop.waitForLog('断线时窗口写的', '断线时网页写的');
    await desktop.waitForPeople('张三', '李四');
    await isOnline(page, '李四');
    await desktop.close();
  });

  it('支架: 等不到时说出窗口里有什么, 窗口的进程死了立即失败', async (t) => {
    const { http } = await serve(t);
    const desktop = await openDesktop(t, http);
    await desktop.waitForStatus('已连接');
    await assert.rejects(
      desktop.waitForTransfers('没有的.bin', 'done', 100),
      /没有等到.*没有的.bin.*已连接/s,
    );
    await assert.rejects(desktop.save('没有的.bin', '/'), /desktop_hands/, '做不成的动作说明在哪一行');
    const waiting = assert.rejects(desktop.waitForFile('没有的.bin'), /退出了 \(SIGKILL\)/);
    await desktop.kill();
    await waiting;
  });
});
