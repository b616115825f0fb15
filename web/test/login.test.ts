// 登录: 名字记住, 被拒时说清原因, 刷新仍是同一个人
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Client } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage, openTab } from './browser.js';
import { enter, partsOf, sendText } from './chat-page.js';
import { NETWORK_DOWN } from './complaints.js';
import { dropFiles } from './drop.js';
import { restartable } from './restartable.js';

describe('网页登录', () => {
  it('进入后看到自己在在线名单里; 名字下次自动填好', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { online } = await enter(page, '  张三 ');
    await online.getByText('张三', { exact: true }).waitFor();

    const second = await openTab(page, http);
    assert.equal(await partsOf(second).userName.inputValue(), '张三', '新标签页预填上次的名字');
  });

  it('刷新不必再登录, 仍是同一个会话', async (t) => {
    const { http, ws } = await serve(t);
    const watcher = await Client.join(t, ws, '旁观者');
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await watcher.next((message) => message['name'] === '张三' && message['action'] === 'join');

    await page.reload();
    await partsOf(page).online.getByText('张三', { exact: true }).waitFor();
    // 令牌不同就会是 name_taken; 名单里也只有一个张三
    assert.equal(await partsOf(page).online.getByText('张三', { exact: true }).count(), 1);
  });

  it('同一浏览器的第二个标签页用同样的名字, 是同一个人', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    const second = await openTab(page, http);
    await enter(second, '张三');
    assert.equal(await partsOf(second).online.getByRole('listitem').count(), 1);
  });

  it('重名: 说明原因, 点建议的名字就进去', async (t) => {
    const { http, ws } = await serve(t);
    await Client.join(t, ws, '李四');
    await Client.join(t, ws, '李四2');
    const page = await openPage(t, await launch(t), http);
    const { userName, join, message } = partsOf(page);
    await userName.fill('李四');
    await join.click();
    await page.getByRole('alert').getByText('正被使用').waitFor();
    await page.getByRole('button', { name: '改用 李四3' }).click();
    await message.waitFor();
  });

  it('不合法的名字不问服务器就说明', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const { userName, join, message } = partsOf(page);
    for (const bad of ['', '   ', '啊'.repeat(33), '\u202e反转']) {
      await userName.fill(bad);
      await join.click();
      await page.getByRole('alert').getByText('用户名须为').waitFor();
    }
    assert.equal(await message.count(), 0);
    assert.equal(await userName.getAttribute('aria-invalid'), 'true');
  });

  it('服务器不在: 说连不上, 起来之后再点就进去', async (t) => {
    const server = await restartable(t);
    const page = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    await server.kill();
    const { userName, join } = partsOf(page);
    await userName.fill('张三');
    await join.click();
    await page.getByRole('alert').getByText('连不上').waitFor();
    await server.restart();
    await enter(page, '张三');
  });

  it('两个标签页, 服务器重启: 都以原来的名字回来', async (t) => {
    const server = await restartable(t);
    const first = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    await enter(first, '张三');
    const second = await openTab(first, server.http);
    await enter(second, '张三');
    for (const round of ['一', '二']) {
      await server.restart();
      const other = await Client.join(t, server.ws, `李四${round}`);
      // 两页都说得出话, 就都回来了
      await sendText(first, `第${round}次, 甲页`);
      await sendText(second, `第${round}次, 乙页`);
      const names = [await other.next('text'), await other.next('text')].map((message) => message['name']);
      assert.deepEqual(names, ['张三', '张三']);
      assert.equal(await partsOf(second).userName.count(), 0);
    }
  });

  it('断线期间名字被别人占了: 说明原因; 换名之后, 以前写的话不会悄悄发出', async (t) => {
    const server = await restartable(t);
    const page = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    await enter(page, '张三');
    await server.kill();
    await sendText(page, '张三写的');
    await server.restart();
    // 抢在页面的退避之前; 万一页面先回来, 李鬼得到 name_taken, 那也说明名字没丢
    const thief = await Client.open(t, server.ws);
    thief.send({ type: 'user_update', action: 'join', name: '张三' });
    const reply = await thief.next((message) => message.type === 'welcome' || message.type === 'error');
    if (reply.type === 'error') return;
    await page.getByRole('alert').getByText('正被使用').waitFor();
    await page.getByRole('button', { name: '改用 张三2' }).click();
    await page.getByRole('log').getByText('张三写的').waitFor();
    await page.getByRole('button', { name: /重试/ }).first().waitFor();
    await thief.settle();
    assert.equal(thief.of('text').length, 0, '没有用新名字发出');
  });

  it('正在传文件时退出: 再点一次才退, 没有浏览器的拦截; 没发出的话不留给下一个人', async (t) => {
    const server = await restartable(t);
    const page = await openPage(t, await launch(t), server.http, { allow: NETWORK_DOWN });
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.type());
      void dialog.accept();
    });
    const { fileInput, transfers } = await enter(page, '安');
    await server.kill();
    await fileInput.setInputFiles({ name: '大.bin', mimeType: '', buffer: Buffer.alloc(1024 * 1024, 1) });
    await transfers.getByText('大.bin').waitFor();
    await sendText(page, '安写的, 没有发出');
    await page.getByRole('button', { name: '设置' }).click();
    await page.getByRole('button', { name: '退出' }).click();
    await page.getByRole('button', { name: /没传完.*再点一次/ }).click();
    await server.restart();
    const other = await Client.join(t, server.ws, '李四');
    await page.goto(server.http);
    await enter(page, '夏娃');
    await sendText(page, '夏娃说的');
    assert.equal((await other.next('text'))['message'], '夏娃说的');
    assert.deepEqual(dialogs, []);
  });

  it('英文界面: 名称是英文的, 切换语言不丢写了一半的话', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http, { locale: 'en-US' });
    const english = await enter(page, 'Alice', 'en-US');
    await english.message.fill('half a sentence');
    await english.log.waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: '中文' }).check();
    const chinese = partsOf(page);
    await chinese.message.waitFor();
    assert.equal(await chinese.message.inputValue(), 'half a sentence');
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  });

  it('登录页上放下文件: 不收, 也不离开本页', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    const file = path.join(await temporaryFolder(t), 'a.txt');
    await writeFile(file, '文件的内容');
    await partsOf(page).userName.fill('张三');
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      for (const name of ['dragover', 'drop'])
        window.addEventListener(name, (event) => {
          const { dataTransfer, defaultPrevented } = event as DragEvent;
          seen.push(`${name} ${defaultPrevented} ${dataTransfer?.dropEffect}`);
        });
    });
    await dropFiles(page, [file]);
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    assert.equal(seen[0], 'dragover true none');
    for (const line of seen) assert.match(line, / true none$/);
    assert.equal(await partsOf(page).userName.inputValue(), '张三', '还在原来的页面');
    assert.equal(page.context().pages().length, 1, '没有打开文件');
  });
});
