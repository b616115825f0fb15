// 真服务器发出的每种消息都与 PROTOCOL.md 相符: 写明的都有, 没写明的都没有
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { ERRORS, type ErrorCode } from '../protocol/errors.js';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { type Running, serve } from './harness.js';
import { mismatches, readMessages, readSections, sectionOf } from './protocol-doc.js';

const SECTIONS = readSections('src/protocol/PROTOCOL.md');
const DOCUMENTED = new Map(
  readMessages(SECTIONS)
    .filter(({ fromClient }) => !fromClient)
    .map((message) => [message.title.replace(/ \(.*/, ''), message]),
);
const FACTS = new Map(
  (sectionOf(SECTIONS, 'error (服务器 -> 客户端)').tables[1] ?? []).map((row) => [
    row[0] ?? '',
    (row[3] ?? '').split(', ').filter((name) => name !== ''),
  ]),
);

// 一个像素的 PNG: 有缩略图与尺寸
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const FRAME_BYTES = 1_600_000;

function keyOf(message: Message): string {
  return message['action'] === 'sync' ? 'user_update sync' : message.type;
}

/** 逐条核对; error 附带的事实按错误码另查 */
function checkAll(messages: readonly Message[]): void {
  for (const message of messages) {
    const documented = DOCUMENTED.get(keyOf(message));
    assert.ok(documented, `文档里没有 ${keyOf(message)}`);
    const facts = message.type === 'error' ? (FACTS.get(String(message['code'])) ?? []) : [];
    const base = Object.fromEntries(Object.entries(message).filter(([name]) => !facts.includes(name)));
    // 空页的元素类型无从判断
    if ('messages' in message && (message['messages'] as unknown[]).length === 0) continue;
    assert.deepEqual(mismatches(base, documented.fields), [], JSON.stringify(message));
  }
}

/** 写明的字段都在某一条里出现过 */
function checkCoverage(messages: readonly Message[], kinds: readonly string[]): void {
  for (const kind of kinds) {
    const samples = messages.filter((message) => keyOf(message) === kind);
    const seen = new Set(samples.flatMap((sample) => Object.keys(sample)));
    const fields = [...(DOCUMENTED.get(kind)?.fields.keys() ?? [])];
    assert.deepEqual(
      fields.filter((name) => !seen.has(name)),
      [],
      `${kind} 写明了却没有出现的字段`,
    );
  }
}

async function upload(client: Client, start: object, data: Buffer): Promise<Message> {
  client.send({ type: 'file_start', ...start, size: data.byteLength });
  const ready = await client.next('file_ready');
  await sendWindowed(client, ready, data);
  return ready;
}

function start(t: TestContext): Promise<Running> {
  // 合并周期放长, 两个人才落进同一拍
  return serve(t, {
    chat: { presenceTickMs: 150, messagesPerSecond: 0 },
    // 紧接着的几条才会攒成一拍
    fanout: { minDelayMs: 50, maxDelayMs: 50 },
    files: { fileBytes: 4 * 1024 * 1024, frameBytes: FRAME_BYTES, windowBytes: 512 * 1024 },
  });
}

it('协议: 每种服务器消息的字段与文档相同, 两个方向', async (t) => {
  const { ws, http } = await start(t);
  const alice = await Client.join(t, `${ws}/ws`, '甲', {
    features: ['batch', 'batch_text', 'offer', 'people'],
  });
  const [bob] = await Promise.all([
    Client.join(t, `${ws}/ws`, '乙', { features: ['people'] }),
    Client.join(t, `${ws}/`, '丙'),
  ]);
  await alice.next(({ action }) => action === 'sync');
  bob.send({ type: 'text', message: '你好', clientId: 'm-1' });
  for (const message of ['一', '二', '三']) bob.send({ type: 'text', message });
  await alice.next('batch');
  bob.send({ type: 'file', originalName: '点?.png', filedata: PNG.toString('base64'), clientId: 'f-1' });
  await bob.next(({ clientId }) => clientId === 'f-1');
  const ready = await upload(bob, { originalName: '点?.png', clientId: 'c-1' }, PNG);
  bob.send({ type: 'file_end', uploadId: ready['uploadId'] });
  await bob.next('file_done');
  const unwanted = await upload(bob, { originalName: '备忘.txt' }, Buffer.from('x'));
  bob.send({ type: 'file_cancel', uploadId: unwanted['uploadId'] });
  await bob.next('file_cancelled');
  bob.send({ type: 'history', kind: 'file', ref: 'files' });
  await bob.next('history');
  bob.send({ type: 'search', query: '你好', ref: 's' });
  await bob.next('search');
  bob.send({ type: 'search', kind: 'file', ref: 't' });
  await bob.next((message) => message['ref'] === 't');
  bob.send({ type: 'transfer_ticket', ref: 'k' });
  await bob.next('transfer_ticket');
  // 同样大小, 同样内容的再来一个: 先是提示, 报出散列之后是抽查
  const known = await upload(bob, { originalName: '又是.png', clientId: 'c-2' }, PNG);
  assert.equal(known['sizeKnown'], true);
  bob.send({ type: 'file_hash', uploadId: known['uploadId'], sha256: sha256(PNG) });
  await bob.next('file_challenge');
  bob.send({ type: 'file_cancel', uploadId: known['uploadId'] });
  await alice.next('file_withdrawn');
  bob.send({ type: 'file_cancel', uploadId: unwanted['uploadId'] });
  await bob.error('upload_unknown');

  // 被切断之后, 下一次 welcome 带 lastClose
  bob.sendRaw('x'.repeat(FRAME_BYTES + 1));
  assert.deepEqual(await bob.close(), { code: 1009, reason: 'frame_too_large' });
  const again = await Client.join(t, `${ws}/ws`, '乙', { session: bob.welcome['session'] });
  assert.deepEqual(again.welcome['lastClose'], { code: 1009, reason: 'frame_too_large' });

  const all = [...alice.messages, ...bob.messages, ...again.messages];
  checkAll(all);
  checkCoverage(all, [...DOCUMENTED.keys()]);

  const form = new FormData();
  form.append('name', '丁');
  form.append('file', new Blob([new Uint8Array(PNG)]), '点.png');
  const response = await fetch(`${http}/api/files?features=people`, { method: 'POST', body: form });
  const { files } = (await response.json()) as { files: Message[] };
  assert.equal(response.status, 201);
  checkAll(files);
  checkCoverage(files, ['file']);
  const users = (await (await fetch(`${http}/api/users`)).json()) as object;
  assert.deepEqual(Object.keys(users), ['online', 'users']);
});

it('协议: 错误附带的字段与文档相同, HTTP 同表', async (t) => {
  const { ws, http } = await start(t);
  const stranger = await Client.open(t, `${ws}/ws`);
  const client = await Client.join(t, `${ws}/ws`, '甲');
  const expectError = async (code: ErrorCode, send: () => void, from = client): Promise<void> => {
    send();
    const error = await from.error(code);
    const facts = Object.keys(error).filter((name) => !DOCUMENTED.get('error')?.fields.has(name));
    const documented = FACTS.get(code) ?? [];
    assert.ok(
      facts.every((name) => documented.includes(name)),
      `${code} 附带了没有写明的 ${facts}`,
    );
    assert.equal(facts.length > 0, documented.length > 0, `${code} 写明的附带字段没有出现`);
    assert.equal(error['retryable'], ERRORS[code].retryable);
  };
  const startFile = (fields: object) => () =>
    client.send({ type: 'file_start', originalName: 'a.txt', ...fields });
  const unknownId = '3f0c8a52-8a7d-4e0b-b0a5-6a1d2c3e4f50';

  await expectError('unauthorized', () => stranger.send({ type: 'history' }), stranger);
  await expectError('name_taken', () => stranger.send({ type: 'text', name: '甲', message: 'x' }), stranger);
  await expectError('name_invalid', () => stranger.send({ type: 'text', name: ' ', message: 'x' }), stranger);
  await expectError('bad_json', () => client.sendRaw('{'));
  await expectError('invalid_field', () => client.send({ type: 'text' }));
  await expectError('unknown_type', () => client.send({ type: 'nothing' }));
  await expectError('text_too_long', () => client.send({ type: 'text', message: 'x'.repeat(16_385) }));
  await expectError('base64_invalid', () => client.send({ type: 'file', originalName: 'a', filedata: '*' }));
  await expectError('file_name_invalid', startFile({ originalName: '...' }));
  await expectError('file_type_forbidden', startFile({ originalName: 'a.exe' }));
  await expectError('file_too_large', startFile({ size: 4 * 1024 * 1024 + 1 }));
  await expectError('frame_too_large', startFile({ name: 'x'.repeat(170_000) }));
  await expectError('upload_unknown', () => client.send({ type: 'file_end', uploadId: unknownId }));

  client.send({ type: 'file_start', originalName: 'a.txt', size: 2 * 1024 * 1024 });
  const ready = await client.next('file_ready');
  const uploadId = String(ready['uploadId']);
  await expectError('offset_mismatch', () => client.sendChunk(uploadId, 7, Buffer.from('x')));
  await expectError('size_mismatch', () => client.send({ type: 'file_end', uploadId }));
  // 一片就比整个窗口大: 不取决于磁盘的快慢
  await expectError('window_exceeded', () => client.sendChunk(uploadId, 0, Buffer.alloc(600_000)));
  await upload(client, { originalName: 'b.txt' }, Buffer.from('x')).then(({ uploadId: id }) =>
    expectError('checksum_mismatch', () =>
      client.send({ type: 'file_end', uploadId: id, sha256: '0'.repeat(64) }),
    ),
  );

  const refused = await fetch(`${http}/ws`, { headers: { origin: 'http://evil.example' } });
  assert.equal(refused.status, ERRORS.upgrade_required.http);
  const unauthorized = await fetch(`${http}/api/files`, {
    method: 'POST',
    headers: { authorization: 'Bearer x' },
    body: new FormData(),
  });
  assert.equal(unauthorized.status, ERRORS.unauthorized.http);
  const { error } = (await unauthorized.json()) as { error: object };
  assert.deepEqual(Object.keys(error), ['code', 'message']);
});

it('协议: 加入时补发的条数与字节上限就是文档里的数字', async (t) => {
  const constants = new Map(
    (sectionOf(SECTIONS, '常量').tables[0] ?? []).map(([name = '', value]) => [name, Number(value)]),
  );
  const constant = (name: string): number => constants.get(name) ?? Number.NaN;
  const { ws } = await start(t);
  const writer = await Client.join(t, `${ws}/ws`, '甲');
  for (let index = 0; index < 220; index += 1) writer.send({ type: 'text', message: `第 ${index} 条` });
  await writer.settle();
  const page = async (extra: object): Promise<Message> => {
    const reader = await Client.join(t, `${ws}/ws`, `读者 ${Math.random()}`, { features: [], ...extra });
    return reader.next('history');
  };
  const recent = await page({});
  assert.equal((recent['messages'] as unknown[]).length, constant('HISTORY_DEFAULT'));
  // 加入时的补发不受 MAX_HISTORY_LIMIT 之限: 给出错过的全部, 直到字节上限
  const missed = await page({ after: 0 });
  assert.equal((missed['messages'] as unknown[]).length, 220);
  writer.send({ type: 'history', after: 0, limit: 1000 });
  const asked = await writer.next('history');
  assert.equal((asked['messages'] as unknown[]).length, constant('MAX_HISTORY_LIMIT'));
  assert.deepEqual([recent['more'], missed['more'], asked['more']], [true, false, true]);

  for (let index = 0; index < 20; index += 1) writer.send({ type: 'text', message: 'x'.repeat(16_384) });
  await writer.settle();
  const large = await page({});
  const perMessage = 16_384 + 160;
  assert.equal((large['messages'] as unknown[]).length, Math.floor(constant('REPLAY_BYTES') / perMessage));
});
