// 忙时服务器把几条消息合成一帧: 页面照样一条不少, 次序不变, 各只一次
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, waitForText } from './chat-page.js';

const LINES = 300;
// 三百条合起来远超过一拍立即送出的 (256 KiB), 余下的攒成一帧
const PADDING = 'x'.repeat(2000);
const MAX_BURSTS = 10;

/** 页面收到的 batch 帧各有几条 */
function watchBatches(page: Page): number[] {
  const sizes: number[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const frame = JSON.parse(String(payload)) as { type: string; messages?: unknown[] };
      if (frame.type === 'batch') sizes.push(frame.messages?.length ?? 0);
    }),
  );
  return sizes;
}

describe('网页: 一帧几条', () => {
  it(`一口气 ${LINES} 条: 合成帧到来, 全部显示, 次序不变, 各只一次`, async (t) => {
    const { http, ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), 'about:blank');
    const batches = watchBatches(page);
    await page.goto(http);
    await enter(page, '张三');
    let said = 0;
    // 服务器一次读进多少由系统定: 偶尔读得零碎就没有一拍装满, 再来一批
    for (let burst = 0; burst < MAX_BURSTS && batches.length === 0; burst += 1) {
      const end = said + LINES;
      for (; said < end; said += 1) other.send({ type: 'text', message: `第${said}句 ${PADDING}` });
      await waitForText(page, `第${said - 1}句`);
    }
    assert.ok(batches.length > 0 && batches.every((size) => size >= 2), `合成帧: ${batches}`);
    // 停在底部只画两三屏; 翻到头时从第一条画起
    await log(page).press('Home');
    await waitForText(page, '第0句');
    const shown = (await log(page).innerText()).match(/第\d+句/g) ?? [];
    assert.deepEqual(
      shown,
      Array.from({ length: said }, (_, index) => `第${index}句`),
    );
  });
});
