import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import {
  dataFiles,
  errorCode,
  eventually,
  formHeaders,
  multipart,
  type Part,
  post,
  RawSocket,
} from './http-tools.js';

const NAME: Part = { data: '张三' };
const file = (fileName: string, bytes: number): Part => ({ fileName, data: Buffer.alloc(bytes, fileName) });

function rawPost(body: Buffer): Buffer {
  const lines = ['POST /api/files HTTP/1.1', 'Host: a', `Content-Type: ${formHeaders()['Content-Type']}`];
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
}

test('multipart: 传完即走的客户端, 几个文件要么都发布, 要么都不; 广播过的都能下载', async (t) => {
  const { http, ws, port, storage } = await serve(t);
  const member = await Client.join(t, ws, '旁观');
  const names = ['a.bin', 'b.bin', 'c.bin'];
  const request = rawPost(multipart([NAME, ...names.map((name) => file(name, 300_000))]));
  for (let round = 0; round < 30; round += 1) {
    const raw = await RawSocket.open(t, port);
    // 有时等半个来回再走: 正好落在校验与发布之间
    raw.socket.write(request, () => {
      if (round % 3 === 0) raw.socket.resetAndDestroy();
      else if (round % 3 === 1) setImmediate(() => raw.socket.destroy());
      else raw.socket.end();
    });
    await raw.end();
  }
  await eventually(
    '没有部分文件',
    async () => !(await dataFiles(storage)).some((name) => name.startsWith('partial')),
  );
  assert.equal((await post(http, [NAME, file('last.bin', 1)])).status, 201);
  await member.next((message) => message.type === 'file' && message['originalName'] === 'last.bin');
  const announced = member.of('file').slice(0, -1);
  assert.deepEqual(
    announced.map((message) => message['originalName']).sort(),
    names.flatMap((name) => Array.from({ length: announced.length / 3 }, () => name)),
  );
  for (const message of announced) {
    const response = await fetch(String(message['url']));
    assert.equal(response.status, 200);
    assert.equal((await response.arrayBuffer()).byteLength, 300_000);
  }
  assert.equal((await dataFiles(storage)).length, member.of('file').length * 2);
});

test('multipart: 发布时磁盘出错是 500, 不留部分文件, 不漏窗口预算, 磁盘好了就能用', async (t) => {
  const { http, ws, storage } = await serve(t, {
    files: { windowBytes: 1_048_576, chunkBytes: 262_144 },
    uploads: { windowBudgetBytes: 4_194_304, maxActive: 16 },
  });
  const member = await Client.join(t, ws, '旁观');
  await rm(path.join(storage, 'files'), { recursive: true });
  // 每次漏一个窗口的话, 几次之后就是 server_busy
  for (let round = 0; round < 30; round += 1) {
    const response = await post(http, [NAME, file('a.bin', 50_000), file('b.bin', 50_000)]);
    assert.equal(await errorCode(response), 'internal');
    assert.equal(response.status, 500);
  }
  assert.deepEqual(await dataFiles(storage), []);
  await mkdir(path.join(storage, 'files'));
  assert.equal((await post(http, [NAME, file('a.bin', 50_000)])).status, 201);
  await member.next('file');
  await member.settle();
  assert.equal(member.of('file').length, 1);
});

test('multipart: 建不了部分文件是 500, 空文件也是, 进程不会因没人等的错误退出', async (t) => {
  const { http, port, storage } = await serve(t);
  const folder = path.join(storage, 'partial');
  await rm(folder, { recursive: true });
  for (const bytes of [0, 1, 2_000_000]) {
    const response = await post(http, [NAME, file('a.bin', bytes)]);
    assert.equal(response.status, 500, `${bytes}`);
    assert.equal(await errorCode(response), 'internal');
  }
  // 只有段头, 没有内容: 创建的失败没有谁在等
  const whole = rawPost(multipart([NAME, file('a.bin', 10)]));
  const raw = await RawSocket.open(t, port);
  raw.write(whole.subarray(0, whole.indexOf('\r\n\r\naaa') + 4));
  for (let round = 0; round < 5; round += 1) assert.equal((await fetch(`${http}/healthz`)).status, 200);
  raw.write(whole.subarray(whole.indexOf('\r\n\r\naaa') + 4));
  assert.match(await raw.answer(), /^HTTP\/1\.1 500 /);
  await mkdir(folder);
  assert.equal((await post(http, [NAME, file('a.bin', 1)])).status, 201);
});

test('multipart: 停机时半途的请求得到 server_stopping, 部分文件删净', async (t) => {
  const { server, port, storage } = await serve(t);
  const request = rawPost(multipart([NAME, file('a.bin', 3_000_000)]));
  const raw = await RawSocket.open(t, port);
  raw.write(request.subarray(0, 1_000_000));
  await eventually('部分文件出现', async () => (await dataFiles(storage)).length === 1);
  const stopped = server.stop();
  const answer = await raw.answer();
  assert.match(answer, /^HTTP\/1\.1 503 /);
  assert.match(answer, /"code":"server_stopping"/);
  await stopped;
  assert.deepEqual(await dataFiles(storage), []);
});
