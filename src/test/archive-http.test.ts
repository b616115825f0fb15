// GET /api/messages 与 /api/search: 与 WebSocket 的 history, search 同一套含义
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message } from './client.js';
import { gbk } from './gbk.js';
import { serve } from './harness.js';
import { bodyOf, RawSocket } from './http-tools.js';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const searchHead = (length: number): string =>
  `POST /api/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

interface Page {
  readonly messages: Message[];
  readonly more: boolean;
  readonly query?: string;
  readonly error?: { readonly code: string; readonly field?: string };
}

async function room(t: TestContext) {
  const { ws, http, port } = await serve(t, { chat: { messagesPerSecond: 0 } });
  const writer = await Client.join(t, `${ws}/ws`, '甲');
  for (const message of ['第一次会议', '午饭', '第二次会议 100%', 'Meeting']) {
    writer.send({ type: 'text', message });
  }
  writer.send({ type: 'file', originalName: '会议纪要.txt', filedata: 'eA==' });
  await writer.next('file');
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${http}${path}`, { headers });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Page };
  };
  return { writer, http, port, get };
}

function texts({ messages }: Page): unknown[] {
  return messages.map((message) => message['message'] ?? message['originalName']);
}

describe('HTTP 读历史', () => {
  it('与 history 同样的一页: before, after, kind, limit, 旧的在前, 链接可打开', async (t) => {
    const { writer, get, http } = await room(t);
    for (const query of ['', '?before=3', '?after=1&limit=2', '?kind=file', '?before=5&limit=2']) {
      const { status, body, headers } = await get(`/api/messages${query}`);
      const fields = Object.fromEntries(new URLSearchParams(query));
      const numbers = Object.entries(fields).map(([key, value]) => [
        key,
        key === 'kind' ? value : Number(value),
      ]);
      writer.send({ type: 'history', ...Object.fromEntries(numbers) });
      const { messages, more, total } = await writer.next('history');
      assert.deepEqual(body, { messages, more, ...(total === undefined ? {} : { total }) }, query);
      assert.equal(total, query.includes('kind') ? 1 : undefined);
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
    }
    const [file] = (await get('/api/messages?kind=file')).body.messages;
    assert.ok(String(file?.['url']).startsWith(http));
    assert.equal(await (await fetch(String(file?.['url']))).text(), 'x');
  });

  it('查询参数是 GBK 的百分号 (中文 Windows 的工具) 也认; 两种都不是的 400; 文件列表不收别的 kind', async (t) => {
    const { get } = await room(t);
    const percent = (bytes: Uint8Array): string =>
      [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const utf8 = (await get('/api/search?query=%E4%BC%9A%E8%AE%AE')).body;
    const found = (await get(`/api/search?query=${percent(gbk('会议'))}`)).body;
    assert.equal(found.query, '会议');
    assert.deepEqual(texts(found), texts(utf8));
    assert.deepEqual(
      texts((await get('/api/search?query=100%')).body),
      ['第二次会议 100%'],
      '单个的百分号照字面',
    );
    for (const path of ['/api/search?query=%ff', '/api/files?query=a%ffb', '/api/files?kind=text']) {
      const { status, body } = await get(path);
      assert.equal(status, 400, path);
      assert.equal(body.error?.code, 'invalid_field');
    }
  });

  it('搜索: 新的在前, 按字面, 文件名也算, 接着上一页要', async (t) => {
    const { get } = await room(t);
    const search = (query: string, rest = '') => get(`/api/search?query=${encodeURIComponent(query)}${rest}`);
    assert.deepEqual(texts((await search('会议')).body), ['会议纪要.txt', '第二次会议 100%', '第一次会议']);
    assert.deepEqual(texts((await search('meeting')).body), ['Meeting']);
    assert.deepEqual(texts((await search('%')).body), ['第二次会议 100%']);
    const first = (await search(' 会议 ', '&limit=2')).body;
    assert.deepEqual([first.query, first.more, first.messages.length], ['会议', true, 2]);
    const rest = (await search('会议', `&before=${first.messages.at(-1)?.['seq']}`)).body;
    assert.deepEqual([texts(rest), rest.more], [['第一次会议'], false]);
  });

  it('坏参数: invalid_field 指出是哪一个; 无效的令牌 401; 外来的网页 403', async (t) => {
    const { get, writer } = await room(t);
    const field = async (path: string) => {
      const { status, body } = await get(path);
      return [status, body.error?.code, body.error?.field];
    };
    assert.deepEqual(await field('/api/messages?limit=abc'), [400, 'invalid_field', 'limit']);
    assert.deepEqual(await field('/api/messages?before=-1'), [400, 'invalid_field', 'before']);
    assert.deepEqual(await field('/api/messages?kind=text'), [400, 'invalid_field', 'kind']);
    assert.deepEqual(await field('/api/search'), [400, 'invalid_field', 'query']);
    assert.deepEqual(await field('/api/search?query=%20'), [400, 'invalid_field', 'query']);
    assert.deepEqual(await field(`/api/search?query=${'x'.repeat(257)}`), [400, 'invalid_field', 'query']);
    assert.equal((await get('/api/messages', { authorization: 'Bearer x' })).status, 401);
    const session = String(writer.welcome['session']);
    assert.equal((await get('/api/messages', { authorization: `Bearer ${session}` })).status, 200);
    assert.equal((await get('/api/messages', { origin: 'http://evil.example' })).status, 403);
  });

  it('POST /api/search: 条件在 JSON 里, 应答与 GET 的相同; 请求体一个字节一段也收得齐', async (t) => {
    const { get, http, port } = await room(t);
    const ask = async (fields: object, headers: Record<string, string> = {}) => {
      const init = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(fields) };
      const response = await fetch(`${http}/api/search`, init);
      return { status: response.status, headers: response.headers, body: (await response.json()) as Page };
    };
    const asked = await ask({ query: ' 会议 ', limit: 2, before: null });
    assert.deepEqual(asked.body, (await get('/api/search?query=%20会议%20&limit=2')).body);
    assert.equal(asked.headers.get('cache-control'), 'no-store');
    const before = asked.body.messages.at(-1)?.['seq'];
    assert.deepEqual(texts((await ask({ query: '会议', before })).body), ['第一次会议']);
    assert.equal((await ask({ query: '会' }, { authorization: 'Bearer x' })).status, 401);
    assert.equal((await ask({ query: '会' }, { origin: 'http://evil.example' })).status, 403);
    const raw = await RawSocket.open(t, port);
    const body = Buffer.from(JSON.stringify({ query: '纪要' }));
    raw.write(searchHead(body.length));
    for (const byte of body) await new Promise((resolve) => raw.socket.write(Buffer.of(byte), resolve));
    const found = JSON.parse(bodyOf(await raw.answer()).toString()) as Page;
    assert.deepEqual(texts(found), ['会议纪要.txt']);
  });

  it('POST /api/search 的坏请求: 说得出哪里不对, 连接还能用; 太大的不等它发完', async (t) => {
    const { http, port } = await room(t);
    const refusal = async (body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) => {
      const response = await fetch(`${http}/api/search`, { method: 'POST', headers, body });
      const { error } = (await response.json()) as Page;
      return [response.status, error?.code, error?.field];
    };
    assert.deepEqual(await refusal('{"query":"x","limit":0}'), [400, 'invalid_field', 'limit']);
    assert.deepEqual(await refusal('{"query":1}'), [400, 'invalid_field', 'query']);
    assert.deepEqual(await refusal(`{"query":"${'x'.repeat(257)}"}`), [400, 'invalid_field', 'query']);
    // 最后一个是 GBK 的
    for (const bad of ['', '[]', '"x"', '{"query":"x"', Buffer.from('7b227175657279223a22b4f3227d', 'hex')])
      assert.deepEqual(await refusal(bad), [400, 'bad_json', undefined], String(bad));
    assert.deepEqual(await refusal('query=x', {}), [400, 'invalid_field', undefined]);
    assert.deepEqual(await refusal('x'.repeat(16 * 1024 + 1)), [413, 'text_too_long', undefined]);
    // 说是 1 GB, 只来了一点: 不等其余的
    const raw = await RawSocket.open(t, port);
    raw.write(`${searchHead(1e9)}${'x'.repeat(20_000)}`);
    assert.match(await raw.answer(), /^HTTP\/1\.1 413 [\s\S]*text_too_long/);
    // 坏的一个之后, 同一条连接上的下一个照常
    const next = await RawSocket.open(t, port);
    next.write(`${searchHead(2)}[]`);
    assert.match(await next.answer(), /^HTTP\/1\.1 400 /);
    next.write(`${searchHead(13)}{"query":"x"}`);
    assert.match(await next.answer(), /^HTTP\/1\.1 200 /);
  });

  it('HEAD: 头与 GET 相同, 没有应答体', async (t) => {
    const { http } = await room(t);
    const response = await fetch(`${http}/api/messages`, { method: 'HEAD' });
    const length = (await (await fetch(`${http}/api/messages`)).arrayBuffer()).byteLength;
    assert.deepEqual([response.status, Number(response.headers.get('content-length'))], [200, length]);
    assert.equal((await fetch(`${http}/api/search`, { method: 'HEAD' })).status, 400);
  });
});
