// 真浏览器自己编码的表单, 以及它打开的文本: 空的文件框, GBK 的网页, 中文 Windows 存下的 .txt
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { gbk } from '../../src/test/gbk.js';
import { type Running, serve } from '../../src/test/harness.js';
import { serveBlankPage } from './blank-page.js';
import { launch, openPage } from './browser.js';

const FORM = `<form method="post" enctype="multipart/form-data">
  <input name="name" value="张三"><input name="f" type="file"><input name="g" type="file"></form>`;

interface Reply {
  readonly files?: readonly {
    readonly name: string;
    readonly originalName: string;
    readonly size: number;
    readonly url: string;
  }[];
  readonly error?: { readonly message: string };
}

/** 一张普通的 HTML 表单, 允许它的来源的服务器 */
async function formPage(t: TestContext): Promise<{ page: Page; server: Running }> {
  const url = await serveBlankPage(t, FORM);
  const server = await serve(t, { server: { allowedOrigins: [new URL(url).origin] } });
  // 被拒的应答, 与浏览器自己来要的图标
  const page = await openPage(t, await launch(t), url, { allow: [/status of 400/, /favicon\.ico/] });
  return { page, server };
}

/** 不经脚本: 浏览器自己编码, 自己导航; 得到应答 */
async function submit(page: Page, { http }: Running, charset: string): Promise<Reply> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.locator('form').evaluate(
    (form, [action, encoding]) => {
      const target = form as HTMLFormElement;
      target.action = action;
      target.acceptCharset = encoding;
      target.submit();
    },
    [`${http}/api/files`, charset] as const,
  );
  await answered;
  return JSON.parse(await page.locator('pre').innerText()) as Reply;
}

describe('普通的 HTML 表单', () => {
  it('第二个文件框空着: 第一个照收, 名字里的引号也在 (换成下划线)', async (t) => {
    for (const charset of ['utf-8', 'gbk']) {
      const { page, server } = await formPage(t);
      const chosen = { name: '报告 "终".txt', mimeType: 'text/plain', buffer: Buffer.from('内容') };
      await page.locator('[name=f]').setInputFiles(chosen);
      const { files } = await submit(page, server, charset);
      assert.equal(files?.length, 1, charset);
      const { name, originalName, size } = files[0]!;
      assert.deepEqual([name, originalName, size], ['张三', '报告 _终_.txt', 6], charset);
    }
  });

  it('两个文件框都空着: 400, 说没有文件', async (t) => {
    const { page, server } = await formPage(t);
    const { error } = await submit(page, server, 'utf-8');
    assert.match(error?.message ?? '', /没有文件/);
  });

  it('空的文件也是文件', async (t) => {
    const { page, server } = await formPage(t);
    await page.locator('[name=g]').setInputFiles({ name: '空.txt', mimeType: '', buffer: Buffer.alloc(0) });
    const { files } = await submit(page, server, 'utf-8');
    assert.deepEqual(
      files?.map(({ originalName, size }) => [originalName, size]),
      [['空.txt', 0]],
    );
  });
});

/** 有人发了这个文件; 得到它的地址 */
async function publish(http: string, fileName: string, data: Uint8Array): Promise<string> {
  const form = new FormData();
  form.append('name', '张三');
  form.append('file', new Blob([new Uint8Array(data)]), fileName);
  const response = await fetch(`${http}/api/files`, { method: 'POST', body: form });
  const { files } = (await response.json()) as Reply;
  return files?.[0]?.url ?? assert.fail('没有发成');
}

/** 页面上的文字。下载的头禁止脚本 (CSP sandbox), page.evaluate 在那里等不到应答: 由调试协议取 */
async function shown(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const { strings } = await session.send('DOMSnapshot.captureSnapshot', { computedStyles: [] });
  await session.detach();
  return strings;
}

describe('在浏览器里打开文本', () => {
  it('GBK, UTF-16 与 UTF-8 的 .txt 都不是乱码', async (t) => {
    const { http } = await serve(t);
    const text = '会议纪要: 一, 预算; 二, 进度。';
    const blank = await serveBlankPage(t);
    const page = await openPage(t, await launch(t), blank, { allow: [/favicon\.ico/] });
    const encoded = [gbk(text), Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from(text)];
    for (const [index, data] of encoded.entries()) {
      await page.goto(await publish(http, '纪要.txt', data));
      assert.ok((await shown(page)).includes(text), `${index}`);
    }
    // 收尾的检查要在页面里执行脚本
    await page.goto(blank);
  });
});
