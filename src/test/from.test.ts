// 公开标识 from: 同一个名字换了人看得出; 只给声明了 people 的, 别人的帧一个字也不变
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { post } from './http-tools.js';
import { isLeave } from './presence-tools.js';

const PEOPLE = { features: ['batch', 'people', 'offer'] };
const TAG = /^[0-9a-hjkmnp-tv-z]{8}$/;
const FORM = [{ data: '李四' }, { fileName: 'b.txt', data: 'y' }];

function fromOf(message: Message | undefined): unknown {
  return message?.['from'];
}

test('from: 声明了 people 的在广播, 历史, 搜索, file_done 与 HTTP 里都收到; 没有声明的收到原来的帧', async (t) => {
  const { ws, http } = await serve(t);
  const base = await Client.join(t, ws, '旧客户端');
  const batch = await Client.join(t, ws, '旧页面', { features: ['batch', 'batch_text'] });
  const modern = await Client.join(t, ws, '新页面', { features: ['people', 'batch_text'] });
  const alice = await Client.join(t, ws, 'Alice', PEOPLE);
  const person = alice.welcome['person'] as Message;
  assert.match(String(person['id']), TAG);
  assert.deepEqual({ ...person, id: 0 }, { id: 0, name: 'Alice', role: 'guest', kind: 'guest' });
  assert.equal(base.welcome['person'], undefined);

  const frames = [
    { type: 'text', name: 'Alice', message: '没有 clientId 的' },
    { type: 'text', name: 'Alice', message: '有的', clientId: 'm1' },
    { type: 'file', originalName: 'a.txt', filedata: 'eA==' },
  ];
  for (const frame of frames) {
    alice.send(frame);
    for (const client of [alice, modern]) assert.equal(fromOf(await client.next(frame.type)), person['id']);
    for (const client of [base, batch]) assert.ok(!('from' in (await client.next(frame.type))), frame.type);
  }
  for (const [client, expected] of [
    [alice, person['id']],
    [batch, undefined],
  ] as const) {
    client.send({ type: 'history', limit: 10, ref: 'h' });
    const page = await client.next((m) => m.type === 'history' && m['ref'] === 'h');
    client.send({ type: 'search', query: '有的' });
    const found = await client.next('search');
    const messages = [...(page['messages'] as Message[]), ...(found['messages'] as Message[])];
    assert.deepEqual(new Set(messages.map(fromOf)), new Set([expected]));
  }
  const asked = async (path: string): Promise<Message[]> => {
    const body = (await (await fetch(`${http}${path}`)).json()) as Record<string, Message[]>;
    return body['messages'] ?? body['files'] ?? [];
  };
  for (const path of ['/api/messages', '/api/files', '/api/search?query=Alice&kind=file']) {
    const separator = path.includes('?') ? '&' : '?';
    assert.ok(
      (await asked(path)).every((message) => !('from' in message)),
      path,
    );
    const signed = await asked(`${path}${separator}features=people`);
    assert.ok(signed.length > 0 && signed.every((message) => fromOf(message) === person['id']), path);
  }
});

test('from: 名字换了人就不同; 断线回来, 服务器重启之后, 同一个人还是同一个', async (t) => {
  const first = await serve(t, { chat: { nameHoldMs: 0 } });
  const observer = await Client.join(t, first.ws, '旁观者', PEOPLE);
  const say = async (client: Client, reader: Client): Promise<unknown> => {
    client.send({ type: 'text', message: '我是 Alice' });
    return fromOf(await reader.next('text'));
  };
  const alice = await Client.join(t, first.ws, 'Alice', PEOPLE);
  const mine = await say(alice, observer);
  alice.socket.terminate();
  await observer.next(isLeave('Alice'));
  const other = await Client.join(t, first.ws, 'Alice', PEOPLE);
  assert.notEqual(await say(other, observer), mine);
  const session = alice.welcome['session'];
  await first.server.stop();
  const { ws } = await serve(t, { storage: { path: first.storage } });
  const back = await Client.join(t, ws, 'Alice', { ...PEOPLE, session });
  assert.equal(await say(back, back), mine);
  const history = back.messages.find(({ type }) => type === 'history') as Message;
  assert.ok((history['messages'] as Message[]).some((message) => fromOf(message) === mine));
});

test('from: 以名字上传的, 同一个地址的同一个名字总是同一个; 令牌上传的是会话的', async (t) => {
  const { ws, http } = await serve(t);
  const reader = await Client.join(t, ws, 'Alice', PEOPLE);
  const { id } = reader.welcome['person'] as Message;
  await post(http, FORM);
  const stranger = fromOf(await reader.next('file'));
  assert.match(String(stranger), TAG);
  await post(http, FORM);
  assert.equal(fromOf(await reader.next('file')), stranger);
  const answer = await post(http, FORM, { Authorization: `Bearer ${String(reader.welcome['session'])}` });
  assert.equal(fromOf(await reader.next('file')), id);
  assert.ok(!(await answer.text()).includes('"from"'));
});

test('from: 分片上传从 file_offer 到 file_done 都带着, 没有声明 people 的都没有', async (t) => {
  const { ws } = await serve(t);
  const old = await Client.join(t, ws, '旧页面', { features: ['batch', 'offer'] });
  const alice = await Client.join(t, ws, 'Alice', PEOPLE);
  const { id } = alice.welcome['person'] as Message;
  alice.send({ type: 'file_start', clientId: 'c', originalName: 'a.txt', size: 1 });
  const { uploadId } = await alice.next('file_ready');
  assert.equal(fromOf(await alice.next('file_offer')), id);
  assert.ok(!('from' in (await old.next('file_offer'))));
  alice.sendBase64Chunk(String(uploadId), 0, Buffer.from('x'));
  alice.send({ type: 'file_end', uploadId });
  const seen = [
    await alice.next((m) => m.type === 'file' || m.type === 'file_done'),
    await alice.next((m) => m.type === 'file' || m.type === 'file_done'),
  ];
  assert.deepEqual(seen.map(fromOf), [id, id]);
  assert.ok(!('from' in (await old.next('file'))));
});
