import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { serve, temporaryFolder } from './harness.js';
import {
  curl,
  dataFiles,
  errorCode,
  eventually,
  formHeaders,
  multipart,
  type Part,
  post,
  publishOne,
  RawSocket,
} from './http-tools.js';

const LIMIT = 200_000;
const LIMITED = { files: { fileBytes: LIMIT } };
const NAME: Part = { data: '张三' };

const head = (...lines: string[]): string =>
  `${['POST /api/files HTTP/1.1', 'Host: a', `Content-Type: ${formHeaders()['Content-Type']}`, ...lines].join('\r\n')}\r\n\r\n`;
const fileOf = (bytes: number): Part[] => [NAME, { fileName: 'a.bin', data: Buffer.alloc(bytes, 1) }];

test('上限: 声明的长度超过上限时, 请求体一个字节也没动就得到 413', async (t) => {
  const { port, storage } = await serve(t, LIMITED);
  const raw = await RawSocket.open(t, port);
  const answer = await raw.write(head('Content-Length: 5000000000000')).answer();
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /connection: close/i);
  assert.match(answer, /"code":"file_too_large".*"limit":200000/);
  assert.deepEqual(await dataFiles(storage), []);
});

test('上限: 恰好等于上限的文件收下, 多一个字节就拒绝', async (t) => {
  const { http, storage } = await serve(t, LIMITED);
  assert.equal((await publishOne(http, 'a.bin', Buffer.alloc(LIMIT)))['size'], LIMIT);
  const before = await dataFiles(storage);
  const response = await post(http, fileOf(LIMIT + 1));
  assert.equal(response.status, 413);
  assert.equal(await errorCode(response), 'file_too_large');
  assert.deepEqual(await dataFiles(storage), before);
});

test('上限: curl 不管带不带 Expect, 声明的还是分块的, 都读得到 413 与原因', async (t) => {
  const { http, storage } = await serve(t, LIMITED);
  const folder = await temporaryFolder(t);
  const small = path.join(folder, 'small.bin');
  const big = path.join(folder, 'big.bin');
  // 200 MB 的稀疏文件: 远大于内核缓冲, 服务器不停读的话一定会看见
  await writeFile(small, Buffer.alloc(LIMIT + 1));
  await writeFile(big, '');
  await truncate(big, 200_000_000);
  const variants = [[], ['-H', 'Expect:'], ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked']];
  for (const file of [small, big]) {
    for (const variant of variants) {
      const form = ['-F', 'name=张三', '-F', `file=@${file}`];
      const { code, status, body } = await curl([...variant, ...form, `${http}/api/files`]);
      assert.equal(status, '413', `${file} ${variant} ${body}`);
      assert.match(body, /"code":"file_too_large"/);
      assert.equal(code, 0);
      assert.deepEqual(await dataFiles(storage), []);
    }
  }
});

test('上限: fetch 声明长度的与流式的大请求体, 都读得到 413', async (t) => {
  const { http, storage } = await serve(t, LIMITED);
  const declared = await post(http, fileOf(30_000_000));
  assert.equal(declared.status, 413);
  assert.equal(await errorCode(declared), 'file_too_large');
  const body = new Blob([multipart(fileOf(30_000_000))]).stream();
  const init = { method: 'POST', headers: formHeaders(), body, duplex: 'half' as const };
  const streamed = await fetch(`${http}/api/files`, init);
  assert.equal(streamed.status, 413);
  assert.equal(await errorCode(streamed), 'file_too_large');
  assert.deepEqual(await dataFiles(storage), []);
});

test('上限: 声明的长度在余量之内, 越过上限的那个字节一到就拒绝, 不等收完', async (t) => {
  const { port, storage } = await serve(t, LIMITED);
  const body = multipart(fileOf(LIMIT + 500_000));
  const raw = await RawSocket.open(t, port);
  // 只发到越过上限之处, 余下的一直不发
  raw.write(head(`Content-Length: ${body.length}`)).write(body.subarray(0, LIMIT + 1000));
  assert.match(await raw.answer(), /^HTTP\/1\.1 413 /);
  assert.deepEqual(await dataFiles(storage), []);
});

test('上限: 上限按单个文件算, 合起来超过请求上限的也拒绝, 前面的文件一并删净', async (t) => {
  const { http, storage } = await serve(t, LIMITED);
  const file: Part = { fileName: 'a.bin', data: Buffer.alloc(LIMIT) };
  assert.equal((await post(http, [NAME, file, file])).status, 201);
  const before = await dataFiles(storage);
  const tooLong = { fileName: 'b.bin', data: Buffer.alloc(LIMIT + 1) };
  assert.equal(await errorCode(await post(http, [NAME, file, file, tooLong])), 'file_too_large');
  const many = await post(http, [NAME, ...Array.from({ length: 8 }, () => file)]);
  assert.equal(await errorCode(many), 'file_too_large');
  assert.deepEqual(await dataFiles(storage), before);
});

test('上限: 传到一半离开的, 部分文件删净, 名额也还了回来', async (t) => {
  const { http, port, storage } = await serve(t, { uploads: { maxActive: 1 } });
  const body = multipart(fileOf(3_000_000));
  for (const announce of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
    const raw = await RawSocket.open(t, port);
    const half = body.subarray(0, 1_500_000);
    raw.write(head(announce));
    raw.write(announce.startsWith('T') ? Buffer.concat([Buffer.from('16E360\r\n'), half]) : half);
    await eventually('部分文件出现', async () => (await dataFiles(storage)).length === 1);
    assert.equal(await errorCode(await post(http, fileOf(1))), 'server_busy');
    raw.socket.destroy();
    await eventually('部分文件删除', async () => (await dataFiles(storage)).length === 0);
  }
  assert.equal((await post(http, fileOf(1))).status, 201);
});

test('上限: 被拒之后仍不停发送的客户端会被切断, 服务器照常', async (t) => {
  const { http, port, storage } = await serve(t, LIMITED);
  const raw = await RawSocket.open(t, port);
  const block = Buffer.alloc(65_536, 1);
  raw.write(head('Content-Length: 1000000000000')).write(multipart(fileOf(1)).subarray(0, -20));
  // 一直写到对方切断; 应答读而不理
  const pump = (): void => {
    while (!raw.socket.destroyed && raw.socket.write(block));
  };
  raw.socket.on('drain', pump);
  pump();
  assert.match(await raw.end(), /^HTTP\/1\.1 413 /);
  assert.deepEqual(await dataFiles(storage), []);
  assert.equal((await fetch(`${http}/healthz`)).status, 200);
});

test('上限: 收完之后才发现的错误不断开连接, 同一连接接着能用', async (t) => {
  const { port } = await serve(t);
  const bad = multipart([NAME]);
  const good = multipart(fileOf(10));
  const raw = await RawSocket.open(t, port);
  const first = await raw
    .write(head(`Content-Length: ${bad.length}`))
    .write(bad)
    .answer();
  assert.match(first, /^HTTP\/1\.1 400 /);
  raw.write(head(`Content-Length: ${good.length}`)).write(good);
  assert.match(await raw.answer(), /^HTTP\/1\.1 201 /);
});
