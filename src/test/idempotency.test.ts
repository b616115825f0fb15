// Idempotency-Key: 应答丢了的 POST 再发一次, 不会再播一遍; 正在做的 409, 内容不同的 422
import assert from 'node:assert/strict';
import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, type Message } from './client.js';
import { type Running, serve, spawnServer, temporaryFolder } from './harness.js';
import {
  dataFiles,
  errorCode,
  eventually,
  formHeaders,
  multipart,
  type Part,
  post,
  RawSocket,
  rawRequest,
} from './http-tools.js';

const NAME: Part = { data: '张三' };
const REPORT: Part = { fileName: '报告.txt', data: '第一份' };
const PHOTO: Part = { fileName: '照片.bin', data: Buffer.alloc(200_000, 7) };
const FORM = [NAME, REPORT, PHOTO];

interface Posted {
  readonly status: number;
  readonly files: readonly Message[];
}

async function keyed(
  { http }: Pick<Running, 'http'>,
  key: string,
  parts: readonly Part[] = FORM,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const response = await post(http, parts, { 'Idempotency-Key': key, ...headers });
  const { files } = (await response.json()) as { files: Message[] };
  return { status: response.status, files };
}

function halfPost(key: string): [head: Buffer, rest: Buffer] {
  const body = multipart(FORM);
  const lines = [
    'POST /api/files HTTP/1.1',
    'Host: a',
    `Content-Type: ${formHeaders()['Content-Type']}`,
    `Idempotency-Key: ${key}`,
    `Content-Length: ${body.length}`,
  ];
  const half = body.length / 2;
  return [
    Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body.subarray(0, half)]),
    body.subarray(half),
  ];
}

test('幂等键: 应答丢了再发, 得到同样的文件与同样的应答, 不再播第二遍', async (t) => {
  const running = await serve(t);
  const member = await Client.join(t, running.ws, '旁观');
  const first = await keyed(running, 'k-1');
  const again = await keyed(running, 'k-1');
  assert.equal(first.status, 201);
  assert.deepEqual(again, first);
  // 没有键的照旧: 再发就是又一份
  assert.equal((await post(running.http, [NAME, REPORT])).status, 201);
  await member.next(({ type, seq }) => type === 'file' && seq === 3);
  assert.deepEqual(
    member.of('file').map(({ originalName }) => originalName),
    ['报告.txt', '照片.bin', '报告.txt'],
  );
  assert.equal((await dataFiles(running.storage)).length, 6, '三个文件与三份描述, 没有多出来的');
});

test('幂等键: 换了内容, 名字, 个数或次序是 422, 一个文件也不留; 原来的仍可再发', async (t) => {
  const running = await serve(t);
  const first = await keyed(running, 'k-1');
  const changed: (readonly Part[])[] = [
    [NAME, REPORT],
    [NAME, REPORT, PHOTO, { fileName: '多.txt', data: '多' }],
    [NAME, { ...REPORT, data: '第二份' }, PHOTO],
    [NAME, { ...REPORT, fileName: '别的.txt' }, PHOTO],
    [NAME, PHOTO, REPORT],
  ];
  for (const parts of changed) {
    const response = await post(running.http, parts, { 'Idempotency-Key': 'k-1' });
    assert.equal(response.status, 422);
    assert.equal(await errorCode(response), 'idempotency_key_reused');
  }
  assert.equal((await dataFiles(running.storage)).length, 4);
  assert.deepEqual(await keyed(running, 'k-1'), first);
});

test('幂等键: 还在做的同一个请求是 409, 可以重试; 做完之后再发就是它的结果', async (t) => {
  const running = await serve(t);
  const [head, rest] = halfPost('k-1');
  const raw = await RawSocket.open(t, running.port);
  raw.write(head);
  await eventually('前一半到了', async () => (await dataFiles(running.storage)).length > 0);
  const early = await post(running.http, FORM, { 'Idempotency-Key': 'k-1' });
  assert.equal(early.status, 409);
  assert.equal(await errorCode(early), 'request_in_progress');
  raw.write(rest);
  assert.match(await raw.answer(), /^HTTP\/1\.1 201 /);
  const again = await keyed(running, 'k-1');
  assert.equal(again.status, 201);
  assert.equal((await dataFiles(running.storage)).length, 4);
});

test('幂等键: 半途离开的请求放开它的键', async (t) => {
  const running = await serve(t);
  const [head] = halfPost('k-1');
  const raw = await RawSocket.open(t, running.port);
  raw.write(head);
  await eventually('前一半到了', async () => (await dataFiles(running.storage)).length > 0);
  raw.socket.destroy();
  await eventually('半个文件收走了', async () => (await dataFiles(running.storage)).length === 0);
  assert.equal((await keyed(running, 'k-1')).status, 201);
});

test('幂等键: 属于发的人; 不同的名字, 会话用同样的键互不相干', async (t) => {
  const running = await serve(t);
  const zhang = await Client.join(t, running.ws, '会话里的人');
  const bearer = { Authorization: `Bearer ${String(zhang.welcome['session'])}` };
  const outcomes = [
    await keyed(running, 'k-1'),
    await keyed(running, 'k-1', [{ data: '李四' }, REPORT, PHOTO]),
    await keyed(running, 'k-1', [REPORT, PHOTO], bearer),
    await keyed(running, 'k-2'),
  ];
  const ids = outcomes.flatMap(({ files }) => files.map(({ id }) => id));
  assert.equal(new Set(ids).size, 8);
  assert.deepEqual(await keyed(running, 'k-1', [REPORT, PHOTO], bearer), outcomes[2]);
});

test('幂等键: 写法不对是 400, 一个文件也不留', async (t) => {
  const { http, port, storage } = await serve(t);
  for (const key of ['a b', 'k'.repeat(256), '\u00e9']) {
    const response = await post(http, FORM, { 'Idempotency-Key': key });
    assert.equal(response.status, 400, key);
    assert.equal(await errorCode(response), 'invalid_field');
  }
  // 空的, 写了两次的: 不能当作没写
  for (const lines of ['Idempotency-Key:', 'Idempotency-Key: a\r\nIdempotency-Key: b']) {
    const type = `Content-Type: ${formHeaders()['Content-Type']}`;
    const answer = await rawRequest(
      t,
      port,
      `POST /api/files HTTP/1.1\r\nHost: a\r\n${type}\r\n${lines}\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*"code":"invalid_field"/);
  }
  assert.deepEqual(await dataFiles(storage), []);
});

test('幂等键: 服务器 kill -9 再启动之后仍认得; 过了 24 小时是新的请求', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await spawnServer(t, storage);
  const first = await keyed(before, 'k-1');
  await before.kill();
  const after = await spawnServer(t, storage);
  const again = await keyed(after, 'k-1');
  assert.equal(again.status, 201);
  assert.deepEqual(ids(again), ids(first));
  await after.kill();
  // 记录的时刻就是文件的时间: 改成一天多以前
  const [record] = await readdir(path.join(storage, 'requests'));
  const old = new Date(Date.now() - 25 * 3_600_000);
  await utimes(path.join(storage, 'requests', String(record)), old, old);
  const nextDay = await spawnServer(t, storage);
  assert.notDeepEqual(ids(await keyed(nextDay, 'k-1')), ids(first));
});

function ids({ files }: Posted): unknown[] {
  return files.map(({ id }) => id);
}
