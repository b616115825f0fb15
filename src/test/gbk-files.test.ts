// 中文 Windows 的字节: curl.exe 发来的名字, 记事本存下的文本; 三扇门, 秒传与边传边下都一样
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Client, type Message, sha256 } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { gbk } from './gbk.js';
import { serve } from './harness.js';
import { BOUNDARY, dataFiles, errorCode, formHeaders, publishOne } from './http-tools.js';
import { sendInstantly } from './proving.js';
import { assertPublished, begin, fileFrame, finish, joined } from './uploading.js';

const NOTE = '会议纪要: 一, 预算; 二, 进度。\r\n';

/** 整个请求体都是 GBK 的字节, 内容除外 */
function form(name: string | Buffer, disposition: string | Buffer, data: Buffer): Buffer {
  const bytes = (text: string | Buffer): Buffer => (typeof text === 'string' ? gbk(text) : text);
  return Buffer.concat([
    gbk(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n`),
    bytes(name),
    gbk(`\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; `),
    bytes(disposition),
    gbk('\r\nContent-Type: text/plain\r\n\r\n'),
    data,
    gbk(`\r\n--${BOUNDARY}--\r\n`),
  ]);
}

function postForm(http: string, body: Buffer): Promise<Response> {
  return fetch(`${http}/api/files`, { method: 'POST', headers: formHeaders(), body });
}

async function charsetOf(url: unknown): Promise<string | null> {
  const response = await fetch(String(url));
  await response.arrayBuffer();
  return response.headers.get('content-type');
}

test('GBK: curl.exe 发来的名字与文件名就是汉字, 第二个字节是反斜线的字也一样', async (t) => {
  const { http, ws } = await serve(t);
  const member = await Client.join(t, ws, '旁观');
  const cases: readonly (readonly [sender: string, disposition: string, name: string])[] = [
    ['张三', 'filename="报告.txt"', '报告.txt'],
    // 誠 与 縗 的第二个字节是 0x5C: 按字节看就是反斜线, 后面的引号会被当成转义
    ['張誠', 'filename="至誠"', '至誠'],
    ['李雷', 'filename="縗.txt"', '縗.txt'],
    ['李雷', "filename*=GBK''%B1%A8%B8%E6.txt", '报告.txt'],
    ['李雷', 'filename="x.txt"; filename*=gb18030\'\'%B1%A8.txt', '报.txt'],
  ];
  for (const [sender, disposition, expected] of cases) {
    const response = await postForm(http, form(sender, disposition, Buffer.from('x')));
    const { files } = (await response.json()) as { files?: Message[] };
    assert.equal(response.status, 201, disposition);
    assert.equal(files?.[0]?.['name'], sender);
    assert.equal(files[0]['originalName'], expected);
    const heard = await member.next((m) => m.type === 'file' && m['id'] === files[0]?.['id']);
    assert.equal(heard['originalName'], expected);
  }
});

test('GBK: 既不是 UTF-8 也不是 GBK 的名字与文件名是 400, 什么也不留', async (t) => {
  const { http, storage } = await serve(t);
  const bad = Buffer.from([0x61, 0xff, 0x62]);
  const quoted = Buffer.concat([Buffer.from('filename="'), bad, Buffer.from('.txt"')]);
  const bodies = [form(bad, 'filename="a.txt"', Buffer.alloc(1)), form('张三', quoted, Buffer.alloc(1))];
  for (const body of bodies) {
    const response = await postForm(http, body);
    assert.equal(response.status, 400);
    assert.equal(await errorCode(response), 'invalid_field');
  }
  assert.deepEqual(await dataFiles(storage), []);
});

test('GBK: 标明编码的字段按它标明的; 忽略的字段是什么编码都行', async (t) => {
  const { http } = await serve(t);
  const body = Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\n`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(
      `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=Big5\r\n\r\n`,
    ),
    Buffer.from('b169a454', 'hex'),
    Buffer.from(`\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n`),
    Buffer.from(`x\r\n--${BOUNDARY}--\r\n`),
  ]);
  const response = await postForm(http, body);
  const { files } = (await response.json()) as { files?: Message[] };
  assert.equal(files?.[0]?.['name'], '張三');
});

test('文本的编码: 三扇门收下的 GBK, UTF-16 与 UTF-8, 都以各自的编码送出', async (t) => {
  const { http, client } = await joined(t);
  const cases: readonly (readonly [Buffer, string])[] = [
    [gbk(NOTE), 'gb18030'],
    // 头一个汉字远在样本 (4100 字节) 之后
    [Buffer.concat([Buffer.alloc(300_000, 'log line\n'), gbk(NOTE)]), 'gb18030'],
    [Buffer.from(`\ufeff${NOTE}`, 'utf16le'), 'utf-16le'],
    [Buffer.from(`\ufeff${NOTE}`, 'utf16le').swap16(), 'utf-16be'],
    [Buffer.from(NOTE), 'utf-8'],
    [Buffer.from(`\ufeff${NOTE}`), 'utf-8'],
    [Buffer.from('plain'), 'utf-8'],
  ];
  for (const [index, [data, charset]] of cases.entries()) {
    client.sendRaw(fileFrame(`单帧 ${index}.txt`, data));
    const single = await client.next((m) => m.type === 'file' && m['originalName'] === `单帧 ${index}.txt`);
    const ready = await begin(client, { originalName: '分片.txt', size: data.length });
    client.send({
      type: 'file_chunk',
      uploadId: ready['uploadId'],
      offset: 0,
      data: data.toString('base64'),
    });
    const chunked = await finish(client, ready);
    const posted = await publishOne(http, '表单.txt', data);
    for (const file of [single, chunked, posted]) {
      await assertPublished(file, data);
      assert.equal(await charsetOf(file['url']), `text/plain; charset=${charset}`, `${file['originalName']}`);
    }
  }
  // 只有文本说编码; 表格也是文本
  const table = await publishOne(http, 'a.csv', gbk(NOTE));
  assert.equal(await charsetOf(table['url']), 'text/csv; charset=gb18030');
  const data = await publishOne(http, 'a.json', gbk(NOTE));
  assert.equal(await charsetOf(data['url']), 'application/json');
});

test('文本的编码: 重启之后还在; 旧记录与手改过的照旧是 utf-8, 进不了头', async (t) => {
  const first = await serve(t);
  const file = await publishOne(first.http, '纪要.txt', gbk(NOTE));
  const { pathname } = new URL(String(file['url']));
  const meta = path.join(first.storage, 'meta', `${file['id']}.json`);
  const record = JSON.parse(await readFile(meta, 'utf8')) as Record<string, unknown>;
  await first.server.stop();
  const { charset: _, ...older } = record;
  const rounds: readonly (readonly [object, string])[] = [
    [record, 'gb18030'],
    [older, 'utf-8'],
    [{ ...record, charset: 'x\r\nSet-Cookie: a=b' }, 'utf-8'],
  ];
  for (const [stored, expected] of rounds) {
    await writeFile(meta, JSON.stringify(stored));
    const { http, server } = await serve(t, { storage: { path: first.storage } });
    assert.equal(await charsetOf(`${http}${pathname}`), `text/plain; charset=${expected}`);
    await server.stop();
  }
});

test('文本的编码: 秒传的, 以及还在上传就打开的, 都与发布之后一样', async (t) => {
  const { ws } = await serve(t);
  const client = await joinOffering(t, ws, '张三');
  const data = gbk(NOTE.repeat(400));
  const ready = await begin(client, { size: data.length, originalName: '边传.txt', sha256: sha256(data) });
  const offer = await offerOf(client, ready);
  const half = data.subarray(0, 9000).toString('base64');
  client.send({ type: 'file_chunk', uploadId: ready['uploadId'], offset: 0, data: half });
  const reader = await Reader.open(t, offer['url']);
  assert.equal(reader.header('content-type'), 'text/plain; charset=gb18030');
  const rest = data.subarray(9000).toString('base64');
  client.send({ type: 'file_chunk', uploadId: ready['uploadId'], offset: 9000, data: rest });
  await finish(client, ready);
  assert.deepEqual((await reader.end()).data, data);
  const instant = await sendInstantly(client, data, { originalName: '秒传.md' });
  assert.equal(await charsetOf(instant['url']), 'text/markdown; charset=gb18030');
});
