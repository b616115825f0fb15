// 启动补播: 在磁盘上而不在消息日志里的文件各播一次; 日志里有的从不再播
import assert from 'node:assert/strict';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { serve, spawnServer, storedFiles, temporaryFolder } from './harness.js';
import { eventually, publish, publishOne } from './http-tools.js';
import { assertPublished, begin, finish, joined, randomBytes, resume } from './uploading.js';

const DATA = randomBytes(50_000);
const MINUTE_MS = 60_000;

/** 有消息日志之前的样子: 数据库与预写文件都没有, 会话的密钥还在 */
async function forgetHistory(storage: string): Promise<void> {
  const folder = path.join(storage, 'history');
  for (const name of await readdir(folder)) {
    if (name !== 'session.secret') await rm(path.join(folder, name));
  }
  await rm(path.join(storage, 'history.json'));
}

async function history(t: TestContext, ws: string, name = '李四'): Promise<Message[]> {
  const client = await Client.join(t, ws, name, { features: [] });
  return (await client.next('history'))['messages'] as Message[];
}

const idsOf = (messages: readonly Message[]): unknown[] => messages.map(({ id }) => id);

test('补播: 旧目录的文件按发布的先后各播一次, 时间是发布的时间; 再启动不再播', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await serve(t, { storage: { path: storage } });
  const files: Message[] = [];
  for (const name of ['甲.bin', '乙.bin', '丙.bin']) {
    files.push(await publishOne(before.http, name, randomBytes(1000, files.length + 1)));
  }
  await before.server.stop();
  await forgetHistory(storage);
  // 倒过来: 先后看时间而不是名字
  const start = 1_700_000_000_000;
  const expected = [...files].reverse().map(({ id, originalName }, index) => {
    return { id, time: start + index * MINUTE_MS, seq: index + 1, originalName };
  });
  for (const { id, time } of expected) {
    await utimes(path.join(storage, 'meta', `${String(id)}.json`), time / 1000, time / 1000);
  }
  const first = await serve(t, { storage: { path: storage } });
  const shown = await history(t, first.ws);
  assert.deepEqual(
    shown.map(({ id, time, seq, originalName }) => ({ id, time, seq, originalName })),
    expected,
  );
  await first.server.stop();
  const second = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, second.ws, '王五', { features: [] });
  assert.equal(client.welcome['seq'], 3);
  assert.deepEqual(idsOf((await client.next('history'))['messages'] as Message[]), idsOf(shown));
});

test('补播: 单帧文件发布之后, 记录之前崩溃, 重发同一个 clientId 得到同一个应答', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await joined(t, { storage: { path: storage } });
  const frame = {
    type: 'file',
    originalName: '甲.bin',
    filedata: DATA.toString('base64'),
    clientId: '重发',
  };
  before.client.send(frame);
  const { id } = await before.client.next('ack');
  const session = String(before.client.welcome['session']);
  await before.server.stop();
  await forgetHistory(storage);
  const { ws, http } = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, ws, '张三', { session, features: [] });
  const messages = (await client.next('history'))['messages'] as Message[];
  assert.deepEqual(idsOf(messages), [id]);
  client.send(frame);
  const ack = await client.next('ack');
  assert.deepEqual([ack['id'], ack['seq']], [id, 1]);
  await client.settle();
  assert.deepEqual(client.of('file'), []);
  const body = await (await fetch(`${http}/api/messages`)).text();
  assert.equal(body.includes('sender'), false, '发送者的散列不外传');
});

test('补播: 播了而没来得及记下的上传, 重启后不再播, 续传得到原来的结果', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await joined(t, { storage: { path: storage } });
  const ready = await begin(before.client, { size: DATA.length });
  await sendWindowed(before.client, ready, DATA);
  const done = await finish(before.client, ready);
  await before.server.stop();
  const journal = path.join(storage, 'partial', `${String(ready['uploadId'])}.json`);
  const { done: _, ...open } = JSON.parse(await readFile(journal, 'utf8')) as Record<string, unknown>;
  await writeFile(journal, JSON.stringify(open));
  const { ws } = await serve(t, { storage: { path: storage } });
  const client = await Client.join(t, ws, '李四', { features: [] });
  assert.deepEqual(idsOf((await client.next('history'))['messages'] as Message[]), [done['id']]);
  const again = await finish(client, await resume(client, ready));
  assert.deepEqual([again['id'], again['seq'], again['time']], [done['id'], done['seq'], done['time']]);
  await assertPublished(again, DATA);
});

test('补播: 来历不明的文件不播也不删, 日志里有而磁盘上没有的也数出来, 都只说一行', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await serve(t, { storage: { path: storage } });
  const kept = await publishOne(before.http, '甲.bin', DATA);
  const gone = await publishOne(before.http, '乙.bin', randomBytes(10));
  const late = await publishOne(before.http, '丙.bin', randomBytes(20));
  await before.server.stop();
  await forgetHistory(storage);
  await rm(path.join(storage, 'meta', `${String(late['id'])}.json`));
  const first = await spawnServer(t, storage);
  await first.signal('SIGTERM');
  await rm(path.join(storage, new URL(String(gone['url'])).pathname));
  const second = await spawnServer(t, storage, { SLUICE_LOG_LEVEL: 'info' });
  const [line, ...others] = second.lines.filter((text) => text.includes('存储的对账完成'));
  assert.deepEqual(others, []);
  const { files, announced, unreadable, missing } = JSON.parse(line ?? '{}') as Record<string, unknown>;
  assert.deepEqual(
    { files, announced, unreadable, missing },
    { files: 2, announced: 0, unreadable: 1, missing: 1 },
  );
  assert.deepEqual(idsOf(await history(t, second.ws)), [kept['id'], gone['id']]);
  const names = await storedFiles(storage);
  assert.ok(names.includes(path.join('files', `${String(late['id'])}.bin`)));
  assert.equal(
    sha256(await readFile(path.join(storage, 'files', `${String(late['id'])}.bin`))),
    late['sha256'],
  );
});

test('对账: 播过的文件没有了元数据 (恢复备份时漏了 meta/) 不悄悄启动, 提醒一行', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await serve(t, { storage: { path: storage } });
  for (const name of ['甲.bin', '乙.bin']) await publishOne(before.http, name, randomBytes(10));
  await before.server.stop();
  await rm(path.join(storage, 'meta'), { recursive: true });
  const { lines } = await spawnServer(t, storage);
  const line = lines.find((text) => text.includes('存储的对账完成'));
  const { level, files, undescribed, msg } = JSON.parse(line ?? '{}') as Record<string, unknown>;
  assert.deepEqual({ level, files, undescribed }, { level: 'warn', files: 2, undescribed: 2 });
  assert.match(String(msg), /npm run doctor/);
});

test('补播: 启动时有一批要过期, 对账之后才删它们: 没有不一致可报', async (t) => {
  const storage = await temporaryFolder(t);
  const before = await serve(t, { storage: { path: storage }, chat: { messagesPerSecond: 0 } });
  for (let batch = 0; batch < 3; batch += 1) {
    const files = Array.from({ length: 10 }, (_, index) => ({ fileName: 'a', data: `${batch} ${index}` }));
    await publish(before.http, files);
  }
  const kept = await publishOne(before.http, '新.bin', DATA);
  await before.server.stop();
  const { lines, http } = await spawnServer(t, storage, {
    SLUICE_HISTORY_MAX_MESSAGES: '1',
    SLUICE_HISTORY_KEEP_DAYS: '0',
  });
  const line = lines.find((text) => text.includes('存储的对账完成'));
  const { level, files, unreadable, missing } = JSON.parse(line ?? '{}') as Record<string, unknown>;
  assert.deepEqual(
    { level, files, unreadable, missing },
    { level: 'info', files: 31, unreadable: 0, missing: 0 },
  );
  await eventually('过期的都删掉', async () => (await storedFiles(storage)).length === 2);
  const shown = async (): Promise<unknown[]> => {
    const page = (await (await fetch(`${http}/api/messages`)).json()) as { messages: Message[] };
    return idsOf(page.messages);
  };
  await eventually('消息也删掉', async () => (await shown()).length === 1);
  assert.deepEqual(await shown(), [kept['id']]);
});
