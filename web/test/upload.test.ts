// 上传: 大文件在服务器被杀, 页面刷新, 断线之后都接着传, 内容一个字节不差
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve, storedFiles, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, waitForText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';
import { dropFiles } from './drop.js';
import { sha256OfDownload, writeRandomFile } from './random-file.js';
import { restartable } from './restartable.js';

const MIB = 1024 * 1024;

/** 传输列表里这个文件的一项 */
function row(page: Page, name: string): Locator {
  return partsOf(page).transfers.getByRole('listitem').filter({ hasText: name });
}

/** 聊天记录里这个文件的下载地址 */
async function downloadUrl(page: Page, name: string, http: string): Promise<string> {
  const link = log(page).getByRole('link', { name: `下载 ${name}` });
  await link.first().waitFor({ timeout: 120_000 });
  return new URL((await link.first().getAttribute('href')) ?? '', http).href;
}

describe('网页上传', () => {
  it('300 MB 拖进来, 传到一半 kill -9 再启动: 自己接着传, SHA-256 相同', { timeout: 240_000 }, async (t) => {
    const server = await restartable(t);
    const proxy = await CutProxy.start(t, server.port);
    const folder = await temporaryFolder(t);
    const file = path.join(folder, '三百兆 的电影.mkv');
    const sha256 = await writeRandomFile(file, 300 * MIB, 'kill');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '张三');
    const early = proxy.afterUpstream(90 * MIB);
    await dropFiles(page, [file]);
    await early;
    // 按住网线: 再快的机器也还没有传完
    proxy.hold();
    await server.kill();
    proxy.cut();
    proxy.release();
    await row(page, '三百兆').getByText('等待连接').waitFor();
    const later = proxy.afterUpstream(90 * MIB);
    await server.restart();
    await later;
    proxy.hold();
    await server.restart();
    proxy.cut();
    proxy.release();
    const url = await downloadUrl(page, '三百兆 的电影.mkv', server.http);
    assert.equal(await sha256OfDownload(url), sha256);
    assert.equal(
      await log(page)
        .getByRole('link', { name: /下载 三百兆/ })
        .count(),
      1,
      '只播出一次',
    );
  });

  it('刷新后选同一个文件接着传; 选错了会说, 不会传错', { timeout: 120_000 }, async (t) => {
    const { port, storage, http } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const folder = await temporaryFolder(t);
    const file = path.join(folder, '录像.mp4x');
    const sha256 = await writeRandomFile(file, 40 * MIB, 'reload');
    const wrong = path.join(folder, '另一个.mp4x');
    await writeRandomFile(wrong, 40 * MIB, 'wrong');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    const { fileInput } = await enter(page, '张三');
    const reached = proxy.afterUpstream(20 * MIB);
    await fileInput.setInputFiles(file);
    await reached;
    proxy.hold();
    page.on('dialog', (dialog) => void dialog.accept());
    const reloaded = page.reload();
    proxy.cut();
    proxy.release();
    await reloaded;

    const pending = row(page, '录像.mp4x');
    await pending.getByText('请再次选择').first().waitFor();
    await choose(page, pending, wrong);
    await pending.getByText('同一个').first().waitFor();
    const before = proxy.upstreamBytes;
    await choose(page, pending, file);
    const url = await downloadUrl(page, '录像.mp4x', http);
    assert.equal(await sha256OfDownload(url), sha256);
    assert.ok(proxy.upstreamBytes - before < 36 * MIB, '没有从头再传');
    assert.deepEqual(
      (await storedFiles(storage)).filter((name) => name.startsWith('partial/') && name.endsWith('.part')),
      [],
    );
  });

  it('拖进来的文件, 浏览器留着句柄: 刷新后不必再选', { timeout: 120_000 }, async (t) => {
    const { port, http } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const file = path.join(await temporaryFolder(t), '句柄.bin');
    const sha256 = await writeRandomFile(file, 40 * MIB, 'handle');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '张三');
    const reached = proxy.afterUpstream(20 * MIB);
    await dropFiles(page, [file]);
    await reached;
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    // 授权还在就自己继续; 不在了则点一下继续, 都不用再选文件
    const resume = row(page, '句柄.bin').getByRole('button', { name: /继续/ });
    const link = log(page).getByRole('link', { name: '下载 句柄.bin' });
    await resume.or(link).first().waitFor();
    if (await resume.isVisible()) await resume.click();
    assert.equal(await sha256OfDownload(await downloadUrl(page, '句柄.bin', http)), sha256);
  });

  it('传输中网线断了又好: 不用人管', async (t) => {
    const { port, http } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const file = path.join(await temporaryFolder(t), '断线.bin');
    const sha256 = await writeRandomFile(file, 60 * MIB, 'cut');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    const { fileInput } = await enter(page, '张三');
    const reached = [10, 25, 45].map((mib) => proxy.afterUpstream(mib * MIB));
    await fileInput.setInputFiles(file);
    for (const point of reached) {
      await point;
      proxy.cut();
    }
    assert.equal(await sha256OfDownload(await downloadUrl(page, '断线.bin', http)), sha256);
  });

  it('暂停, 继续, 取消; 取消后服务器上不留半个文件', async (t) => {
    const { http, storage, port } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const folder = await temporaryFolder(t);
    const kept = path.join(folder, '留下.bin');
    const dropped = path.join(folder, '不要了.bin');
    const sha256 = await writeRandomFile(kept, 60 * MIB, 'kept');
    await writeRandomFile(dropped, 60 * MIB, 'dropped');
    const page = await openPage(t, await launch(t), proxy.http);
    const { fileInput } = await enter(page, '张三');
    const reached = proxy.afterUpstream(8 * MIB);
    await fileInput.setInputFiles([kept, dropped]);
    await reached;
    // 按住网线: 点到按钮之前不会传完
    proxy.hold();
    await row(page, '留下.bin').getByRole('button', { name: /暂停/ }).click();
    await row(page, '留下.bin').getByText('已暂停').waitFor();
    await row(page, '不要了.bin').getByRole('button', { name: /取消/ }).click();
    await row(page, '不要了.bin').waitFor({ state: 'detached' });
    proxy.release();
    await row(page, '留下.bin').getByRole('button', { name: /继续/ }).click();
    assert.equal(await sha256OfDownload(await downloadUrl(page, '留下.bin', http)), sha256);
    const parts = (await storedFiles(storage)).filter((name) => name.endsWith('.part'));
    assert.deepEqual(parts, []);
    assert.equal(await log(page).getByText('不要了.bin').count(), 0);
  });

  it('小文件走单帧, 大文件走分片; 中文名原样到达对方', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const folder = await temporaryFolder(t);
    const small = path.join(folder, '会议纪要 (终稿).txt');
    const large = path.join(folder, '数据集.bin');
    await writeFile(small, '你好, 世界\n');
    const sha256 = await writeRandomFile(large, 5 * MIB, 'large');
    const page = await openPage(t, await launch(t), http);
    const frames: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => frames.push(String(payload).slice(0, 16))),
    );
    await page.reload();
    const { fileInput } = await enter(page, '张三');
    await fileInput.setInputFiles([small, large]);
    const files = [await other.next('file'), await other.next('file')];
    const names = files.map((message) => message['originalName']).sort();
    assert.deepEqual(names, ['会议纪要 (终稿).txt', '数据集.bin'].sort());
    const sent = files.find((message) => message['originalName'] === '数据集.bin');
    assert.equal(sent?.['sha256'], sha256);
    assert.equal(frames.filter((frame) => frame.startsWith('{"type":"file"')).length, 1);
  });

  it('太大的与禁止的类型, 一个字节不传就说明', async (t) => {
    const { port, ws } = await serve(t, { files: { fileBytes: 10 * MIB } });
    const other = await Client.join(t, ws, '李四');
    const proxy = await CutProxy.start(t, port);
    const folder = await temporaryFolder(t);
    const big = path.join(folder, '太大.bin');
    await writeRandomFile(big, 10 * MIB + 1, 'big');
    const program = path.join(folder, '安装.exe');
    await writeRandomFile(program, 2 * MIB, 'exe');
    const page = await openPage(t, await launch(t), proxy.http);
    const { fileInput } = await enter(page, '张三');
    const before = proxy.upstreamBytes;
    await fileInput.setInputFiles([big, program]);
    await row(page, '太大.bin').getByText('上限').waitFor();
    await row(page, '安装.exe').getByText('不允许').waitFor();
    // 只有问上限的一次请求
    assert.ok(proxy.upstreamBytes - before < 4096, `${proxy.upstreamBytes - before} 字节`);
    await other.settle();
    assert.equal(other.of('file').length, 0);
  });

  it('拖进一个文件夹: 里面的文件都发出', async (t) => {
    const { http, ws } = await serve(t);
    const other = await Client.join(t, ws, '李四');
    const { mkdir } = await import('node:fs/promises');
    const folder = path.join(await temporaryFolder(t), '资料');
    await mkdir(path.join(folder, '子目录'), { recursive: true });
    await writeFile(path.join(folder, '甲.txt'), '甲');
    await writeFile(path.join(folder, '子目录', '乙.txt'), '乙');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await dropFiles(page, [folder]);
    const names = [await other.next('file'), await other.next('file')].map(
      (message) => message['originalName'],
    );
    assert.deepEqual(names.sort(), ['乙.txt', '甲.txt'].sort());
    await waitForText(page, '甲.txt');
  });
});

async function choose(page: Page, item: Locator, file: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await item.getByRole('button', { name: /选择文件/ }).click();
  await (await chooser).setFiles(file);
}
