import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, type Message, sha256 } from './client.js';
import { serve } from './harness.js';
import { BOUNDARY, dataFiles, errorCode, multipart, post, publish, publishOne } from './http-tools.js';

async function stored(storage: string, file: Message | undefined): Promise<Buffer> {
  return readFile(path.join(storage, 'files', path.basename(new URL(String(file?.['url'])).pathname)));
}

test('multipart: 一个文件得到 201, 应答的字段齐全, 磁盘上的字节不差', async (t) => {
  const { http, storage } = await serve(t);
  const data = Buffer.from('内容 1\r\n内容 2\0尾');
  const response = await post(http, [{ data: '张三' }, { fileName: '报告.txt', type: 'text/plain', data }]);
  assert.equal(response.status, 201);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const { files } = (await response.json()) as { files: Message[] };
  const [file] = files;
  assert.equal(files.length, 1);
  assert.equal(file?.type, 'file');
  assert.equal(file['name'], '张三');
  assert.equal(file['originalName'], '报告.txt');
  assert.equal(file['size'], data.length);
  assert.equal(file['sha256'], sha256(data));
  assert.equal(file['mimeType'], 'text/plain');
  assert.match(String(file['url']), new RegExp(`^${http}/files/[0-9a-f-]{36}\\.txt$`));
  assert.equal(typeof file['seq'], 'number');
  assert.deepEqual(await stored(storage, file), data);
});

test('multipart: 一次多个文件, 次序不变, 每个成员对每个文件恰好收到一次', async (t) => {
  const { http, ws } = await serve(t);
  const first = await Client.join(t, `${ws}/ws`, '甲');
  const second = await Client.join(t, `${ws}/`, '乙');
  const sent = ['a.txt', '乙.bin', 'c.dat'].map((fileName, index) => ({
    fileName,
    data: Buffer.alloc(index * 700_000, `${index}`),
  }));
  const files = await publish(http, sent);
  assert.deepEqual(
    files.map((file) => [file['originalName'], file['size']]),
    sent.map(({ fileName, data }) => [fileName, data.length]),
  );
  for (const client of [first, second]) {
    await client.next((message) => message.type === 'file' && message['originalName'] === 'c.dat');
    await client.settle();
    assert.deepEqual(client.of('file'), files);
  }
});

test('multipart: 链接对每个收件人都是他自己连接时的 Host', async (t) => {
  const { http, ws, port } = await serve(t);
  const near = await Client.join(t, ws, '近');
  const far = await Client.join(t, ws, '远', {}, { headers: { Host: 'chat.example.com:8443' } });
  const file = await publishOne(http, 'a.txt', 'x');
  const tail = new URL(String(file['url'])).pathname;
  assert.equal((await near.next('file'))['url'], `http://127.0.0.1:${port}${tail}`);
  assert.equal((await far.next('file'))['url'], `http://chat.example.com:8443${tail}`);
});

test('multipart: 中文与带攻击意图的文件名, 只留下可显示的名字', async (t) => {
  const { http, storage } = await serve(t);
  const cases: readonly (readonly [string, string])[] = [
    ['name="f"; filename="电影 (终).mkv"', '电影 (终).mkv'],
    ['name="f"; filename="a\\"b.txt"', 'a_b.txt'],
    ['name="f"; filename="../../etc/passwd.txt"', 'passwd.txt'],
    ['name="f"; filename="C:\\\\Users\\\\x\\\\报告.txt"', '报告.txt'],
    ['name="f"; filename="..\\..\\a.txt"', 'a.txt'],
    ['name="f"; filename="100%25 %2e%2e%2f.txt"', '100%25 %2e%2e%2f.txt'],
    ['name="f"; filename*=UTF-8\'\'%E6%8A%A5%E5%91%8A%22.txt', '报告_.txt'],
    ['name="f"; filename="x.txt"; filename*=UTF-8\'\'%E4%B8%AD.txt', '中.txt'],
    ['name="f"; filename*=UTF-8\'\'..%2F..%2Fb.txt', 'b.txt'],
    ['name="f"; filename=bare.txt', 'bare.txt'],
    ['name="f"; filename="CON.txt"', 'CON.txt'],
  ];
  for (const [disposition, expected] of cases) {
    const response = await post(http, [{ data: '张三' }, { disposition, data: 'x' }]);
    const { files } = (await response.json()) as { files: Message[] };
    assert.equal(files?.[0]?.['originalName'], expected, disposition);
  }
  // 磁盘上的名字只由 UUID 与扩展名组成
  for (const file of await dataFiles(storage)) {
    assert.match(file, /^(?:files|meta)\/[0-9a-f-]{36}\.(?:txt|mkv|json)$/);
  }
});

test('multipart: 长到 200 字节的中文名与过长的名字都能收下, 扩展名不丢', async (t) => {
  const { http } = await serve(t);
  const file = await publishOne(http, `${'长'.repeat(300)}.pdf`, 'x');
  assert.match(String(file['originalName']), /^长+\.pdf$/);
  assert.ok(Buffer.byteLength(String(file['originalName'])) <= 200);
  assert.match(String(file['url']), /\.pdf$/);
});

test('multipart: Bearer 会话决定名字, 表单里的 name 不算数; 令牌不对是 401', async (t) => {
  const { http, ws, storage } = await serve(t);
  const client = await Client.join(t, ws, '真名');
  const token = String(client.welcome['session']);
  const parts = [{ data: '冒名' }, { fileName: 'a.txt', data: 'x' }];
  const response = await post(http, parts, { Authorization: `Bearer ${token}` });
  assert.equal(response.status, 201);
  assert.equal((await client.next('file'))['name'], '真名');
  const nameless = await post(http, [{ fileName: 'a.txt', data: 'x' }], { Authorization: `bearer ${token}` });
  assert.equal(nameless.status, 201);
  const before = await dataFiles(storage);
  for (const wrong of [`Bearer ${token}x`, 'Bearer', `Basic ${token}`, 'Bearer ']) {
    const refused = await post(http, parts, { Authorization: wrong });
    assert.equal(refused.status, 401, wrong);
    assert.equal(await errorCode(refused), 'unauthorized');
  }
  assert.deepEqual(await dataFiles(storage), before);
});

test('multipart: 空文件, 以及恰好一个字节的文件', async (t) => {
  const { http, storage } = await serve(t);
  for (const data of ['', 'x']) {
    const file = await publishOne(http, '空.txt', data);
    assert.equal(file['size'], data.length);
    assert.equal(file['sha256'], sha256(Buffer.from(data)));
    assert.equal((await stored(storage, file)).length, data.length);
  }
});

test('multipart: 内容里像边界的字节原样保留', async (t) => {
  const { http, storage } = await serve(t);
  const tricks = [
    `\r\n--${BOUNDARY.slice(0, -1)}`,
    `--${BOUNDARY}--`,
    `\n-${BOUNDARY}\n`,
    `\r--${BOUNDARY}\r`,
    `\r\n-${BOUNDARY}--\r\n`,
    `\r\n\r\n--${BOUNDARY.toLowerCase()}--\r\n`,
    '\r\n--',
    '\r\n',
  ];
  const data = Buffer.from(`${tricks.join('|')}${tricks.join('')}`);
  const file = await publishOne(http, 'trick.bin', data);
  assert.deepEqual(await stored(storage, file), data);
});

test('multipart: 引号里的边界, 前言与尾声, 多余的字段都合法', async (t) => {
  const { http } = await serve(t);
  const boundary = "a b'()+_,-./:=?z";
  const parts = [{ field: 'note', data: 'x' }, { data: '张三' }, { fileName: 'a.txt', data: 'abc' }];
  const body = Buffer.concat([Buffer.from('前言\r\n'), multipart(parts, boundary), Buffer.from('尾声')]);
  const headers = { 'Content-Type': `Multipart/Form-Data; charset=utf-8; boundary="${boundary}"` };
  const response = await fetch(`${http}/api/files`, { method: 'POST', headers, body });
  assert.equal(response.status, 201, await response.text());
});

test('multipart: 浏览器式的 FormData (node fetch 自己编码) 一样收下', async (t) => {
  const { http } = await serve(t);
  const form = new FormData();
  form.append('name', '李四');
  form.append('file', new Blob(['甲', '乙']), '合 集.txt');
  const response = await fetch(`${http}/api/files`, { method: 'POST', body: form });
  const { files } = (await response.json()) as { files: Message[] };
  assert.equal(files[0]?.['name'], '李四');
  assert.equal(files[0]['originalName'], '合 集.txt');
  assert.equal(files[0]['size'], 6);
});
