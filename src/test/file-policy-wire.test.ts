// 文件的规则在线上: 禁止的扩展名与内容, 名字的清理; 不管名字怎么写, 文件都落在 files/ 下的 UUID 名里
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Client, Message } from './client.js';
import { storedFiles } from './harness.js';
import { begin, finish, joined, randomBytes } from './uploading.js';

const FREE = { chat: { messagesPerSecond: 0 } };
const STORED = /^(?:files\/UUID(?:\.[a-z0-9]{1,16})?|meta\/UUID\.json|partial\/UUID\.json)$/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const EXECUTABLES: readonly [name: string, content: Buffer][] = [
  ['PE', Buffer.concat([Buffer.from('MZ'), randomBytes(200)])],
  ['ELF', Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46]), randomBytes(200)])],
  ['脚本', Buffer.from('#!/bin/sh\necho hi\n')],
  ['带 BOM 的脚本', Buffer.from('\ufeff#!/bin/sh\n')],
  ['Mach-O', Buffer.concat([Buffer.from([0xcf, 0xfa, 0xed, 0xfe]), randomBytes(200)])],
  ['胖 Mach-O', Buffer.concat([Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]), randomBytes(200)])],
];

async function refused(client: Client, code: string, ref: string): Promise<Message> {
  const error = await client.error(code);
  assert.equal(error['ref'], ref);
  return error;
}

test('类型: 禁止的扩展名怎么伪装都拒绝, 单帧与分片一样', async (t) => {
  const { client, storage } = await joined(t, FREE);
  for (const originalName of [
    'a.exe',
    'A.ExE',
    'x/报告.pdf.BAT',
    'a.sh. . ',
    'a.exe::$DATA',
    'a.e\u200bxe',
    'a.e\u200dxe',
    'a.ex\ufe0fe',
    'a．ｅｘｅ',
    '.exe',
  ]) {
    client.send({ type: 'file_start', clientId: 's', originalName, size: 1 });
    await refused(client, 'file_type_forbidden', 's');
    client.send({ type: 'file', clientId: 'f', originalName, filedata: 'aGk=' });
    await refused(client, 'file_type_forbidden', 'f');
  }
  assert.deepEqual(await storedFiles(storage), []);
});

test('类型: 改了名的可执行文件按内容拒绝, 单帧, 一片, 逐字节的分片都一样, 不留文件', async (t) => {
  const { client, storage } = await joined(t, FREE);
  for (const [kind, content] of EXECUTABLES) {
    client.send({
      type: 'file',
      clientId: kind,
      originalName: '说明.txt',
      filedata: content.toString('base64'),
    });
    await refused(client, 'file_type_forbidden', kind);
    for (const bytes of [content.length, 1]) {
      const ready = await begin(client, { originalName: '说明.txt' });
      const uploadId = String(ready['uploadId']);
      for (let at = 0; at < Math.min(content.length, 16 * bytes); at += bytes) {
        client.sendChunk(uploadId, at, content.subarray(at, at + bytes));
      }
      await refused(client, 'file_type_forbidden', uploadId);
      // 余下的分片已在路上: 先听到的必是原因, 之后才是 upload_unknown
      client.send({ type: 'file_end', uploadId });
      await refused(client, 'upload_unknown', uploadId);
    }
    assert.deepEqual(await storedFiles(storage), [], kind);
  }
  assert.equal(client.of('file').length, 0);
});

test('类型: 内容属于被禁扩展名的 (改名的快捷方式) 在校验时拒绝并删净', async (t) => {
  const { client, storage } = await joined(t, FREE);
  const shortcut = Buffer.concat([
    Buffer.from('4c0000000114020000000000c000000000000046', 'hex'),
    randomBytes(200),
  ]);
  const ready = await begin(client, { originalName: '图.txt' });
  const uploadId = String(ready['uploadId']);
  client.sendChunk(uploadId, 0, shortcut);
  client.send({ type: 'file_end', uploadId });
  await refused(client, 'file_type_forbidden', uploadId);
  assert.deepEqual(await storedFiles(storage), []);
});

test('名字: 没有可用部分的拒绝', async (t) => {
  const { client, storage } = await joined(t, FREE);
  for (const originalName of ['', '...', '../..', 'a/..', '\u200b\u202e', '  ']) {
    client.send({ type: 'file_start', clientId: 's', originalName });
    await refused(client, 'file_name_invalid', 's');
    client.send({ type: 'file', clientId: 'f', originalName, filedata: '' });
    await refused(client, 'file_name_invalid', 'f');
  }
  client.send({ type: 'file_start', clientId: 's', originalName: 'a'.repeat(5000) });
  await refused(client, 'invalid_field', 's');
  assert.deepEqual(await storedFiles(storage), []);
});

test('性质: 任意名字都只落在 UUID 名下, 广播的名字不含路径', { timeout: 120_000 }, async (t) => {
  const { client, storage } = await joined(t, { ...FREE, files: { blockedExtensions: [] } });
  const piece = fc.constantFrom(
    '..',
    '.',
    '/',
    '\\',
    'a',
    '报告',
    '%2e%2e',
    '\0',
    'C:',
    '.png',
    '.tar.gz',
    '~',
    '.json',
    ' ',
  );
  const name = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 8 }).map((list) => list.join('')),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(name, fc.boolean(), async (originalName, chunked) => {
      const clientId = 'p';
      if (chunked) client.send({ type: 'file_start', clientId, originalName, size: 0 });
      else client.send({ type: 'file', clientId, originalName, filedata: '' });
      const reply = await client.next((m) => m['clientId'] === clientId || m.type === 'error');
      if (reply.type === 'error') {
        assert.match(String(reply['code']), /^(?:file_name_invalid|invalid_field)$/);
        return;
      }
      if (reply.type === 'file_ready') await finish(client, reply);
      const file = client.of('file').at(-1)!;
      assert.match(String(file['originalName']), /^[^/\\\0]+$/);
      assert.doesNotMatch(String(file['originalName']), /^\.\.?$/);
      assert.equal((await fetch(String(file['url']))).status, 200);
    }),
    { numRuns: 300 },
  );
  for (const stored of await storedFiles(storage)) assert.match(stored.replaceAll(UUID, 'UUID'), STORED);
});
