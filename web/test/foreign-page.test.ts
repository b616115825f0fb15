// 真浏览器里别的网站的网页: 名单里的发得出也读得到应答, 名单外的发不出
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { Client } from '../../src/test/client.js';
import { type Running, serve } from '../../src/test/harness.js';
import { serveBlankPage } from './blank-page.js';
import { launch, launchOwn, openPage } from './browser.js';

// 1x1 的 PNG
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
// 被拒与没有时浏览器自己写的
const BLOCKED = [/CORS policy/, /net::ERR_FAILED/, /status of 40[34]/];

// 直接打开图片: 浏览器自己的看图页也受文件的策略管
const SANDBOXED = [/default-src 'none'/, /Blocked script execution/];

/** 别的网站的一页, 与名单由它的来源定下的服务器 */
async function foreign(
  t: TestContext,
  allowed: (origin: string) => readonly string[],
): Promise<{ page: Page; server: Running }> {
  const url = await serveBlankPage(t);
  const server = await serve(t, { server: { allowedOrigins: allowed(new URL(url).origin) } });
  const page = await openPage(t, await launch(t), url, { allow: BLOCKED });
  return { page, server };
}

/** 在页面里发一个文件; 得到状态码与文件名, 或浏览器给脚本的错误 */
function postFrom(page: Page, http: string, headers: Record<string, string> = {}): Promise<unknown> {
  return page.evaluate(
    async ([address, extra]) => {
      const form = new FormData();
      form.append('name', '访客');
      form.append('file', new Blob(['内容']), '来自别处.txt');
      try {
        const response = await fetch(`${address}/api/files`, { method: 'POST', headers: extra, body: form });
        const { files } = (await response.json()) as { files?: { originalName: string }[] };
        return [response.status, files?.[0]?.originalName];
      } catch (error) {
        return String(error);
      }
    },
    [http, headers] as const,
  );
}

/** 有人发了这个文件; 得到它的地址 */
async function publish(http: string, fileName: string, data: BlobPart): Promise<string> {
  const form = new FormData();
  form.append('name', '张三');
  form.append('file', new Blob([data]), fileName);
  const response = await fetch(`${http}/api/files`, { method: 'POST', body: form });
  const { files } = (await response.json()) as { files: { url: string }[] };
  return files[0]?.url ?? assert.fail('没有发成');
}

/** 同一个文件, 经域名访问 */
function named(url: string): string {
  return url.replace('127.0.0.1', 'chat.example.test');
}

/** 这几个地址的图片, 页面显示得出哪些 */
function shownIn(page: Page, addresses: readonly string[]): Promise<boolean[]> {
  return page.evaluate(
    (sources) =>
      Promise.all(
        sources.map((source) => {
          const image = new Image();
          image.src = source;
          return image.decode().then(
            () => true,
            () => false,
          );
        }),
      ),
    addresses,
  );
}

async function posted(http: string): Promise<number> {
  const { messages } = (await (await fetch(`${http}/api/messages`)).json()) as { messages: unknown[] };
  return messages.length;
}

describe('别的网站的网页', () => {
  it('名单里的: POST 成功, 应答读得到, 有没有预检都行', async (t) => {
    const { page, server } = await foreign(t, (origin) => [origin]);
    assert.deepEqual(await postFrom(page, server.http), [201, '来自别处.txt']);
    const member = await Client.join(t, server.ws, '张三');
    const headers = {
      Authorization: `Bearer ${String(member.welcome['session'])}`,
      'Idempotency-Key': 'k-1',
    };
    assert.deepEqual(await postFrom(page, server.http, headers), [201, '来自别处.txt']);
    assert.equal((await member.next('file'))['name'], '张三');
  });

  it('名单里的: 读得到错误码, 分段, 文件名与 304', async (t) => {
    const { page, server } = await foreign(t, (origin) => [origin]);
    const url = await publish(server.http, '报告.txt', '0123456789');
    const seen = await page.evaluate(
      async ([address, missing]) => {
        const part = await fetch(address, { headers: { Range: 'bytes=2-4' } });
        const etag = part.headers.get('etag') ?? '';
        const same = await fetch(address, { cache: 'no-store', headers: { 'If-None-Match': etag } });
        const { error } = (await (await fetch(missing)).json()) as { error: { code: string } };
        return {
          part: [part.status, await part.text(), part.headers.get('content-range')],
          named: part.headers.get('content-disposition')?.includes('filename*='),
          same: same.status,
          code: error.code,
        };
      },
      [url, `${server.http}/api/none`] as const,
    );
    assert.deepEqual(seen, {
      part: [206, '234', 'bytes 2-4/10'],
      named: true,
      same: 304,
      code: 'not_found',
    });
  });

  it('名单里的: <img> 先缓存了同一个地址, fetch 还是读得到', async (t) => {
    const { page, server } = await foreign(t, (origin) => [origin]);
    const url = await publish(server.http, '点.png', PIXEL);
    const bytes = await page.evaluate(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      return (await (await fetch(address)).arrayBuffer()).byteLength;
    }, url);
    assert.equal(bytes, PIXEL.length);
  });

  it('别的网站的 <img> 嵌不进文件与缩略图, 点开链接照常; 同一域名下的与名单打开的嵌得进', async (t) => {
    const { port } = new URL(await serveBlankPage(t));
    const elsewhere = `http://other.test:${port}/`;
    const closed = await serve(t);
    const open = await serve(t, { server: { allowedOrigins: [new URL(elsewhere).origin] } });
    // 没有注册域名的 (IP 地址, localhost) 换个端口就算别的网站, 所以给它们起名字
    const browser = await launchOwn(t, ['--host-resolver-rules=MAP *.test 127.0.0.1', '--no-proxy-server']);
    const picture = await publish(closed.http, '点.png', PIXEL).then(named);
    const shared = await publish(open.http, '点.png', PIXEL).then(named);
    const thumb = picture.replace(/\.png$/, '/thumb');
    const page = await openPage(t, browser, elsewhere, { allow: [/ERR_BLOCKED_BY_RESPONSE/, ...SANDBOXED] });
    assert.deepEqual(await shownIn(page, [picture, thumb, shared]), [false, false, true]);
    const sibling = await openPage(t, browser, `http://tools.example.test:${port}/`);
    assert.deepEqual(await shownIn(sibling, [picture, thumb, shared]), [true, true, true]);
    // 打开链接不是嵌入
    await page.evaluate((address) => {
      const link = document.createElement('a');
      link.href = address;
      link.textContent = '链接';
      document.body.append(link);
    }, picture);
    const opened = page.waitForResponse((response) => response.request().isNavigationRequest());
    await page.getByRole('link', { name: '链接' }).click();
    await page.waitForURL(picture);
    assert.equal((await opened).status(), 200);
    // 沙盒里的网页不运行脚本, 收尾时问不了它
    await page.close();
  });

  it('名单外的: 脚本只看到失败, 一个也没有发出去', async (t) => {
    const { page, server } = await foreign(t, () => ['https://other.example']);
    assert.match(String(await postFrom(page, server.http)), /TypeError/);
    assert.match(String(await postFrom(page, server.http, { 'Idempotency-Key': 'k-1' })), /TypeError/);
    assert.equal(await posted(server.http), 0);
  });

  it('沙盒里的网页 (Origin: null) 只在名单写明 null 时放行', async (t) => {
    for (const named of [false, true]) {
      const { page, server } = await foreign(t, (origin) => (named ? ['null'] : [origin]));
      const frame = await page.evaluateHandle(() => {
        const element = document.createElement('iframe');
        element.setAttribute('sandbox', 'allow-scripts');
        element.srcdoc = '<!doctype html><title>沙盒</title>';
        document.body.append(element);
        return element;
      });
      const inside = await frame.asElement()?.contentFrame();
      assert.ok(inside);
      const answer = await inside.evaluate(
        (address) =>
          fetch(`${address}/api/messages`).then(
            (response) => response.status,
            () => 'blocked',
          ),
        server.http,
      );
      assert.equal(answer, named ? 200 : 'blocked');
    }
  });
});
