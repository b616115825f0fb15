// 浏览器测试的支架自己: 它说没有问题时, 真的没有; 它动手时, 真的动了
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve, storedFiles, temporaryFolder } from '../../src/test/harness.js';
import { violations } from './accessibility.js';
import { serveBlankPage } from './blank-page.js';
import { complaints, launch, openPage, openTab } from './browser.js';
import { NETWORK_DOWN } from './complaints.js';
import { CutProxy } from './cut-proxy.js';
import { heapBytes } from './memory.js';
import { sha256OfDownload, writeRandomFile } from './random-file.js';
import { restartable } from './restartable.js';

describe('支架: 页面', () => {
  it('从真服务器打开首页, 没有异常, 没有违反内容安全策略', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    assert.match(await page.title(), /水闸/);
    assert.deepEqual(await complaints(page).unexpected([page]), []);
  });

  it('内联脚本与内联样式都被发现', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await page.evaluate(() => {
      for (const name of ['script', 'style']) document.head.append(document.createElement(name));
      for (const element of document.head.querySelectorAll('script:not([src]), style'))
        element.textContent = '0';
    });
    const found = await complaints(page).unexpected([page]);
    for (const directive of ['script-src-elem', 'style-src-elem']) {
      assert.ok(
        found.some((entry) => entry.startsWith(`CSP: ${directive} inline`)),
        `${directive}: ${found.join('\n')}`,
      );
    }
    complaints(page).allow(/^CSP: \S+ inline/, /Content Security Policy/);
  });

  it('异常, 被拒的 Promise 与 console.error 都被发现, 第二个标签页也在内', async (t) => {
    const url = await serveBlankPage(t);
    const page = await openPage(t, await launch(t), url);
    const tab = await openTab(page, url);
    await tab.evaluate(() => {
      setTimeout(() => {
        throw new Error('故意的异常');
      });
      void Promise.reject(new Error('故意的拒绝'));
      console.error('故意的错误');
    });
    const found = (await complaints(page).unexpected([page, tab])).join('\n');
    for (const text of ['故意的异常', '故意的拒绝', '故意的错误']) assert.ok(found.includes(text), found);
    complaints(page).allow(/故意的/);
  });

  it('两个用户的存储互不相干, 同一用户的标签页共用', async (t) => {
    const url = await serveBlankPage(t);
    const browser = await launch(t);
    const first = await openPage(t, browser, url);
    const second = await openPage(t, browser, url, { locale: 'en-US', colorScheme: 'dark' });
    await first.evaluate(() => localStorage.setItem('name', '张三'));
    const tab = await openTab(first, url);
    const read = (page: Page): Promise<unknown> => page.evaluate(() => localStorage.getItem('name'));
    assert.deepEqual([await read(tab), await read(second)], ['张三', null]);
    const settings = (page: Page): Promise<unknown> =>
      page.evaluate(() => [navigator.language, matchMedia('(prefers-color-scheme: dark)').matches]);
    assert.deepEqual(await settings(first), ['zh-CN', false]);
    assert.deepEqual(await settings(second), ['en-US', true]);
  });

  it('axe 在严格的内容安全策略下能运行, 也真的找得出问题', async (t) => {
    const { http } = await serve(t);
    const browser = await launch(t);
    assert.deepEqual(await violations(await openPage(t, browser, http)), []);
    const bad = await serveBlankPage(t, '<img src="data:,"><button></button>');
    const rules = (await violations(await openPage(t, browser, bad))).map(({ rule }) => rule);
    assert.deepEqual(rules.sort(), ['button-name', 'image-alt']);
  });

  it('堆的大小随页面留住的对象增长', async (t) => {
    const page = await openPage(t, await launch(t), await serveBlankPage(t));
    const before = await heapBytes(page);
    await page.evaluate(() => {
      Object.assign(window, { kept: Array.from({ length: 200_000 }, (_, index) => ({ index })) });
    });
    const grown = (await heapBytes(page)) - before;
    assert.ok(grown > 2_000_000, `只增长了 ${grown} 字节`);
  });
});

describe('支架: 连接', () => {
  it('切断时页面的 WebSocket 以 1006 断开, 之后可以重新连上', async (t) => {
    const { port } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const page = await openPage(t, await launch(t), proxy.http, { allow: NETWORK_DOWN });
    const opened = await page.evaluateHandle(openSocket);
    assert.ok(proxy.cut() >= 1);
    const code = await opened.evaluate(({ closed }) => closed);
    assert.equal(code, 1006);
    await page.evaluate(openSocket);
  });

  it('按住时字节不动, 放开后照样送到', async (t) => {
    const { port, ws } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const [direct, behind] = [
      await Client.join(t, `${ws}/ws`, '甲'),
      await Client.join(t, `${proxy.ws}/ws`, '乙'),
    ];
    proxy.hold();
    direct.send({ type: 'text', name: '甲', message: '按住' });
    await direct.next('text');
    await direct.settle();
    assert.equal(behind.of('text').length, 0);
    proxy.release();
    assert.equal((await behind.next('text'))['message'], '按住');
  });

  it('afterUpstream 等到送出这么多字节', async (t) => {
    const { port } = await serve(t);
    const proxy = await CutProxy.start(t, port);
    const before = proxy.upstreamBytes;
    const reached = proxy.afterUpstream(1000);
    const client = await Client.join(t, `${proxy.ws}/ws`, '甲');
    client.send({ type: 'text', name: '甲', message: '字'.repeat(500) });
    await reached;
    assert.ok(proxy.upstreamBytes - before >= 1000);
  });

  it('kill -9 之后在同一端口与存储上再起', async (t) => {
    const server = await restartable(t);
    const { port, storage } = server;
    await upload(server.http, Buffer.from('重启之前'));
    const files = await storedFiles(storage);
    await server.kill();
    await assert.rejects(fetch(`${server.http}/healthz`));
    await server.restart();
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
    assert.deepEqual([server.port, server.process.port], [port, port]);
    assert.deepEqual(await storedFiles(storage), files);
  });
});

describe('支架: 文件', () => {
  it('随机文件由种子决定, 散列就是内容的散列', async (t) => {
    const folder = await temporaryFolder(t);
    const files = ['a', 'b', 'c'].map((name) => path.join(folder, name));
    const bytes = 9 * 1024 * 1024 + 1;
    const [a, b, c] = [
      await writeRandomFile(files[0] as string, bytes, 1),
      await writeRandomFile(files[1] as string, bytes, 1),
      await writeRandomFile(files[2] as string, bytes, 2),
    ];
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.equal((await stat(files[0] as string)).size, bytes);
    const { http } = await serve(t);
    const url = await upload(http, await readFile(files[0] as string));
    assert.equal(await sha256OfDownload(url), a);
  });
});

/** 在页面里运行: 打开聊天的 WebSocket; closed 在断开时给出关闭码 */
async function openSocket(): Promise<{ closed: Promise<number> }> {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('没有连上')));
  });
  return { closed };
}

/** 经 HTTP 上传一个文件, 返回下载地址 */
async function upload(http: string, content: Buffer): Promise<string> {
  const form = new FormData();
  form.append('name', '甲');
  form.append('file', new Blob([new Uint8Array(content)]), '内容.txt');
  const response = await fetch(`${http}/api/files`, { method: 'POST', body: form });
  const body: unknown = await response.json();
  const url = /"url":"([^"]+)"/.exec(JSON.stringify(body))?.[1];
  assert.ok(url, JSON.stringify(body));
  return url;
}
