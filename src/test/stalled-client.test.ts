// 停住了的客户端: 期限一到就断开, 名额归还; 上传的得到 408
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './harness.js';
import {
  bodyOf,
  dataFiles,
  eventually,
  formHeaders,
  multipart,
  publishOne,
  RawSocket,
  unreadDownload,
} from './http-tools.js';

const HEAD = `Host: a\r\nContent-Type: ${formHeaders()['Content-Type']}\r\n`;

test('下载: 停了 downloads.stallTimeoutS 一个字节也不收的断开, 名额归还', async (t) => {
  const server = await serve(t, { downloads: { maxActive: 1, stallTimeoutS: 1 } });
  const { url } = await publishOne(server.http, 'a.txt', '要下载的');
  await unreadDownload(t, server);
  assert.equal((await fetch(String(url))).status, 503, '名额占着');
  await eventually('名额归还', async () => (await fetch(String(url))).status === 200);
});

test('下载: 收得再慢, 只要还在收就不算停住', async (t) => {
  const { http, port } = await serve(t, { downloads: { stallTimeoutS: 2 } });
  const { url } = await publishOne(http, 'a.bin', Buffer.alloc(30 * 1024 * 1024));
  const raw = await RawSocket.open(t, port);
  const answer = raw.write(`GET ${new URL(String(url)).pathname} HTTP/1.1\r\nHost: a\r\n\r\n`).answer();
  // 每 400 毫秒收 1.5 MiB, 合计比期限久得多; 再少, 环回上的窗口要攒一会儿才放开
  let wanted = 0;
  const sip = (bytes: Buffer): void => {
    wanted -= bytes.length;
    if (wanted <= 0) raw.socket.pause();
  };
  raw.socket.on('data', sip);
  for (let count = 0; count < 10; count += 1) {
    wanted = 1.5 * 1024 * 1024;
    raw.socket.resume();
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  raw.socket.off('data', sip).resume();
  assert.equal(bodyOf(await answer).length, 30 * 1024 * 1024);
});

test('上传: 停了 uploads.idleTimeoutMs 没有新字节的是 408 JSON, 什么也不留, 名额归还', async (t) => {
  const { http, port, storage } = await serve(t, { uploads: { maxActive: 1, idleTimeoutMs: 300 } });
  const body = multipart([{ data: '张三' }, { fileName: 'a.bin', data: Buffer.alloc(10_000) }]);
  for (const length of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
    const raw = await RawSocket.open(t, port);
    const part = body.subarray(0, 5000);
    raw.write(`POST /api/files HTTP/1.1\r\n${HEAD}${length}\r\n\r\n`);
    raw.write(length.startsWith('T') ? Buffer.concat([Buffer.from('1388\r\n'), part]) : part);
    const answer = await raw.answer();
    assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
    const { error } = JSON.parse(bodyOf(answer).toString()) as { error: { code: string } };
    assert.equal(error.code, 'request_timeout');
    assert.deepEqual(await dataFiles(storage), []);
    raw.socket.destroy();
  }
  const form = new FormData();
  form.set('name', '张三');
  form.set('file', new Blob(['x']), 'a.txt');
  assert.equal((await fetch(`${http}/api/files`, { method: 'POST', body: form })).status, 201);
});
