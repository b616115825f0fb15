import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, truncate } from 'node:fs/promises';
import { type IncomingMessage, request, get as requestHead } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import type { Message } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import {
  bodyOf,
  errorCode,
  eventually,
  openFilesUnder,
  publishOne,
  RawSocket,
  responseLength,
} from './http-tools.js';
import { randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const pathOf = (file: Message): string => new URL(String(file['url'])).pathname;
const diskPath = (storage: string, file: Message): string =>
  path.join(storage, 'files', path.basename(pathOf(file)));
const get = (file: Message, ...lines: string[]): string =>
  `${[`GET ${pathOf(file)} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`;

test('下载: 读读停停的客户端收到的字节一个不差', async (t) => {
  const { http } = await serve(t);
  const data = randomBytes(24 * MIB + 7);
  const file = await publishOne(http, 'a.bin', data);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    // 每 64 KiB 停一回, 服务器要反复等 onWritable
    const outgoing = request(String(file['url']), { agent: false }, (incoming) => {
      let sinceStop = 0;
      incoming.on('data', (bytes: Buffer) => {
        chunks.push(bytes);
        sinceStop += bytes.length;
        if (sinceStop < 65_536) return;
        sinceStop = 0;
        incoming.pause();
        setImmediate(() => incoming.resume());
      });
      incoming.on('end', resolve);
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  assert.ok(Buffer.concat(chunks).equals(data));
});

test('下载: 读了 64 KiB 就停, 等别人下载完整个文件再继续, 仍逐字节相同', async (t) => {
  const { http, port } = await serve(t);
  const data = randomBytes(20 * MIB);
  const file = await publishOne(http, 'a.bin', data);
  const raw = await RawSocket.open(t, port);
  raw.write(get(file));
  await raw.atLeast(65_536);
  raw.socket.pause();
  const other = Buffer.from(await (await fetch(String(file['url']))).arrayBuffer());
  assert.ok(other.equals(data));
  raw.socket.resume();
  assert.ok(bodyOf(await raw.answer()).equals(data));
});

test('下载: 30 个并行的读者各取一段, 互不串位', async (t) => {
  const { http } = await serve(t);
  const data = randomBytes(6 * MIB);
  const file = await publishOne(http, 'a.bin', data);
  const readers = Array.from({ length: 30 }, async (_, index) => {
    const start = index * 150_001;
    const end = Math.min(start + index * 100_003, data.length - 1);
    const response = await fetch(String(file['url']), { headers: { Range: `bytes=${start}-${end}` } });
    assert.equal(response.status, 206);
    const part = Buffer.from(await response.arrayBuffer());
    assert.ok(part.equals(data.subarray(start, end + 1)), `${start}-${end}`);
  });
  await Promise.all(readers);
});

test('下载: 50 个读者在随意之处离开, 文件句柄与名额全部归还', {
  skip: process.platform !== 'linux' && '要读 /proc',
}, async (t) => {
  const storage = await temporaryFolder(t);
  const { http, port, child } = await spawnServer(t, storage, { SLUICE_DOWNLOADS_MAX_ACTIVE: '20' });
  const data = randomBytes(30 * MIB);
  const file = await publishOne(http, 'a.bin', data);
  for (let round = 0; round < 5; round += 1) {
    const readers = Array.from({ length: 10 }, async (_, index) => {
      const raw = await RawSocket.open(t, port);
      raw.write(get(file));
      // 从一个字节都没读到, 到读了好几 MiB
      const point = index * index * 60_000;
      await raw.atLeast(point);
      raw.socket.destroy();
    });
    await Promise.all(readers);
  }
  await eventually('句柄归还', async () => (await openFilesUnder(child.pid ?? 0, storage)) === 0);
  // 名额若有泄漏, 这 20 个里就会有 503; 都只收头不读体, 所以同时占着
  const again = Array.from({ length: 20 }, async () => {
    const request = requestHead(String(file['url']), { agent: false });
    t.after(() => request.destroy());
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response.statusCode;
  });
  assert.deepEqual(new Set(await Promise.all(again)), new Set([200]));
});

test('下载: 名额用完是 503 server_busy; 条件请求与 HEAD 不占名额; 空出来就能用', async (t) => {
  const { http, port } = await serve(t, { downloads: { maxActive: 2 } });
  const file = await publishOne(http, 'a.bin', randomBytes(30 * MIB));
  const holders = await Promise.all([RawSocket.open(t, port), RawSocket.open(t, port)]);
  for (const raw of holders) {
    raw.write(get(file));
    await raw.atLeast(1);
    raw.socket.pause();
  }
  const busy = await fetch(String(file['url']));
  assert.equal(busy.status, 503);
  assert.equal(await errorCode(busy), 'server_busy');
  assert.equal((await fetch(String(file['url']), { method: 'HEAD' })).status, 200);
  const fresh = await fetch(String(file['url']), { headers: { 'If-None-Match': '*' } });
  assert.equal(fresh.status, 304);
  holders[0]?.socket.destroy();
  await eventually('名额空出', async () => {
    const response = await fetch(String(file['url']), { headers: { Range: 'bytes=0-0' } });
    await response.arrayBuffer();
    return response.status === 206;
  });
  // 停机会等没读完的下载
  holders[1]?.socket.destroy();
});

test('下载: 管理员从磁盘上删掉的文件是 404', async (t) => {
  const { http, storage } = await serve(t);
  const file = await publishOne(http, 'a.txt', 'x');
  await rm(diskPath(storage, file));
  const response = await fetch(String(file['url']));
  assert.equal(response.status, 404);
  assert.equal(await errorCode(response), 'not_found');
});

test('下载: 发送途中被截短的文件, 连接断开, 收到的少于声明的长度', async (t) => {
  const { http, port, storage } = await serve(t);
  const size = 40 * MIB;
  const file = await publishOne(http, 'a.bin', Buffer.alloc(size, 7));
  const raw = await RawSocket.open(t, port);
  raw.write(get(file));
  await raw.atLeast(1);
  raw.socket.pause();
  await truncate(diskPath(storage, file), size - 1);
  raw.socket.resume();
  const answer = await raw.end();
  assert.match(answer, new RegExp(`content-length: ${size}\r`, 'i'));
  assert.ok(answer.length < responseLength(answer));
});

test('下载: 发送之前就被清空的文件是 500, 不是一个空文件', async (t) => {
  const { http, storage } = await serve(t);
  const file = await publishOne(http, 'a.txt', 'content');
  await truncate(diskPath(storage, file), 0);
  const response = await fetch(String(file['url']));
  assert.equal(response.status, 500);
  assert.equal(await errorCode(response), 'internal');
});

test('下载: 同一连接上先后几次, 应答各自完整', async (t) => {
  const { http, port } = await serve(t);
  const data = randomBytes(2 * MIB + 3);
  const big = await publishOne(http, 'a.bin', data);
  const small = await publishOne(http, 'b.txt', 'small');
  const exchanges: readonly (readonly [request: string, body: Buffer])[] = [
    [get(big), data],
    [get(small), Buffer.from('small')],
    [get(small, `If-None-Match: "${small['sha256']}"`), Buffer.alloc(0)],
    [get(big, 'Range: bytes=5-9'), data.subarray(5, 10)],
    [get(big, 'Range: bytes=99999999-'), Buffer.alloc(0)],
    [get(small).replace('GET', 'HEAD'), Buffer.alloc(0)],
    [get(small), Buffer.from('small')],
  ];
  const raw = await RawSocket.open(t, port);
  for (const [text, body] of exchanges) {
    const answer = await raw.write(text).answer(text.slice(0, 4));
    assert.ok(bodyOf(answer).equals(body), text);
  }
});

test('下载: 一口气发出的几个请求, 不会串位: 要么依次完整, 要么断开', async (t) => {
  const { http, port } = await serve(t);
  const data = randomBytes(3 * MIB);
  const file = await publishOne(http, 'a.bin', data);
  // uWS 不支持流水线上的异步应答, 会断开; 浏览器与 curl 都不发流水线
  const raw = await RawSocket.open(t, port);
  raw.write(get(file).repeat(3)).socket.end();
  const answer = await raw.end();
  const body = bodyOf(answer).subarray(0, data.length);
  assert.ok(answer === '' || body.equals(data.subarray(0, body.length)));
  assert.equal((await fetch(String(file['url']))).status, 200);
});
