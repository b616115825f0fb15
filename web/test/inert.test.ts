// 别人送来的一切都只是文字: 名字, 消息, 文件名, SVG 与 HTML 文件都不会变成脚本或元素
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf, waitForText } from './chat-page.js';

const ATTACKS = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=1</script>',
  '"><svg onload=window.hacked=1>',
  '<iframe srcdoc="<script>parent.hacked=1</script>">',
  '[x](javascript:window.hacked=1)',
  'https://example.com/"onmouseover="window.hacked=1',
  '<style>*{display:none}</style>',
];

async function assertInert(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    hacked: 'hacked' in window,
    elements: document.querySelectorAll(
      '#app script, #app iframe, #app object, #app embed, #app style, [onerror], [onload]',
    ).length,
    scripts: [...document.querySelectorAll('a')].filter((link) => !/^https?:$/.test(link.protocol)).length,
  }));
  assert.deepEqual(found, { hacked: false, elements: 0, scripts: 0 });
}

describe('网页: 注入都不起作用', () => {
  it('消息与名字原样显示', async (t) => {
    const { http, ws } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    const name = '<b onclick=alert(1)>李四</b>';
    const other = await Client.join(t, ws, name);
    for (const message of ATTACKS) other.send({ type: 'text', name, message });
    await waitForText(page, ATTACKS[6] ?? '');
    await partsOf(page).online.getByText(name, { exact: true }).waitFor();
    await assertInert(page);
    const text = await log(page).innerText();
    for (const attack of ATTACKS) assert.ok(text.includes(attack), attack);
  });

  it('文件名原样显示 (尖括号由服务器换掉), 右到左的字符不能伪装扩展名', async (t) => {
    const { http, ws } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    const other = await Client.join(t, ws, '李四');
    for (const originalName of [
      '<img src=x onerror=hacked=1>.txt',
      '"onload="hacked=1.txt',
      '照片\u202egnp.txt',
    ]) {
      other.send({ type: 'file', name: '李四', originalName, filedata: 'aGk=' });
    }
    await partsOf(page).files.getByRole('listitem').nth(2).waitFor();
    await assertInert(page);
    assert.doesNotMatch(await log(page).innerText(), /\u202e/);
  });

  it('SVG 与 HTML 文件只是卡片, 打开链接也不执行', async (t) => {
    const { http } = await serve(t);
    const folder = await temporaryFolder(t);
    const svg = path.join(folder, '图.svg');
    const html = path.join(folder, '页.html');
    await writeFile(
      svg,
      '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"><script>window.hacked=1</script></svg>',
    );
    await writeFile(html, '<script>window.hacked=1; fetch("/api/users")</script>');
    const page = await openPage(t, await launch(t), http);
    const { fileInput, files } = await enter(page, '张三');
    await fileInput.setInputFiles([svg, html]);
    await files.getByText('图.svg').waitFor();
    await files.getByText('页.html').waitFor();
    await assertInert(page);
    for (const name of ['图.svg', '页.html']) {
      const link = log(page)
        .getByRole('link', { name: new RegExp(name) })
        .first();
      const response = await page.request.get(new URL((await link.getAttribute('href')) ?? '', http).href);
      assert.match(response.headers()['content-disposition'] ?? '', /^attachment/);
      assert.match(response.headers()['content-security-policy'] ?? '', /sandbox/);
    }
  });
});
