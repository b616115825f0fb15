import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './harness.js';
import { publishOne } from './http-tools.js';
import { randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const TEXT = '0123456789abcdef';

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

test('下载: 各种大小都逐字节相同, 长度在头里, 读缓冲的边界上也不差', async (t) => {
  const { http } = await serve(t);
  for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 20_000_000]) {
    const data = randomBytes(size);
    const { url } = await publishOne(http, 'a.bin', data);
    const response = await fetch(String(url));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-length'), String(size));
    assert.equal(response.headers.get('transfer-encoding'), null);
    assert.ok((await bytesOf(response)).equals(data), `${size}`);
  }
});

test('Range: 首字节, 末字节, 中段, 到末尾, 后缀, 越过末尾的都给 206 与确切的那一段', async (t) => {
  const { http } = await serve(t);
  const { url } = await publishOne(http, 'a.txt', TEXT);
  const cases: readonly (readonly [range: string, from: number, to: number])[] = [
    ['bytes=0-0', 0, 0],
    ['bytes=15-15', 15, 15],
    ['bytes=3-7', 3, 7],
    ['bytes=10-', 10, 15],
    ['bytes=0-', 0, 15],
    ['bytes=-4', 12, 15],
    ['bytes=-1', 15, 15],
    ['bytes=-16', 0, 15],
    ['bytes=-999', 0, 15],
    ['bytes=12-99999999999999999999', 12, 15],
  ];
  for (const [range, from, to] of cases) {
    const response = await fetch(String(url), { headers: { Range: range } });
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('content-range'), `bytes ${from}-${to}/16`, range);
    assert.equal(response.headers.get('content-length'), String(to - from + 1), range);
    assert.equal(await response.text(), TEXT.slice(from, to + 1), range);
  }
});

test('Range: 满足不了的是 416, 带 Content-Range, 不让缓存留住', async (t) => {
  const { http } = await serve(t);
  const { url } = await publishOne(http, 'a.txt', TEXT);
  for (const range of ['bytes=16-', 'bytes=16-20', 'bytes=99-100', 'bytes=-0']) {
    const response = await fetch(String(url), { headers: { Range: range } });
    assert.equal(response.status, 416, range);
    assert.equal(response.headers.get('content-range'), 'bytes */16', range);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal((await bytesOf(response)).length, 0);
  }
  const empty = await publishOne(http, 'empty.txt', '');
  const response = await fetch(String(empty['url']), { headers: { Range: 'bytes=0-' } });
  assert.equal(response.status, 416);
});

test('Range: 写错的与多段的按没有处理, 给 200 全文', async (t) => {
  const { http } = await serve(t);
  const { url } = await publishOne(http, 'a.txt', TEXT);
  const ignored = [
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=1-2-3',
  ];
  const foreign = [
    'items=0-1',
    'bytes=5-2',
    'bytes 0-1',
    'bytes=0-1,3-4',
    'bytes=0-0,-1',
    'bytes=0-1,99-',
    'bytes=,0-1',
  ];
  for (const range of [...ignored, ...foreign]) {
    const response = await fetch(String(url), { headers: { Range: range } });
    assert.equal(response.status, 200, range);
    assert.equal(response.headers.get('content-range'), null);
    assert.equal(await response.text(), TEXT, range);
  }
});

test('If-Range: 标签相符才给那一段; 不符, 弱标签, 日期都给全文', async (t) => {
  const { http } = await serve(t);
  const { url, sha256 } = await publishOne(http, 'a.txt', TEXT);
  const cases: readonly (readonly [string, number])[] = [
    [`"${sha256}"`, 206],
    ['"other"', 200],
    [`W/"${sha256}"`, 200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
  ];
  for (const [tag, status] of cases) {
    const headers = { Range: 'bytes=1-2', 'If-Range': tag };
    const response = await fetch(String(url), { headers });
    assert.equal(response.status, status, tag);
    assert.equal(await response.text(), status === 206 ? '12' : TEXT, tag);
  }
});

test('If-None-Match: 相符 (名单, 弱标签, 星号) 是 304, 优先于 Range; 不符的照给', async (t) => {
  const { http } = await serve(t);
  const { url, sha256 } = await publishOne(http, 'a.txt', TEXT);
  const etag = `"${sha256}"`;
  for (const header of [etag, `W/${etag}`, `"x", ${etag}`, `"x",${etag},"y"`, '*']) {
    const response = await fetch(String(url), { headers: { 'If-None-Match': header, Range: 'bytes=0-0' } });
    assert.equal(response.status, 304, header);
    assert.equal(response.headers.get('etag'), etag);
    // 写 Content-Length: 0 等于说文件是空的
    assert.equal(response.headers.get('content-length'), null);
    assert.equal((await bytesOf(response)).length, 0);
  }
  for (const header of ['"x"', String(sha256), `"${String(sha256).slice(1)}"`, '']) {
    const response = await fetch(String(url), { headers: { 'If-None-Match': header } });
    assert.equal(response.status, 200, header);
    assert.equal(await response.text(), TEXT);
  }
});

test('HEAD: 头与 GET 相同, 没有应答体; 没有范围可言', async (t) => {
  const { http } = await serve(t);
  for (const data of ['', TEXT]) {
    const { url } = await publishOne(http, '报告.txt', data);
    const read = async (method: string): Promise<[number, [string, string][], string]> => {
      const response = await fetch(String(url), { method, headers: { 'Accept-Encoding': 'identity' } });
      const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'keep-alive');
      return [response.status, headers, await response.text()];
    };
    const [getStatus, getHeaders, body] = await read('GET');
    assert.equal(body, data);
    assert.deepEqual(await read('HEAD'), [getStatus, getHeaders, '']);
  }
  const { url, sha256 } = await publishOne(http, 'a.txt', TEXT);
  const ranged = await fetch(String(url), { method: 'HEAD', headers: { Range: 'bytes=0-1' } });
  assert.equal(ranged.status, 200);
  assert.equal(ranged.headers.get('content-length'), '16');
  const fresh = await fetch(String(url), { method: 'HEAD', headers: { 'If-None-Match': `"${sha256}"` } });
  assert.equal(fresh.status, 304);
});
