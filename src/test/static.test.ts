import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Client } from './client.js';
import { serve } from './harness.js';
import { errorCode, publishOne, RawSocket } from './http-tools.js';

interface Answer {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: Buffer;
}

/** 不解压, 不补头: 看到的就是线上的 */
async function ask(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (bytes) => chunks.push(bytes));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const entries = Object.entries(incoming.headers).map(
          ([name, value]) => [name, String(value)] as const,
        );
        resolve({ status: incoming.statusCode ?? 0, headers: new Map(entries), body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** 页面引用的第一个带散列的脚本与样式 */
function assetsOf(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="\/?(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);
}

test('网页: 按 Accept-Encoding 给 br, gzip 或原文, 解开后相同, 各有各的标签', async (t) => {
  const { port } = await serve(t);
  const plain = await ask(port, 'GET', '/');
  assert.equal(plain.status, 200);
  assert.equal(plain.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(plain.headers.get('content-encoding'), undefined);
  const cases: readonly (readonly [accept: string, encoding: string | undefined])[] = [
    ['gzip, deflate, br', 'br'],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'br'],
    ['GZIP', 'gzip'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br; q=0.000, gzip;q=0.001', 'gzip'],
    ['gzip;q=0, br;Q=0', undefined],
    ['identity', undefined],
    ['brx, xgzip', undefined],
    ['', undefined],
  ];
  const tags = new Map([[plain.headers.get('etag'), 'identity']]);
  for (const [accept, encoding] of cases) {
    const { headers, body } = await ask(port, 'GET', '/', { 'Accept-Encoding': accept });
    assert.equal(headers.get('content-encoding'), encoding, accept);
    assert.equal(headers.get('vary'), 'Accept-Encoding');
    assert.equal(headers.get('content-length'), String(body.length));
    const opened =
      encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;
    assert.ok(opened.equals(plain.body), accept);
    tags.set(headers.get('etag'), encoding ?? 'identity');
  }
  assert.deepEqual([...tags.values()].sort(), ['br', 'gzip', 'identity']);
});

test('网页: If-None-Match 相符是没有应答体的 304, 别的编码的标签不算相符', async (t) => {
  const { port } = await serve(t);
  const br = { 'Accept-Encoding': 'br' };
  const tag = (await ask(port, 'GET', '/', br)).headers.get('etag') ?? '';
  for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
    const answer = await ask(port, 'GET', '/', { ...br, 'If-None-Match': header });
    assert.equal(answer.status, 304, header);
    assert.equal(answer.headers.get('etag'), tag);
    assert.equal(answer.headers.get('content-length'), undefined);
    assert.equal(answer.body.length, 0);
  }
  assert.equal((await ask(port, 'GET', '/', { 'If-None-Match': tag })).status, 200);
  assert.equal((await ask(port, 'GET', '/', { ...br, 'If-None-Match': `x${tag}` })).status, 200);
});

test('网页: HEAD 的头与 GET 相同, 没有应答体', async (t) => {
  const { port } = await serve(t);
  for (const path of ['/', '/favicon.svg', '/healthz', '/api/users', '/api/limits']) {
    for (const accept of ['br', 'identity']) {
      const got = await ask(port, 'GET', path, { 'Accept-Encoding': accept });
      const head = await ask(port, 'HEAD', path, { 'Accept-Encoding': accept });
      assert.equal(head.status, 200, path);
      assert.equal(head.body.length, 0);
      for (const { headers } of [got, head]) headers.delete('date');
      assert.deepEqual(head.headers, got.headers, path);
    }
  }
});

test('网页: 内容安全策略不许内联与外站的脚本, 也不许被嵌入', async (t) => {
  const { port } = await serve(t);
  const { headers } = await ask(port, 'GET', '/');
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, /(?:^|; )default-src 'none'(?:;|$)/);
  assert.match(policy, /(?:^|; )script-src 'self'(?:;|$)/);
  assert.match(policy, /(?:^|; )frame-ancestors 'none'(?:;|$)/);
  assert.doesNotMatch(policy, /unsafe-|\*/);
  // 不带主机的 ws: wss: 是放行任何主机
  assert.match(policy, /(?:^|; )connect-src 'self'(?:;|$)/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
});

test('网页: 带散列的文件可永久缓存, 页面自己每次都要问', async (t) => {
  const { port } = await serve(t);
  const page = await ask(port, 'GET', '/');
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const assets = assetsOf(page.body.toString());
  assert.ok(assets.length >= 2, page.body.toString());
  for (const path of assets) {
    const asset = await ask(port, 'GET', path);
    assert.equal(asset.status, 200, path);
    assert.match(asset.headers.get('cache-control') ?? '', /^public, max-age=31536000, immutable$/);
    assert.match(asset.headers.get('content-type') ?? '', /^text\/(?:javascript|css); charset=utf-8$/);
  }
  const query = await ask(port, 'GET', '/?from=bookmark');
  assert.equal(query.status, 200);
});

test('网页: 没有的地址是 404 JSON, 什么方法都是', async (t) => {
  const { http } = await serve(t);
  const wrong = ['/nothing', '/index.html.br', '/manifest.json', '/assets/', '/assets/x.js', '/api'];
  for (const path of wrong) {
    const response = await fetch(`${http}${path}`);
    assert.equal(response.status, 404, path);
    assert.equal(await errorCode(response), 'not_found');
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    for (const path of ['/nothing', '/api/nothing', '/files']) {
      const response = await fetch(`${http}${path}`, { method });
      assert.equal(response.status, 404, `${method} ${path}`);
      assert.equal(await errorCode(response), 'not_found');
    }
  }
});

test('接口: /api/users 是在线的名字与总数, 有人进出随即变化', async (t) => {
  const { http, ws } = await serve(t);
  const users = async (): Promise<unknown> => (await fetch(`${http}/api/users`)).json();
  assert.deepEqual(await users(), { online: 0, users: [] });
  const first = await Client.join(t, ws, '张三');
  const second = await Client.join(t, ws, '<b>李四</b>');
  const { online, users: names } = (await users()) as { online: number; users: string[] };
  assert.equal(online, 2);
  assert.deepEqual(names.sort(), ['<b>李四</b>', '张三']);
  second.socket.close();
  await first.next((message) => message.type === 'user_update' && message['action'] === 'leave');
  assert.deepEqual(await users(), { online: 1, users: ['张三'] });
});

test('接口: /healthz 平时 200; 停机期间已有的连接看到 503, 新的上传被拒', async (t) => {
  const { server, http, port } = await serve(t);
  const healthz = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  const probe = await RawSocket.open(t, port);
  assert.match(await probe.write(healthz).answer(), /^HTTP\/1\.1 200 .*"status":"ok"/s);
  // 还没读完的下载让停机停在等待之中
  const file = await publishOne(http, 'a.bin', Buffer.alloc(30_000_000));
  const reader = await RawSocket.open(t, port);
  reader.write(`GET ${new URL(String(file['url'])).pathname} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await reader.atLeast(1);
  reader.socket.pause();
  const stopped = server.stop();
  assert.match(await probe.write(healthz).answer(), /^HTTP\/1\.1 503 .*"status":"stopping"/s);
  const upload = 'POST /api/files HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
  assert.match(await probe.write(upload).answer(), /^HTTP\/1\.1 503 .*"code":"server_stopping"/s);
  // 停机等它读完, 一个字节也不少
  reader.socket.resume();
  await reader.answer();
  await stopped;
  await assert.rejects(RawSocket.open(t, port));
});
