// 被拒绝的 POST: 应答立即就到, 先写完再读的客户端也读得到; 没完没了地发的会被切断
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext, test } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { serve } from './harness.js';
import { bodyOf, errorCode, formHeaders, multipart, type Part, RawSocket } from './http-tools.js';

const MIB = 1024 * 1024;
const BIG: Part = { fileName: 'a.bin', data: Buffer.alloc(30 * MIB) };
const NAME: Part = { data: '张三' };

interface Refusal {
  readonly title: string;
  readonly status: number;
  readonly path?: string;
  readonly method?: string;
  readonly settings?: ConfigOverrides;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parts?: readonly Part[];
}

const REFUSALS: readonly Refusal[] = [
  { title: '声明的长度过大', status: 413, settings: { files: { fileBytes: 1000 } } },
  { title: '收到越过上限', status: 413, settings: { files: { fileBytes: 29.5 * MIB } } },
  { title: '被禁的扩展名', status: 415, parts: [NAME, { ...BIG, fileName: 'a.exe' }] },
  { title: '配额用完', status: 507, settings: { storage: { quotaBytes: 1000 } } },
  { title: '令牌无效', status: 401, headers: { Authorization: 'Bearer nobody' } },
  { title: '外站网页', status: 403, headers: { Origin: 'http://evil.example' } },
  { title: '不是 multipart', status: 400, headers: { 'Content-Type': 'application/json' } },
  { title: '没有 name', status: 400, parts: [BIG] },
  { title: '名字不合规则', status: 400, parts: [{ data: ' ' }, BIG] },
  { title: '没有这个地址', status: 404, path: '/no-such' },
  { title: '不支持的方法', status: 405, method: 'PUT' },
  { title: 'GET 带着请求体', status: 400, method: 'GET', path: '/healthz' },
  {
    title: '搜索的条件太长',
    status: 413,
    path: '/api/search',
    headers: { 'Content-Type': 'application/json' },
  },
];

function request(
  port: number,
  { path = '/api/files', method = 'POST', headers }: Refusal,
  length: number,
): string {
  const fields = {
    Host: `127.0.0.1:${port}`,
    ...formHeaders(),
    'Content-Length': String(length),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** 写完整个请求之后才开始读 */
async function writeThenRead(t: TestContext, port: number, refusal: Refusal): Promise<string> {
  const body = multipart(refusal.parts ?? [NAME, BIG]);
  const raw = await RawSocket.open(t, port);
  raw.socket.pause();
  raw.write(request(port, refusal, body.length));
  await new Promise<void>((resolve, reject) => {
    raw.socket.once('close', () => reject(new Error('还没写完就被断开')));
    raw.socket.write(body, () => resolve());
  });
  raw.socket.resume();
  return raw.answer();
}

describe('被拒绝的 POST, 30 MB, 先写完再读', () => {
  for (const refusal of REFUSALS) {
    it(`${refusal.title}: 读得到 ${refusal.status}`, async (t) => {
      const { port } = await serve(t, refusal.settings);
      const answer = await writeThenRead(t, port, refusal);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${refusal.status} `));
      assert.match(bodyOf(answer).toString(), /^\{"error":\{"code":"\w+"/);
    });
  }
});

test('被拒绝的 POST: 请求体一个字节还没发, 应答就到了', async (t) => {
  const { port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  raw.write(request(port, { title: '', status: 401, headers: { Authorization: 'Bearer nobody' } }, 30 * MIB));
  const answer = await raw.answer();
  assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*\r\nConnection: close\r\n/);
});

test('被拒绝的 POST: 收完了就断开, 不让对方等', async (t) => {
  const { port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  raw.write(`${request(port, { title: '', status: 400, headers: { 'Content-Type': 'a/b' } }, 5)}12345`);
  assert.match(await raw.end(), /^HTTP\/1\.1 400 [\s\S]*\}\r\n$/);
});

test('被拒绝的 POST: 收到最后一个字节才知道太大的, 照常应答, 连接留给下一个请求', async (t) => {
  const { port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  const search = {
    title: '',
    status: 413,
    path: '/api/search',
    headers: { 'Content-Type': 'application/json' },
  };
  const length = 16 * 1024 + 1;
  raw.write(request(port, search, length) + ' '.repeat(length));
  const answer = await raw.answer();
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.doesNotMatch(answer, /\r\nConnection: close\r\n/);
  assert.match(await raw.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n').answer(), /^HTTP\/1\.1 200 /);
});

test('被拒绝的 POST: 没完没了地发的, 停读, 然后切断', async (t) => {
  const { http, port } = await serve(t);
  const raw = await RawSocket.open(t, port);
  raw.write(request(port, { title: '', status: 401, headers: { Authorization: 'Bearer nobody' } }, 1e9));
  const block = Buffer.alloc(MIB);
  let sent = 0;
  const more = (): void => {
    while (!raw.socket.destroyed && raw.socket.write(block)) sent += MIB;
  };
  raw.socket.on('drain', more);
  more();
  assert.match(await raw.end(), /^HTTP\/1\.1 401 /);
  // 64 MiB 加上两端的套接字缓冲
  assert.ok(sent < 80 * MIB, `收下了 ${sent} 字节`);
  assert.equal((await fetch(`${http}/healthz`)).status, 200);
});

test('被拒绝的 POST: Python 的 http.client 读得到原因', async (t) => {
  const { port } = await serve(t);
  const script = [
    'import http.client, sys',
    `connection = http.client.HTTPConnection('127.0.0.1', ${port}, timeout=30)`,
    "connection.request('POST', '/api/files', bytes(30 << 20), {'Authorization': 'Bearer nobody', 'Content-Type': 'multipart/form-data; boundary=x'})",
    'answer = connection.getresponse()',
    'print(answer.status, answer.read().decode())',
  ];
  const child = spawn('python3', ['-c', script.join('\n')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const missing = once(child, 'error').then(() => 'missing');
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += bytes;
  });
  if ((await Promise.race([missing, once(child, 'close')])) === 'missing') return t.skip('没有 python3');
  assert.match(text, /^401 \{"error":\{"code":"unauthorized"/);
});

test('被拒绝的 POST: fetch 也读得到, 同一个客户端接着用', async (t) => {
  const { http } = await serve(t);
  for (let round = 0; round < 5; round += 1) {
    const response = await fetch(`${http}/api/files`, {
      method: 'POST',
      headers: { ...formHeaders(), Authorization: 'Bearer nobody' },
      body: Buffer.alloc(3 * MIB),
    });
    assert.equal(await errorCode(response), 'unauthorized');
  }
});
