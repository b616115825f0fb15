// CORS: server.allowedOrigins 里别的网站的网页读得到 /api 与 /files 的应答, 别人读不到 (协议第 7 节)
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { errorCode, post, publishOne } from './http-tools.js';

const FRIEND = 'https://other.example';
const STRANGER = 'https://evil.example';
const UNKNOWN_FILE = '/files/00000000-0000-4000-8000-000000000000.txt';

const friendly = (t: TestContext, allowedOrigins: readonly string[] = [FRIEND]) =>
  serve(t, { server: { allowedOrigins } });

/** 许可的来源; 顺带核对从不带凭据, 而且缓存知道它因来源而异 */
function reader(response: Response): string | null {
  assert.equal(response.headers.get('access-control-allow-credentials'), null);
  assert.match(response.headers.get('vary') ?? '', /\borigin\b/i, response.url);
  return response.headers.get('access-control-allow-origin');
}

async function fetched(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response;
}

const from = (origin: string, headers: Readonly<Record<string, string>> = {}) => ({
  headers: { Origin: origin, ...headers },
});

function preflight(url: string, origin: string, method = 'POST'): Promise<Response> {
  const headers = { Origin: origin, 'Access-Control-Request-Method': method };
  return fetched(url, { method: 'OPTIONS', headers });
}

describe('CORS: 名单里的网站', () => {
  it('它的 POST 读得到应答, 201 与错误都是: 看不到就会再发一遍', async (t) => {
    const { http } = await friendly(t);
    const parts = [{ data: '张三' }, { fileName: 'a.txt', data: '内容' }];
    const created = await post(http, parts, { Origin: FRIEND });
    assert.deepEqual([created.status, reader(created)], [201, FRIEND]);
    const cases: readonly [number, Promise<Response>][] = [
      [400, post(http, [{ fileName: 'a.txt', data: '' }], { Origin: FRIEND })],
      [415, post(http, [{ data: '张三' }, { fileName: 'a.exe', data: 'x' }], { Origin: FRIEND })],
      [401, post(http, parts, { Origin: FRIEND, Authorization: 'Bearer x' })],
    ];
    for (const [status, answer] of cases) {
      const response = await answer;
      assert.deepEqual([response.status, reader(response)], [status, FRIEND]);
    }
  });

  it('/api 与 /files 的每一种应答都读得到: 200, 206, 304, 404, 416, 401', async (t) => {
    const { http } = await friendly(t);
    const { url } = await publishOne(http, 'a.txt', '0123456789');
    const etag = (await fetched(String(url))).headers.get('etag') ?? '';
    const cases: readonly [number, string, Readonly<Record<string, string>>?][] = [
      [200, String(url)],
      [206, String(url), { Range: 'bytes=2-4' }],
      [304, String(url), { 'If-None-Match': etag }],
      [416, String(url), { Range: 'bytes=100-' }],
      [404, `${http}${UNKNOWN_FILE}`],
      [404, `${http}/files/00000000-0000-4000-8000-000000000000/thumb`],
      [200, `${http}/api/users`],
      [200, `${http}/api/limits`],
      [200, `${http}/api/messages`],
      [400, `${http}/api/messages?limit=0`],
      [401, `${http}/api/messages`, { Authorization: 'Bearer x' }],
      [200, `${http}/api/search?query=a`],
      [404, `${http}/api/none`],
    ];
    for (const [status, address, headers] of cases) {
      for (const method of ['GET', 'HEAD']) {
        if (method === 'HEAD' && status === 206) continue;
        const response = await fetched(address, { method, ...from(FRIEND, headers) });
        assert.equal(reader(response), FRIEND, `${method} ${address}`);
        if (method === 'GET') assert.equal(response.status, status, address);
      }
    }
  });

  it('脚本看得到续传与文件名要用的头', async (t) => {
    const { http } = await friendly(t);
    const { url } = await publishOne(http, '报告.txt', '0123456789');
    const response = await fetched(String(url), from(FRIEND, { Range: 'bytes=0-1' }));
    const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', ');
    for (const name of ['content-range', 'etag', 'content-disposition', 'accept-ranges']) {
      assert.ok(exposed.includes(name) && response.headers.has(name), name);
    }
  });

  it('预检得到 204: 方法, 头, 有效期; 没有的地址也是, 随后的 404 读得到', async (t) => {
    const { http } = await friendly(t);
    for (const path of ['/api/files', '/api/messages', '/api/none', UNKNOWN_FILE, '/files/x/thumb']) {
      const response = await preflight(`${http}${path}`, FRIEND);
      assert.deepEqual([response.status, reader(response)], [204, FRIEND], path);
      const methods = response.headers.get('access-control-allow-methods') ?? '';
      assert.deepEqual(methods.split(', '), ['GET', 'HEAD', 'POST']);
      const allowed = (response.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ');
      for (const name of ['authorization', 'content-type', 'range', 'if-none-match', 'idempotency-key']) {
        assert.ok(allowed.includes(name), name);
      }
      assert.ok(Number(response.headers.get('access-control-max-age')) > 0);
      assert.equal(response.headers.get('content-length'), null);
    }
  });

  it('没有 Origin 的请求也写 Vary: <img> 缓存下来的那份不能拿去应付 fetch', async (t) => {
    const { http } = await friendly(t);
    const { url } = await publishOne(http, 'a.txt', '内容');
    for (const address of [String(url), `${http}/api/users`]) {
      assert.equal(reader(await fetched(address)), null, address);
    }
  });

  it('publicUrl 自己的网页, 以及同一主机的 http 与 https 之间, 也读得到', async (t) => {
    const { http, port } = await serve(t, { server: { publicUrl: FRIEND } });
    assert.equal(reader(await fetched(`${http}/api/users`, from(FRIEND))), FRIEND);
    const own = `https://127.0.0.1:${port}`;
    assert.equal(reader(await fetched(`${http}/api/users`, from(own))), own);
  });
});

describe('CORS: 别的网站', () => {
  it('POST 仍是 403 forbidden_origin, 什么也没有播; 预检也是, 都不许可', async (t) => {
    const { http, ws } = await friendly(t);
    const witness = await Client.join(t, ws, '证人');
    const parts = [{ data: '张三' }, { fileName: 'a.txt', data: '内容' }];
    for (const origin of [STRANGER, 'null', `${FRIEND}.evil.example`, 'http://other.example', 'file://']) {
      const answers = [await post(http, parts, { Origin: origin })];
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
      answers.push(await fetch(`${http}/api/files`, { method: 'OPTIONS', headers }));
      for (const response of answers) {
        assert.deepEqual([response.status, reader(response)], [403, null], origin);
        assert.equal(await errorCode(response), 'forbidden_origin');
      }
    }
    await witness.settle();
    const { messages } = (await (await fetch(`${http}/api/messages`)).json()) as { messages: unknown[] };
    assert.deepEqual(messages, []);
  });

  it('下载与公开的读照常应答, 但没有许可: 它的脚本读不到', async (t) => {
    const { http } = await friendly(t);
    const { url } = await publishOne(http, 'a.txt', '内容');
    for (const address of [String(url), `${http}/api/users`, `${http}/api/limits`]) {
      const response = await fetched(address, from(STRANGER));
      assert.deepEqual([response.status, reader(response)], [200, null], address);
    }
  });

  it('null 只在名单里写明时放行, 而且只是浏览器写的那个 null', async (t) => {
    const { http } = await friendly(t, ['null']);
    const parts = [{ data: '张三' }, { fileName: 'a.txt', data: '内容' }];
    const created = await post(http, parts, { Origin: 'null' });
    assert.deepEqual([created.status, reader(created)], [201, 'null']);
    assert.equal((await preflight(`${http}/api/files`, 'null')).status, 204);
    for (const origin of ['file://', 'data:text/html,x', 'about:blank', STRANGER]) {
      const refused = await post(http, parts, { Origin: origin });
      assert.deepEqual([refused.status, reader(refused)], [403, null], origin);
    }
  });
});

describe('CORS: 不在此列的', () => {
  it('网页自己的文件与探活没有许可的头', async (t) => {
    const { http } = await friendly(t);
    for (const path of ['/', '/healthz', '/no-such.js', '/apis', '/filesystem']) {
      const response = await fetched(`${http}${path}`, from(FRIEND));
      assert.equal(response.headers.get('access-control-allow-origin'), null, path);
    }
  });

  it('不是预检的 OPTIONS 得到支持的方法', async (t) => {
    const { http } = await friendly(t);
    for (const path of ['/api/files', UNKNOWN_FILE, '/']) {
      const response = await fetched(`${http}${path}`, { method: 'OPTIONS', ...from(FRIEND) });
      assert.equal(response.status, 204, path);
      assert.match(response.headers.get('allow') ?? '', /OPTIONS/, path);
    }
  });
});
