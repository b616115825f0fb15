// HTTP 的讲究: 方法, 条件, 空的一段, Host 的写法, WebSocket 的版本, 请求头的上限
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from './harness.js';
import { errorCode, publishOne, RawSocket, rawRequest } from './http-tools.js';
import { RawClient, tryUpgrade } from './raw.js';

const ID = '00000000-0000-4000-8000-000000000000';

test('方法: 认得的地址不支持的方法是 405, Allow 里是支持的', async (t) => {
  const { http, port } = await serve(t);
  const reads = 'GET, HEAD, OPTIONS';
  const allowed: Readonly<Record<string, string>> = {
    '/api/files': 'GET, HEAD, POST, OPTIONS',
    '/api/users': reads,
    '/api/messages': reads,
    '/api/search': 'GET, HEAD, POST, OPTIONS',
    '/api/limits': reads,
    '/healthz': reads,
    '/': reads,
    '/favicon.svg': reads,
    [`/files/${ID}.txt`]: reads,
    [`/files/${ID}/thumb`]: reads,
    '/ws': 'GET, OPTIONS',
    '/ws/transfer': 'GET, OPTIONS',
  };
  for (const [path, allow] of Object.entries(allowed)) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      if (allow.includes(method)) continue;
      const response = await fetch(`${http}${path}`, { method });
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.equal(response.headers.get('allow'), allow, `${method} ${path}`);
      if (method !== 'HEAD') assert.equal(await errorCode(response), 'method_not_allowed');
    }
    const options = await rawRequest(t, port, `OPTIONS ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(options, new RegExp(`^HTTP/1\\.1 204 [\\s\\S]*\\r\\nAllow: ${allow}\\r\\n`), path);
  }
});

test('方法: 405 之后同一连接上的下一个请求不受影响', async (t) => {
  const { port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  for (const [method, path] of [
    ['DELETE', '/api/files'],
    ['HEAD', '/ws'],
  ] as const) {
    raw.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(await raw.answer(method), /^HTTP\/1\.1 405 /);
    raw.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await raw.answer(), /^HTTP\/1\.1 200 /);
  }
});

test('条件: If-Match 不符是 412, 先于 If-None-Match 与 Range; 相符与星号照常', async (t) => {
  const { http } = await serve(t);
  const { url } = await publishOne(http, 'a.txt', '0123456789');
  const etag = (await fetch(String(url))).headers.get('etag') ?? '';
  const page = (await fetch(`${http}/`)).headers.get('etag') ?? '';
  const get = (target: string, headers: Record<string, string>): Promise<Response> =>
    fetch(target, { headers });
  for (const tags of ['"x"', `W/${etag}`, '"x", "y"']) {
    for (const extra of [{}, { 'If-None-Match': etag }, { Range: 'bytes=99-' }]) {
      const response = await get(String(url), { 'If-Match': tags, ...extra });
      assert.equal(response.status, 412, tags);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(await errorCode(response), 'precondition_failed');
    }
    assert.equal((await fetch(String(url), { method: 'HEAD', headers: { 'If-Match': tags } })).status, 412);
  }
  for (const tags of [etag, '*', `"x", ${etag}`]) {
    assert.equal((await get(String(url), { 'If-Match': tags, Range: 'bytes=0-3' })).status, 206, tags);
    assert.equal((await get(String(url), { 'If-Match': tags, 'If-None-Match': etag })).status, 304, tags);
  }
  assert.equal((await get(`${http}/`, { 'If-Match': '"x"' })).status, 412);
  assert.equal((await get(`${http}/`, { 'If-Match': page })).status, 200);
  // 没有 Last-Modified: 按日期的条件不看
  assert.equal(
    (await get(String(url), { 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).status,
    200,
  );
});

test('Range: 空文件的最后 N 个字节就是它的全部: 200', async (t) => {
  const { http } = await serve(t);
  const { url } = await publishOne(http, 'a.txt', '');
  for (const [range, status] of [
    ['bytes=-1', 200],
    ['bytes=-999', 200],
    ['bytes=-0', 416],
    ['bytes=0-', 416],
  ] as const) {
    const response = await fetch(String(url), { headers: { Range: range } });
    assert.equal(response.status, status, range);
    assert.equal(response.headers.get('content-length'), '0');
  }
});

test('Host: 冒号之后没有端口是合法的, 链接里不留那个冒号', async (t) => {
  const { port, http } = await serve(t);
  await publishOne(http, 'a.txt', 'x');
  const answer = await rawRequest(t, port, 'GET /api/messages HTTP/1.1\r\nHost: Chat.Example:\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*"url":"http:\/\/chat\.example\/files\//);
  assert.equal((await tryUpgrade(port, { Host: 'x:' })).status, 101);
  assert.equal((await tryUpgrade(port, { Host: 'x:', Origin: 'http://x' })).status, 101);
  for (const host of [':', ':80', 'x::', 'x:a', '']) {
    const refused = await rawRequest(t, port, `GET /api/messages HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.match(refused, /^HTTP\/1\.1 400 /, host);
  }
});

test('WebSocket: 版本不是 13 的是 426 并说出 13; 密钥不对的 400, 没有要升级的 426', async (t) => {
  const { port, http } = await serve(t);
  for (const path of ['/', '/ws', '/ws/transfer']) {
    for (const version of ['8', '0', '14', '']) {
      const refusal = await tryUpgrade(port, { 'Sec-WebSocket-Version': version }, path);
      assert.equal(refusal.status, 426, `${path} ${version}`);
      assert.equal(refusal.body.error?.code, 'upgrade_required');
    }
    for (const key of ['', 'short', 'x'.repeat(24), `${'x'.repeat(22)}=!`]) {
      const refusal = await tryUpgrade(port, { 'Sec-WebSocket-Key': key }, path);
      assert.equal(refusal.status, 400, `${path} ${key}`);
      assert.equal(refusal.body.error?.code, 'invalid_field');
    }
  }
  for (const path of ['/ws', '/ws/transfer']) {
    const response = await fetch(`${http}${path}`);
    assert.equal(response.status, 426);
    assert.equal(response.headers.get('sec-websocket-version'), '13');
    assert.equal(response.headers.get('upgrade'), 'websocket');
  }
  const page = await fetch(`${http}/`);
  assert.equal(page.status, 200);
  await page.arrayBuffer();
  await RawClient.upgrade(t, port, '/ws');
});

test('请求头: 10 KB 的不管分几段到达都是 200, 20 KB 的都是 431', async (t) => {
  const { port } = await serve(t);
  for (const [length, status] of [
    [10_000, 200],
    [20_000, 431],
  ] as const) {
    const head = `GET /healthz HTTP/1.1\r\nHost: a\r\nCookie: sso=${'y'.repeat(length)}\r\n\r\n`;
    assert.match(await rawRequest(t, port, head), new RegExp(`^HTTP/1\\.1 ${status} `), `${length} 一段`);
    const raw = await RawSocket.open(t, port);
    raw.socket.setNoDelay(true);
    raw.write(head.slice(0, 5000));
    // 没有事件可等: 要让两段分别到达
    await sleep(100);
    raw.write(head.slice(5000));
    const answer = status === 200 ? await raw.answer() : await raw.end();
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${length} 两段`);
  }
});
