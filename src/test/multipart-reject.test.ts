import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { BOUNDARY, dataFiles, errorCode, formHeaders, multipart, type Part, post } from './http-tools.js';

const NAME: Part = { data: '张三' };
const FILE: Part = { fileName: 'a.txt', data: 'x'.repeat(5000) };

interface Refusal {
  readonly title: string;
  readonly parts?: readonly Part[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly status: number;
  readonly code: string;
}

const whole = multipart([NAME, FILE]);
const fields = (count: number): Part[] =>
  Array.from({ length: count }, (_, index) => ({ field: `f${index}`, data: '' }));
const files = (count: number): Part[] => Array.from({ length: count }, () => FILE);
const bad = { status: 400, code: 'invalid_field' };

const REFUSALS: readonly Refusal[] = [
  { title: 'name 在文件之后', parts: [FILE, NAME], ...bad },
  { title: '没有 name', parts: [FILE], ...bad },
  { title: '没有文件', parts: [NAME], ...bad },
  { title: '一段也没有', body: Buffer.from(`--${BOUNDARY}--\r\n`), ...bad },
  { title: '空的请求体', body: Buffer.alloc(0), ...bad },
  { title: '文件太多', parts: [NAME, ...files(4)], ...bad },
  { title: '字段太多', parts: [NAME, ...fields(16), FILE], ...bad },
  { title: '字段太长', parts: [NAME, { field: 'note', data: 'x'.repeat(5000) }, FILE], ...bad },
  { title: '文件之后的字段太长', parts: [NAME, FILE, { field: 'note', data: 'x'.repeat(5000) }], ...bad },
  {
    title: '字段的 charset 不认识',
    parts: [{ data: '张三', type: 'text/plain; charset=no-such' }, FILE],
    ...bad,
  },
  { title: '字段没有名字', parts: [NAME, { disposition: 'x=y', data: '' }, FILE], ...bad },
  {
    title: '段的头太长',
    parts: [NAME, { disposition: `name="${'x'.repeat(20_000)}"`, data: '' }, FILE],
    ...bad,
  },
  { title: '段的头不合法', body: Buffer.from(`--${BOUNDARY}\r\n:\r\n\r\nx\r\n--${BOUNDARY}--\r\n`), ...bad },
  { title: '少了结尾的边界', body: whole.subarray(0, whole.length - 4), ...bad },
  { title: '断在文件中间', body: whole.subarray(0, 2000), ...bad },
  { title: '断在段头中间', body: whole.subarray(0, 40), ...bad },
  { title: '边界对不上', headers: { 'Content-Type': 'multipart/form-data; boundary=other' }, ...bad },
  { title: '没有 boundary', headers: { 'Content-Type': 'multipart/form-data' }, ...bad },
  { title: '空的 boundary', headers: { 'Content-Type': 'multipart/form-data; boundary=""' }, ...bad },
  {
    title: '过长的 boundary',
    headers: { 'Content-Type': `multipart/form-data; boundary=${'x'.repeat(71)}` },
    ...bad,
  },
  {
    title: '两处解析不一的 boundary',
    headers: { 'Content-Type': `multipart/form-data; a="; boundary=x"; boundary=${BOUNDARY}` },
    ...bad,
  },
  { title: '不是 multipart', headers: { 'Content-Type': 'application/octet-stream' }, ...bad },
  { title: 'multipart/mixed', headers: { 'Content-Type': `multipart/mixed; boundary=${BOUNDARY}` }, ...bad },
  { title: '名字是空白', parts: [{ data: '  ' }, FILE], status: 400, code: 'name_invalid' },
  { title: '名字太长', parts: [{ data: '长'.repeat(33) }, FILE], status: 400, code: 'name_invalid' },
  { title: '名字有控制字符', parts: [{ data: 'a\u0000b' }, FILE], status: 400, code: 'name_invalid' },
  { title: '名字有双向控制字符', parts: [{ data: 'a\u202eb' }, FILE], status: 400, code: 'name_invalid' },
  {
    title: '文件名清理后是空的',
    parts: [NAME, { fileName: '...', data: 'x' }],
    status: 400,
    code: 'file_name_invalid',
  },
  {
    title: '没有选文件的表单',
    parts: [NAME, { fileName: '', data: '', type: 'application/octet-stream' }],
    ...bad,
  },
  {
    title: '被禁的扩展名',
    parts: [NAME, FILE, { fileName: 'a.exe', data: 'x' }],
    status: 415,
    code: 'file_type_forbidden',
  },
  {
    title: '尾部的点藏不住扩展名',
    parts: [NAME, { fileName: 'a.exe. .', data: 'x' }],
    status: 415,
    code: 'file_type_forbidden',
  },
  {
    title: '改了名的可执行文件',
    parts: [NAME, FILE, { fileName: 'a.jpg', data: 'MZ\u0090' }],
    status: 415,
    code: 'file_type_forbidden',
  },
  { title: '外站网页', headers: { Origin: 'http://evil.example' }, status: 403, code: 'forbidden_origin' },
  { title: '不透明来源', headers: { Origin: 'null' }, status: 403, code: 'forbidden_origin' },
  { title: 'Host 里夹带路径', headers: { Host: 'a/b' }, ...bad },
];

test('multipart: 凡是拒绝的, 错误码都对, 磁盘上什么也不留, 也没有广播', async (t) => {
  const { http, ws, storage } = await serve(t, { http: { filesPerRequest: 3 } });
  const member = await Client.join(t, ws, '旁观');
  for (const { title, parts, headers, body, status, code } of REFUSALS) {
    await t.test(title, async () => {
      const bytes = body ?? (parts === undefined ? whole : multipart(parts));
      const response = await fetchRaw(http, { ...formHeaders(), ...headers }, bytes);
      assert.equal(await errorCode(response), code);
      assert.equal(response.status, status);
      assert.deepEqual(await dataFiles(storage), []);
    });
  }
  await member.settle();
  assert.deepEqual(member.of('file'), []);
  // 受了这么多折腾, 好的请求照样成功
  assert.equal((await post(http, [NAME, FILE])).status, 201);
});

// fetch 不许改 Host; 用 node:http 发, 包成 Response
async function fetchRaw(http: string, headers: Record<string, string>, body: Uint8Array): Promise<Response> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(`${http}/api/files`, { method: 'POST', headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (bytes) => chunks.push(bytes));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const type = incoming.headers['content-type'] ?? '';
        const init = { status: incoming.statusCode ?? 0, headers: { 'content-type': type } };
        resolve(new Response(Buffer.concat(chunks), init));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

test('multipart: 允许名单里的来源与本站的网页可以上传', async (t) => {
  const { http } = await serve(t, { server: { allowedOrigins: ['https://app.example'] } });
  for (const origin of [http, 'https://app.example']) {
    const response = await post(http, [NAME, FILE], { Origin: origin });
    assert.equal(response.status, 201, origin);
  }
});

test('multipart: 超过配额的是 storage_full, 不管是声明时还是写入中; 已有的文件不受影响', async (t) => {
  const { http, storage } = await serve(t, { storage: { quotaBytes: 100_000 } });
  assert.equal((await post(http, [NAME, { fileName: 'a.txt', data: 'x'.repeat(60_000) }])).status, 201);
  const before = await dataFiles(storage);
  const second = [NAME, { fileName: 'b.txt', data: 'x'.repeat(60_000) }];
  for (let round = 0; round < 3; round += 1) {
    const response = await post(http, second);
    assert.equal(response.status, 507);
    assert.equal(await errorCode(response), 'storage_full');
    const streamed = await fetch(`${http}/api/files`, {
      method: 'POST',
      headers: formHeaders(),
      body: new Blob([multipart(second)]).stream(),
      duplex: 'half',
    });
    assert.equal(await errorCode(streamed), 'storage_full');
    assert.deepEqual(await dataFiles(storage), before);
  }
  // 失败的没有占着配额: 剩下的空间还能用
  assert.equal((await post(http, [NAME, { fileName: 'c.txt', data: 'x'.repeat(30_000) }])).status, 201);
});
