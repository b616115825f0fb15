// 网页到了服务器的上限: 照它说的等, 说清楚为什么, 之后自己继续, 一句不丢, 次序不变
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf, sendText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';

describe('网页: 到了上限', () => {
  it('文字的字节超过地址的上限: 留着, 说明, 等够了才再发; 聊天连接用小帧的一种', async (t) => {
    const { port, ws } = await serve(t, {
      server: { trustedAddresses: [] },
      address: { textBytesPerSecond: 500 },
    });
    const other = await Client.join(t, ws, '李四');
    const proxy = await CutProxy.start(t, port);
    const page = await openPage(t, await launch(t), proxy.http);
    const refusals: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('"rate_limited"')) refusals.push(String(payload));
      }),
    );
    await page.reload();
    const { message, send } = await enter(page, '张三');
    for (const word of ['先', '后']) {
      await message.fill(word.repeat(600));
      await send.click();
    }
    await page.getByText('过会儿自动再发').first().waitFor();
    for (const word of ['先', '后']) {
      assert.equal((await other.next('text'))['message'], word.repeat(600));
    }
    // 只被拒一次: 没有追着问
    assert.equal(refusals.length, 1);
    assert.ok(proxy.openings.some((line) => line.startsWith('GET /ws?frames=small ')));
  });

  it('一天的份额用完: 说的是份额与还要多久, 不是发得太快; 这一句留着', async (t) => {
    const { http } = await serve(t, {
      server: { trustedAddresses: [] },
      history: { maxMessages: 4 },
      address: { dailyPercent: 50 },
    });
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    for (const word of ['一', '二', '三']) await sendText(page, word);
    await page.getByText(/过会儿自动再发: 这个地址今天的一份用完了, 约 2[45] 小时后再有/).waitFor();
  });

  it('连接的名额满了: 登录页不怪网络与地址, 有了名额就进得去', async (t) => {
    const { http, ws } = await serve(t, { server: { trustedAddresses: [], connectionsPerAddress: 1 } });
    const other = await Client.join(t, ws, '李四');
    const page = await openPage(t, await launch(t), http, { allow: NETWORK_DOWN });
    const { userName, join, message } = partsOf(page);
    await userName.fill('张三');
    await join.click();
    await page.getByRole('alert').getByText('服务器暂时不接受连接').waitFor();
    other.socket.close();
    await other.close();
    await join.click();
    await message.waitFor();
  });
});
