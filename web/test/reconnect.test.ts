// 断线: 自己重连, 一句不丢, 一句不重; 横幅说明原因
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, sendText, waitForText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';
import { restartable } from './restartable.js';

/** 平日的次数; 全量: SLUICE_TEST_CUTS=50 */
const CUTS = Number(process.env['SLUICE_TEST_CUTS'] ?? 25);

/** 聊天记录里形如 甲-3, 乙-7 的消息, 按显示的次序 */
async function shown(page: Page): Promise<string[]> {
  return (await log(page).innerText()).match(/[甲乙]-\d+(?!\d)/g) ?? [];
}

/** 别人收到的同样的消息, 按 seq */
function received(client: Client): string[] {
  return client.of('text').map((message) => String(message['message']));
}

describe('网页重连', () => {
  it(`随机切断 ${CUTS} 次: 双方各说各的, 一句不丢, 一句不重, 次序一致`, { timeout: 240_000 }, async (t) => {
    const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    for (let cut = 0; cut < CUTS; cut++) {
      // 页面发到一半, 别人的话在途, 或刚好重连到一半: 切在哪里由字节数与毫秒的随机决定
      await sendText(page, `甲-${cut}`);
      other.send({ type: 'text', name: '乙', message: `乙-${cut}` });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      proxy.cut();
      other.send({ type: 'text', name: '乙', message: `乙-${cut + CUTS}` });
      // 有时等它连上, 有时趁它没连上又切
      if (Math.random() < 0.7)
        await partsOf(page)
          .log.getByText(`乙-${cut + CUTS}`, { exact: true })
          .waitFor();
    }
    await waitForText(page, `乙-${2 * CUTS - 1}`);
    for (let cut = 0; cut < CUTS; cut++) await other.next((message) => message['message'] === `甲-${cut}`);
    // 再说一句, 它到了, 之前的也都到了
    await sendText(page, '甲-999');
    await other.next((message) => message['message'] === '甲-999');
    await waitForText(page, '甲-999');
    const everything = received(other);
    assert.equal(everything.length, 3 * CUTS + 1);
    assert.equal(new Set(everything).size, everything.length, '服务器没有收到重复的');
    // 停在底部只画两三屏; 翻到头时从第一条画起, 上限三百行
    await log(page).press('Home');
    await log(page).getByText('甲-0', { exact: true }).waitFor();
    assert.deepEqual(await shown(page), everything, '页面与别人看到的完全相同');
  });

  it('断线期间写的话, 连上之后发出; 横幅说明, 可以立即重连', async (t) => {
    const server = await restartable(t);
    const page = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    await server.kill();
    const banner = page.getByRole('status').filter({ hasText: '重连' });
    await banner.waitFor();
    await sendText(page, '甲-1');
    await waitForText(page, '甲-1');
    await server.restart();
    const other = await Client.join(t, server.ws, '乙');
    await banner.waitFor({ state: 'hidden' });
    // 乙可能晚于甲的重发才加入, 那时在历史里
    const message = await page.evaluate(() => document.title);
    assert.ok(message.length > 0);
    await sendText(page, '甲-2');
    await other.next((entry) => entry['message'] === '甲-2');
    assert.deepEqual((await shown(page)).filter((text) => text === '甲-1').length, 1);
  });

  it('没有应答的话, 刷新之后仍会发出', async (t) => {
    const { port, ws } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    proxy.hold();
    await sendText(page, '甲-7');
    await waitForText(page, '甲-7');
    const reloaded = page.reload();
    proxy.cut();
    proxy.release();
    await reloaded;
    await other.next((message) => message['message'] === '甲-7');
    await waitForText(page, '甲-7');
    assert.deepEqual(received(other), ['甲-7']);
  });

  it('离开时错过几百条: 分几页补齐, 其中的文件也进文件面板', async (t) => {
    const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    proxy.hold();
    proxy.cut();
    for (let index = 0; index < 260; index++)
      other.send({ type: 'text', name: '乙', message: `乙-${index}` });
    // 落在第二页里
    other.send({ type: 'file', name: '乙', originalName: '错过的.txt', filedata: 'aGk=' });
    await other.next('file');
    for (let index = 260; index < 300; index++)
      other.send({ type: 'text', name: '乙', message: `乙-${index}` });
    await other.settle();
    proxy.cut();
    proxy.release();
    await waitForText(page, '乙-299');
    await partsOf(page).files.getByText('错过的.txt').waitFor();
  });

  it('错过几千条: 从最近的一页重新开始, 向上翻一样不漏', { timeout: 60_000 }, async (t) => {
    const { port, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    other.send({ type: 'file', name: '乙', originalName: '早先的.txt', filedata: 'aGk=' });
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    await partsOf(page).files.getByText('早先的.txt').waitFor();
    proxy.hold();
    proxy.cut();
    for (let index = 0; index < 5100; index++)
      other.send({ type: 'text', name: '乙', message: `乙-${index}` });
    await other.settle();
    proxy.cut();
    proxy.release();
    await waitForText(page, '乙-5099');
    for (let tries = 0; tries < 100 && !(await shown(page)).includes('乙-4900'); tries++) {
      await log(page).press('PageDown');
      await log(page).press('Home');
    }
    const numbers = (await shown(page)).map((text) => Number(text.slice(2)));
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => (numbers[0] ?? 0) + index),
    );
    assert.ok(numbers.includes(4900));
    await partsOf(page).files.getByText('早先的.txt').waitFor();
  });

  it('服务器丢了历史: 说明, 取最近的, 向上翻得到更早的', async (t) => {
    // 历史只在内存里的服务器, 重启就是丢了
    const env = { SLUICE_MESSAGES_PER_SECOND: '0', SLUICE_HISTORY_STORE: 'memory' };
    const server = await restartable(t, env);
    const proxy = await CutProxy.start(t, server.port);
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    await sendText(page, '重启之前');
    await log(page).getByRole('img', { name: '已发送' }).waitFor();
    proxy.hold();
    await server.restart();
    const other = await Client.join(t, server.ws, '乙');
    for (let index = 0; index < 120; index++)
      other.send({ type: 'text', name: '乙', message: `乙-${index}` });
    await other.settle();
    proxy.cut();
    proxy.release();
    await waitForText(page, '乙-119');
    for (
      let tries = 0;
      tries < 100 && (await log(page).getByText('乙-0', { exact: true }).count()) === 0;
      tries++
    ) {
      // 先离开顶上再回来: 读者每翻到顶一次, 取一页
      await log(page).press('PageDown');
      await log(page).press('Home');
    }
    assert.deepEqual(
      (await shown(page)).filter((text) => text.startsWith('乙')),
      Array.from({ length: 120 }, (_, index) => `乙-${index}`),
    );
    await waitForText(page, '重启之前');
  });

  it('半开的连接 (网线拔了, 没有任何断开的消息): 自己发现, 插上之后补齐', async (t) => {
    const { port, ws } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    // 页面的时钟由测试拨, 不必真等半分钟
    await page.clock.install();
    await page.reload();
    await enter(page, '甲');
    proxy.hold();
    other.send({ type: 'text', name: '乙', message: '乙-1' });
    await page.clock.fastForward(26_000);
    await page.clock.fastForward(11_000);
    await page.getByRole('status').filter({ hasText: '重连' }).waitFor();
    proxy.cut();
    proxy.release();
    await page.getByRole('button', { name: '立即重连' }).click();
    await waitForText(page, '乙-1');
  });

  it('跟不上被服务器断开, 关闭码没有送到: 重连之后说明原因', async (t) => {
    const { port, ws } = await serve(t, {
      chat: { messagesPerSecond: 0 },
      server: { slowConsumerBytes: 65_536 },
    });
    const proxy = await CutProxy.start(t, port);
    const other = await Client.join(t, ws, '乙');
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    proxy.hold();
    // 填满两边内核的缓冲, 服务器才看得见积压
    const long = '很长的话'.repeat(1200);
    for (let index = 0; index < 1500; index++) other.send({ type: 'text', name: '乙', message: long });
    await other.next((message) => message['action'] === 'leave' && message['name'] === '甲');
    proxy.cut();
    proxy.release();
    await page.getByText(/刚才断开过.*网络太慢/).waitFor();
  });

  it('服务器请它走开 (4012): 不自己回来, 点了才回来', async (t) => {
    const { http, ws } = await serve(t, { chat: { connectionsPerSession: 1 } });
    const page = await openPage(t, await launch(t), http);
    await enter(page, '甲');
    const session = await page.evaluate(
      () => JSON.parse(sessionStorage.getItem('sluice.session') ?? '{}').token,
    );
    const thief = await Client.join(t, ws, '甲', { session });
    await page.getByRole('status').getByText('太多窗口').waitFor();
    thief.socket.close();
    await page.getByRole('button', { name: '立即重连' }).click();
    await page.getByText('太多窗口').waitFor({ state: 'hidden' });
  });
});
