// 持久的历史: 服务器 kill -9 再起, 页面不丢, 不重, 次序与服务器记下的一样; 身份也还在; 约 9 秒
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, sendText, waitForText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { type Restartable, restartable } from './restartable.js';

const ROUNDS = 2;

async function shown(page: Page): Promise<string[]> {
  return (await log(page).innerText()).match(/[甲乙]-\d+-\d+(?!\d)/g) ?? [];
}

/** 服务器记下的, 旧的在前 */
async function recorded({ http }: Restartable): Promise<{ message: string; seq: number }[]> {
  const response = await fetch(`${http}/api/messages?after=0&limit=200`);
  const body = (await response.json()) as { messages: { message: string; seq: number }[] };
  return body.messages;
}

async function joinAs(server: Restartable, t: Parameters<typeof Client.join>[0]): Promise<Client> {
  return Client.join(t, server.ws, `乙${Math.random()}`);
}

describe('网页: 服务器 kill -9', () => {
  it('每一轮都在说话途中: 一句不丢, 一句不重; 断线时写的只出现一次', { timeout: 120_000 }, async (t) => {
    const server = await restartable(t, { SLUICE_MESSAGES_PER_SECOND: '0' });
    const page = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    await enter(page, '甲');
    for (let round = 0; round < ROUNDS; round += 1) {
      const other = await joinAs(server, t);
      for (let index = 0; index < 20; index += 1) {
        other.send({ type: 'text', name: '乙', message: `乙-${round}-${index}` });
      }
      await waitForText(page, `乙-${round}-19`);
      // 发出就杀: 可能没到, 可能记下了而没有应答
      await sendText(page, `甲-${round}-1`);
      await server.kill();
      await page.getByRole('status').filter({ hasText: '重连' }).waitFor({ state: 'attached' });
      await sendText(page, `甲-${round}-2`);
      await server.restart();
      // 页面回来之前别人已经说了: 补来的与自己重发的交错
      const early = await joinAs(server, t);
      early.send({ type: 'text', name: '乙', message: `乙-${round}-99` });
      await waitForText(page, `乙-${round}-99`);
      await waitForText(page, `甲-${round}-2`);
      await log(page).getByRole('img', { name: '发送中' }).waitFor({ state: 'detached' });
    }
    const expected = await recorded(server);
    assert.equal(expected.length, ROUNDS * 23, '服务器上不多不少');
    assert.deepEqual(
      expected.map(({ seq }) => seq),
      expected.map((_, index) => index + 1),
    );
    await log(page).press('Home');
    await waitForText(page, '乙-0-0');
    assert.deepEqual(
      await shown(page),
      expected.map(({ message }) => message),
    );
    assert.equal(await page.getByText('历史丢了').count(), 0);
    assert.equal(await partsOf(page).online.getByRole('listitem').filter({ hasText: '甲' }).count(), 1);
    // 重新打开也还是同一个人, 历史也在
    await server.restart();
    await page.reload();
    await waitForText(page, `甲-${ROUNDS - 1}-2`);
    await partsOf(page).online.getByText('(我)').waitFor();
  });
});
