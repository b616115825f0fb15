// 忙时服务器把几条消息合成一帧: 页面照样一条不少, 次序不变, 各只一次
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, waitForText } from './chat-page.js';

const LINES = 300;
// 送出一次之后歇这么久: 一口气说的都攒着, 合成几帧
const HOLD_MS = 300;

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
    const { http, ws } = await serve(t, {
      chat: { messagesPerSecond: 0 },
      fanout: { minDelayMs: HOLD_MS, maxDelayMs: HOLD_MS },
    });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), 'about:blank');
    const batches = watchBatches(page);
    await page.goto(http);
    await enter(page, '张三');
    for (let index = 0; index < LINES; index += 1) other.send({ type: 'text', message: `第${index}句` });
    await waitForText(page, `第${LINES - 1}句`);
    assert.ok(batches.length > 0 && batches.every((size) => size >= 2), `合成帧: ${batches}`);
    // 停在底部只画两三屏; 翻到头时从第一条画起
    await log(page).press('Home');
    await log(page).getByText('第0句', { exact: true }).waitFor();
    const shown = (await log(page).innerText()).match(/第\d+句/g) ?? [];
    assert.deepEqual(
      shown,
      Array.from({ length: LINES }, (_, index) => `第${index}句`),
    );
  });
});
