// 同一个名字换了人: 页面上从那一条起标出是谁; 保留的名字说明原因, 不给像它的建议
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message } from '../../src/test/client.js';
import { serve } from '../../src/test/harness.js';
import { isLeave } from '../../src/test/presence-tools.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, waitForText } from './chat-page.js';

const PEOPLE = { features: ['people'] };

describe('网页: 同一个名字换了人', () => {
  it('别人以同一个名字说话, 另起一组, 名字旁边有他的标识; 历史里也一样', async (t) => {
    const { http, ws } = await serve(t);
    const browser = await launch(t);
    const page = await openPage(t, browser, http);
    await enter(page, '张三');
    const observer = await Client.join(t, ws, '旁观者', PEOPLE);
    const alice = await Client.join(t, ws, 'Alice', PEOPLE);
    alice.send({ type: 'text', message: '我是第一个 Alice' });
    await observer.next('text');
    await waitForText(page, '我是第一个 Alice');
    assert.equal(await log(page).getByText(/^#/).count(), 0);
    alice.send({ type: 'user_update', action: 'leave' });
    await observer.next(isLeave('Alice'));
    const other = await Client.join(t, ws, 'Alice', PEOPLE);
    other.send({ type: 'text', message: '我是另一个 Alice' });
    await waitForText(page, '我是另一个 Alice');
    const { id } = other.welcome['person'] as Message;
    const tag = log(page).getByText(`#${String(id)}`, { exact: true });
    await tag.waitFor();
    assert.match((await tag.getAttribute('title')) ?? '', /另一个人/);
    await page.reload();
    await tag.waitFor();
    // 窄的窗口里也看得见
    await page.setViewportSize({ width: 320, height: 600 });
    await tag.waitFor();
  });

  it('保留的名字进不去, 说明原因', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { userName, join } = partsOf(page);
    await userName.fill('管理员');
    await join.click();
    await page.getByText(/保留的名字/).waitFor();
    assert.equal(await page.getByRole('button', { name: /管理员2/ }).count(), 0);
  });
});
