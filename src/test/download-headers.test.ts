import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'content-disposition';
import { serve } from './harness.js';
import { errorCode, publishOne, rawRequest } from './http-tools.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

async function headersOf(url: unknown, query = ''): Promise<Headers> {
  const response = await fetch(`${url}${query}`);
  await response.arrayBuffer();
  assert.equal(response.status, 200);
  return response.headers;
}

test('下载: 每个文件都带安全头, 强标签与缓存', async (t) => {
  const { http } = await serve(t);
  const file = await publishOne(http, '页.html', '<script>alert(1)</script>');
  const headers = await headersOf(file['url']);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('content-security-policy'), "sandbox; default-src 'none'; frame-ancestors 'none'");
  assert.equal(headers.get('etag'), `"${file['sha256']}"`);
  assert.equal(headers.get('accept-ranges'), 'bytes');
  assert.match(headers.get('cache-control') ?? '', /private.*immutable/);
});

test('下载: 文件名总在 filename* 里, 按标准解析回来一字不差', async (t) => {
  const { http } = await serve(t);
  const names = [
    'plain.txt',
    '报告 (终稿).pdf',
    "it's 100% & #1 [x] {y};=,.txt",
    '%e4%b8%ad.txt',
    '全角\u3000空格.txt',
    'naïve café.txt',
    '😀 ünï.tar.gz',
    "UTF-8''x.txt",
    '(*).txt',
  ];
  for (const name of names) {
    const file = await publishOne(http, name, 'x');
    // 服务器清理过的名字才是标准 (例如星号换成下划线)
    const stored = String(file['originalName']);
    const value = (await headersOf(file['url'])).get('content-disposition') ?? '';
    assert.equal(parse(value).parameters['filename'], stored, value);
    assert.match(value, /; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+$/, value);
    // 头里不能有裸的非 ASCII 字节
    assert.match(value, /^[\x20-\x7e]+$/);
  }
});

test('下载: 名字里的引号与换行进不了头, 不会多出一个头来', async (t) => {
  const { http, port } = await serve(t);
  const file = await publishOne(http, 'a\\"; x=\\"b.txt', 'x');
  const { pathname } = new URL(String(file['url']));
  const answer = await rawRequest(t, port, `GET ${pathname} HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.equal(answer.match(/content-disposition/gi)?.length, 1);
  const value = /^content-disposition: (.*)\r$/im.exec(answer)?.[1] ?? '';
  assert.deepEqual(Object.keys(parse(value).parameters), ['filename']);
});

test('下载: 只有被动类型可以直接打开; ?download=1 一律是附件', async (t) => {
  const { http } = await serve(t);
  const cases: readonly (readonly [name: string, data: string | Buffer, type: string, inline: boolean])[] = [
    ['a.png', PNG, 'image/png', true],
    ['a.txt', '文字', 'text/plain; charset=utf-8', true],
    ['a.html', '<p>x', 'text/html; charset=utf-8', false],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', 'image/svg+xml', false],
    ['a.xml', '<?xml version="1.0"?><a/>', '', false],
    ['a.pdf', '%PDF-1.4\n', 'application/pdf', false],
    ['a.js', 'alert(1)', '', false],
    ['a.png', '<script>x</script>', 'application/octet-stream', false],
    ['noextension', 'x', 'application/octet-stream', false],
    ['a.zip', 'PK\u0003\u0004', '', false],
  ];
  for (const [name, data, type, inline] of cases) {
    const { url } = await publishOne(http, name, data, 'application/octet-stream');
    const headers = await headersOf(url);
    const kind = headers.get('content-disposition')?.split(';')[0];
    assert.equal(kind, inline ? 'inline' : 'attachment', name);
    if (type !== '') assert.equal(headers.get('content-type'), type, name);
    assert.match((await headersOf(url, '?download=1')).get('content-disposition') ?? '', /^attachment;/);
    assert.match((await headersOf(url, '?a=b&download=1')).get('content-disposition') ?? '', /^attachment;/);
  }
});

test('下载: 声明的类型骗不到直接打开', async (t) => {
  const { http } = await serve(t);
  for (const type of ['image/png', 'text/html', 'image/svg+xml', 'video/mp4']) {
    const { url } = await publishOne(http, 'noextension', '<script>alert(1)</script>', type);
    const headers = await headersOf(url);
    assert.match(headers.get('content-disposition') ?? '', /^attachment;/, type);
  }
});

test('下载: 没有的, 写法不对的, 扩展名不符的地址都是 404 JSON', async (t) => {
  const { http } = await serve(t);
  const file = await publishOne(http, 'a.txt', 'x');
  const id = String(file['id']);
  const { pathname } = new URL(String(file['url']));
  const base = pathname.slice(0, -'.txt'.length);
  const wrong = [
    '/files/00000000-0000-4000-8000-000000000000',
    '/files/00000000-0000-4000-8000-000000000000.txt',
    base,
    `${base}.html`,
    `${base}.TXT`,
    `${base}.txt.txt`,
    `${base}.`,
    `${base}.txt/`,
    `${base}.txt/x`,
    `/files/${id.toUpperCase()}.txt`,
    `/files/${id.slice(1)}.txt`,
    '/files/',
    '/files',
    '/files/x',
    `//files/${id}.txt`,
  ];
  for (const path of wrong) {
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${http}${path}`, { method });
      assert.equal(response.status, 404, path);
      if (method === 'GET') assert.equal(await errorCode(response), 'not_found');
    }
  }
});

test('下载: 走出目录的尝试 (原样发出, 不经客户端整理) 都是 404, 看不到别的文件', async (t) => {
  const { http, port } = await serve(t);
  const file = await publishOne(http, 'a.txt', 'x');
  const meta = `meta/${file['id']}.json`;
  const tricks = [
    `/files/../${meta}`,
    `/files/..%2f${meta}`,
    `/files/%2e%2e/${meta}`,
    `/files/%2e%2e%2f${meta}`,
    `/files/..\\${meta.replace('/', '\\')}`,
    `/files/..%5c${meta}`,
    `/files/%00`,
    `/files/${file['id']}.txt%00.png`,
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/../../../package.json',
    `/${meta}`,
    `/storage/${meta}`,
    '/files/../../../../../../etc/passwd',
    '/files/%252e%252e%252fetc%252fpasswd',
  ];
  for (const path of tricks) {
    const answer = await rawRequest(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 404 /, path);
    assert.match(answer, /"code":"not_found"/, path);
  }
  const nul = await rawRequest(t, port, `GET /files/${file['id']}.txt\0.png HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.match(nul, /^HTTP\/1\.1 [45]/);
});
