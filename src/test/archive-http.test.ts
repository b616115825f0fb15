// GET /api/messages 与 /api/search: 与 WebSocket 的 history, search 同一套含义
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

interface Page {
  readonly messages: Message[];
  readonly more: boolean;
  readonly query?: string;
  readonly error?: { readonly code: string; readonly field?: string };
}

async function room(t: TestContext) {
  const { ws, http } = await serve(t, { chat: { messagesPerSecond: 0 } });
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
  return { writer, http, get };
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
      const { messages, more } = await writer.next('history');
      assert.deepEqual(body, { messages, more }, query);
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
    }
    const [file] = (await get('/api/messages?kind=file')).body.messages;
    assert.ok(String(file?.['url']).startsWith(http));
    assert.equal(await (await fetch(String(file?.['url']))).text(), 'x');
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

  it('HEAD: 头与 GET 相同, 没有应答体', async (t) => {
    const { http } = await room(t);
    const response = await fetch(`${http}/api/messages`, { method: 'HEAD' });
    const length = (await (await fetch(`${http}/api/messages`)).arrayBuffer()).byteLength;
    assert.deepEqual([response.status, Number(response.headers.get('content-length'))], [200, length]);
    assert.equal((await fetch(`${http}/api/search`, { method: 'HEAD' })).status, 400);
  });
});
