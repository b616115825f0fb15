// 恶意的 HTTP: 不成样子, 没有尽头, 自相矛盾, 只发一半的请求之下服务器照常; 约 6 秒
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { serve } from './harness.js';
import { RawSocket } from './http-tools.js';

async function alive(http: string): Promise<void> {
  const response = await fetch(`${http}/healthz`);
  assert.equal(response.status, 200);
  await response.arrayBuffer();
}

test('恶意 HTTP: 不成样子的请求得到 4xx 或 5xx, 或被断开, 服务器照常', async (t) => {
  const { http, port } = await serve(t);
  const requests = [
    'GARBAGE\r\n\r\n',
    '\r\n\r\n\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
    'GET / HTTP/1.1\r\nHo st: a\r\n\r\n',
    'GET / HTTP/1.1\r\n: a\r\n\r\n',
    'GET / HTTP/1.1\nHost: a\n\n',
    'GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(500)}\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(10_000)}\r\n\r\n`,
    `GET /${'a'.repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    Buffer.alloc(5000, 0),
    Buffer.alloc(5000, 255),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  ];
  for (const text of requests) {
    const raw = await RawSocket.open(t, port);
    raw.write(text).socket.end();
    const answer = await raw.end();
    assert.match(answer, /^(?:$|HTTP\/1\.1 [2345]\d\d )/, String(text).slice(0, 80));
    await alive(http);
  }
});

test('恶意 HTTP: 没有尽头的头到 16 KiB 就是 431, 连接断开', async (t) => {
  const { http, port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  // 不给结尾的空行: 头还没有到齐
  raw.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}`);
  assert.match(await raw.end(), /^HTTP\/1\.1 431 /);
  await alive(http);
});

test('恶意 HTTP: 各种方法都有应答, 不会让进程退出', async (t) => {
  const { http, port } = await serve(t);
  const id = '00000000-0000-4000-8000-000000000000';
  const paths = [
    '/',
    '/ws',
    '/ws/transfer',
    '/healthz',
    '/api/users',
    '/api/files',
    `/files/${id}.txt`,
    `/files/${id}/thumb`,
    '/x',
  ];
  const methods = [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'BREW',
    'get',
  ];
  for (const method of methods) {
    for (const path of paths) {
      const raw = await RawSocket.open(t, port);
      raw.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
      const answer = await raw.answer(method);
      assert.match(answer, /^HTTP\/1\.1 [245]\d\d /, `${method} ${path}`);
      raw.socket.destroy();
    }
  }
  await alive(http);
});

test('恶意 HTTP: 自相矛盾的长度 (请求走私) 不会让第二个请求被夹带执行', async (t) => {
  const { http, port } = await serve(t);
  const hidden = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
  const doubles = [
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\nContent-Length: 0\r\n\r\n${hidden}`,
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  ];
  for (const text of doubles) {
    const raw = await RawSocket.open(t, port);
    raw.write(text).socket.end();
    const answer = await raw.end();
    assert.ok((answer.match(/^HTTP\/1\.1 /gm) ?? []).length <= 1, `${text}\n=>\n${answer}`);
  }
  await alive(http);
});

test('恶意 HTTP: 给没有的地址与不收它的地址发大请求体, 只得到 404 与 405, 服务器照常', async (t) => {
  const { http } = await serve(t);
  for (const [method, path, status] of [
    ['POST', '/x', 404],
    ['PUT', '/api/files', 405],
    ['POST', '/healthz', 405],
  ] as const) {
    const response = await fetch(`${http}${path}`, { method, body: Buffer.alloc(3_000_000) });
    assert.equal(response.status, status);
    await response.arrayBuffer();
  }
  await alive(http);
});

test('恶意 HTTP: 200 个只发半个请求的连接占着, 别人照常使用', async (t) => {
  const { http, port } = await serve(t);
  const halves = [
    '',
    'G',
    'GET / HTTP/1.1\r\nHost: a\r\nX: ',
    'POST /api/files HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n',
  ];
  const idle = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const raw = await RawSocket.open(t, port);
      return raw.write(halves[index % halves.length] || '\r\n');
    }),
  );
  for (let round = 0; round < 20; round += 1) await alive(http);
  for (const { socket } of idle) socket.destroy();
  await alive(http);
});

test('恶意 HTTP: 连上就断, 重置, 半关闭, 各一百次', async (t) => {
  const { http, port } = await serve(t);
  for (let index = 0; index < 300; index += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (index % 3 === 0) socket.resetAndDestroy();
    else if (index % 3 === 1) socket.destroy();
    else socket.resume().end('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await closed;
  }
  await alive(http);
});
