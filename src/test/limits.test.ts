// GET /api/limits: 与 welcome 同一份上限, 与服务器真正拒绝的扩展名一致, 随设置变 (协议第 7 节)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCHEMA } from '../config-schema.js';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { mismatches, readSections, sectionOf } from './protocol-doc.js';

interface Answer {
  readonly limits: Record<string, number>;
  readonly blockedExtensions: string[];
  readonly features: string[];
}

async function read(http: string): Promise<Answer> {
  const response = await fetch(`${http}/api/limits`);
  assert.equal(response.status, 200);
  return (await response.json()) as Answer;
}

async function offer(client: Client, originalName: string): Promise<Message> {
  client.send({ type: 'file_start', clientId: originalName, originalName, size: 1 });
  return client.next((message) => message['clientId'] === originalName || message['ref'] === originalName);
}

test('上限: 没有加入也能读, 与 welcome 的相同, 字段与文档相同', async (t) => {
  const { http, ws } = await serve(t);
  const response = await fetch(`${http}/api/limits`);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(response.headers.get('cache-control'), 'no-cache');
  const answer = (await response.json()) as Answer;
  const { welcome } = await Client.join(t, ws, '张三');
  assert.deepEqual(answer.limits, welcome['limits']);
  assert.deepEqual(answer.features, welcome['features']);
  assert.deepEqual(answer.blockedExtensions, [...new Set(SCHEMA.files.blockedExtensions.default)]);

  const { tables, examples } = sectionOf(readSections('src/protocol/PROTOCOL.md'), 'GET /api/limits');
  const fields = new Map(
    (tables[0] ?? []).map(([name = '', type = '', need]) => [name, { type, required: need === '是' }]),
  );
  assert.deepEqual(mismatches({ ...answer }, fields), []);
  const example = JSON.parse(examples[0] ?? '') as Answer;
  assert.deepEqual(mismatches({ ...example }, fields), []);
  assert.deepEqual({ ...example, blockedExtensions: answer.blockedExtensions }, answer);
  assert.ok(example.blockedExtensions.every((extension) => answer.blockedExtensions.includes(extension)));
});

test('上限: 随设置变; 调小单帧, 建议的分片跟着变小', async (t) => {
  const files = { fileBytes: 5_000_000, frameBytes: 200_000, windowBytes: 1_000_000 };
  const { http, ws } = await serve(t, { files, chat: { textBytes: 100, messagesPerSecond: 7 } });
  const { limits } = await read(http);
  const { chunkBytes, ...rest } = limits;
  assert.deepEqual(rest, {
    ...files,
    textBytes: 100,
    nameLength: 32,
    messagesPerSecond: 7,
    messagesBurst: 14,
  });
  assert.ok(chunkBytes !== undefined && chunkBytes < 150_000);
  assert.deepEqual((await Client.join(t, ws, '张三')).welcome['limits'], limits);
});

test('上限: 列出的扩展名正是服务器拒绝的, 不重复; 可以一个也没有', async (t) => {
  const { http, ws } = await serve(t, {
    chat: { messagesPerSecond: 0 },
    files: { blockedExtensions: ['exe', 'docx', 'exe'] },
  });
  const { blockedExtensions } = await read(http);
  assert.deepEqual(blockedExtensions, ['exe', 'docx']);
  const client = await Client.join(t, ws, '张三');
  for (const extension of blockedExtensions) {
    const refusal = await offer(client, `a.txt.${extension.toUpperCase()}`);
    assert.deepEqual([refusal['code'], refusal['extension']], ['file_type_forbidden', extension]);
  }
  for (const allowed of ['a.bat', 'exe', 'a.exe.txt'])
    assert.equal((await offer(client, allowed)).type, 'file_ready');

  const open = await serve(t, { files: { blockedExtensions: [] } });
  assert.deepEqual((await read(open.http)).blockedExtensions, []);
});
