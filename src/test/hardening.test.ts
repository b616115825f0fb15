// 每个应答都带安全头: 网页, 接口, 文件, 各种错误与没有体的, 一个不漏
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve } from './harness.js';
import { publishOne } from './http-tools.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

type Asked = readonly [path: string, status: number, init?: RequestInit];

/** 各种应答; 文件与缩略图的在 file 之下 */
function answersOf(file: string): readonly Asked[] {
  const thumb = `${file.replace(/\.png$/, '')}/thumb`;
  return [
    ['/', 200],
    ['/', 200, { method: 'HEAD' }],
    ['/favicon.svg', 200],
    ['/none', 404],
    ['/healthz', 200],
    ['/healthz', 405, { method: 'POST' }],
    ['/api/users', 200],
    ['/api/limits', 200],
    ['/api/none', 404],
    ['/api/messages?limit=0', 400],
    ['/api/messages', 401, { headers: { Authorization: 'Bearer x' } }],
    ['/api/files', 204, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST' } }],
    ['/api/files', 400, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' } }],
    ['/ws', 426],
    [file, 200],
    [file, 200, { method: 'HEAD' }],
    [file, 206, { headers: { Range: 'bytes=0-1' } }],
    [file, 416, { headers: { Range: 'bytes=999-' } }],
    [file, 412, { headers: { 'If-Match': '"x"' } }],
    [file, 304, { headers: { 'If-None-Match': '*' } }],
    [`${file}x`, 404],
    [thumb, 200],
    [thumb, 304, { headers: { 'If-None-Match': '*' } }],
  ];
}

async function headersOf(http: string, [path, status, init]: Asked): Promise<Headers> {
  const response = await fetch(`${http}${path}`, init);
  await response.arrayBuffer();
  assert.equal(response.status, status, `${init?.method ?? 'GET'} ${path}`);
  return response.headers;
}

describe('安全头', () => {
  it('每个应答都有, 各一份; 别的网站嵌不进去', async (t) => {
    const { http } = await serve(t);
    const file = new URL(String((await publishOne(http, '点.png', PNG))['url'])).pathname;
    for (const asked of answersOf(file)) {
      const headers = await headersOf(http, asked);
      const said = JSON.stringify(asked);
      // 写了两次的, fetch 给出 "nosniff, nosniff"
      assert.equal(headers.get('x-content-type-options'), 'nosniff', said);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', said);
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-site', said);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, said);
      // Worker 的脚本不是文档
      assert.match(policy, /frame-ancestors 'none'/, said);
      assert.doesNotMatch(policy, /,/, said);
    }
  });

  it('allowedOrigins 不为空: 文件与缩略图谁都能嵌, 其余照旧', async (t) => {
    const { http } = await serve(t, { server: { allowedOrigins: ['https://other.example'] } });
    const file = new URL(String((await publishOne(http, '点.png', PNG))['url'])).pathname;
    for (const asked of answersOf(file)) {
      const policy = asked[0].startsWith('/files/') ? 'cross-origin' : 'same-site';
      const headers = await headersOf(http, asked);
      assert.equal(headers.get('cross-origin-resource-policy'), policy, JSON.stringify(asked));
    }
  });
});
