// 约 6 秒: 陌生的地址占上传的位子 (第 13 号的 A4 与 A7): 停放 4096 个只有一个分片的, 开着 256 个从不传的; 别人照样上传
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { assertPublished, begin, finish, randomBytes, resume } from './uploading.js';

const CHUNK = 1024;
const STRANGERS = { SLUICE_TRUSTED_ADDRESSES: '', SLUICE_MESSAGES_PER_SECOND: '0' };
const BYSTANDER = { localAddress: '127.0.0.9' };
const data = randomBytes(300_000);

const join = (t: TestContext, ws: string, name: string, localAddress: string): Promise<Client> =>
  Client.join(t, ws, name, { features: ['batch', 'offer'] }, { localAddress });

/** 开始 count 个, 各等到 file_ready 或 error */
async function startMany(client: Client, count: number, size: number): Promise<Message[]> {
  for (let index = 0; index < count; index += 1) {
    client.send({ type: 'file_start', clientId: `c${index}`, originalName: 'a.bin', size });
  }
  const answers: Message[] = [];
  while (answers.length < count) {
    answers.push(await client.next(({ type }) => type === 'file_ready' || type === 'error'));
  }
  return answers;
}

/** 旁人上传一个, 从头到尾 */
async function upload(client: Client): Promise<void> {
  const ready = await begin(client, { size: data.length });
  await sendWindowed(client, ready, data);
  await assertPublished(await finish(client, ready), data);
}

/** 一条连接上开始 count 个, 各传一个分片, 然后断开 */
async function parkMany(t: TestContext, ws: string, round: number, count: number): Promise<void> {
  const client = await join(t, ws, `甲${round}`, '127.0.0.2');
  for (const ready of await startMany(client, count, 2 * CHUNK)) {
    if (ready.type === 'file_ready') client.sendChunk(String(ready['uploadId']), 0, data.subarray(0, CHUNK));
  }
  await client.settle();
  client.socket.close();
  await client.close();
}

describe('占住上传的位子', () => {
  it('停放 4096 个恰好一个分片的上传: 别人照样开始, 重启之后也一样; 那个地址至多留下 512 个', async (t) => {
    const storage = await temporaryFolder(t);
    const env = { ...STRANGERS, SLUICE_FILES_CHUNK_BYTES: String(CHUNK), SLUICE_UPLOADS_PER_SESSION: '64' };
    const first = await spawnServer(t, storage, env);
    for (let round = 0; round < 64; round += 1) await parkMany(t, first.ws, round, 64);
    await upload(await join(t, first.ws, '乙', '127.0.0.9'));
    await first.signal('SIGTERM');

    const second = await spawnServer(t, storage, env);
    await upload(await join(t, second.ws, '乙', '127.0.0.9'));
    await parkMany(t, second.ws, 64, 64);
    await upload(await join(t, second.ws, '丙', '127.0.0.9'));
    const parked = (await readdir(path.join(storage, 'partial'))).filter((name) => name.endsWith('.part'));
    assert.ok(parked.length <= 512, `${parked.length}`);
  });

  it('四个地址各 8 条连接, 各开 8 个从不传的上传: 别人照样上传; 让了位的凭续传回来', async (t) => {
    const { ws } = await spawnServer(t, await temporaryFolder(t), STRANGERS);
    const held: [Client, Message][] = [];
    for (let connection = 0; connection < 32; connection += 1) {
      const client = await join(t, ws, `甲${connection}`, `127.0.0.${2 + (connection % 4)}`);
      for (const ready of await startMany(client, 8, 1e6)) {
        assert.equal(ready.type, 'file_ready', JSON.stringify(ready));
        held.push([client, ready]);
      }
    }
    const bystander = await join(t, ws, '乙', BYSTANDER.localAddress);
    await upload(bystander);
    await upload(bystander);
    // 每个地址至多 16 份别人看得见
    await bystander.settle();
    const seen = new Set(
      bystander
        .of('file_offer')
        .filter(({ name }) => name !== '乙')
        .map(({ id }) => id),
    );
    assert.ok(seen.size <= 64, `${seen.size}`);
    // 最久没有动静的让了位
    const [client, ready] = held[0]!;
    client.sendChunk(String(ready['uploadId']), 0, data.subarray(0, 1000));
    await client.error('upload_unknown');
    assert.equal((await resume(client, ready))['offset'], 0);
  });

  it('一个地址开不到 64 个以上的上传, 说出是哪一项设置', async (t) => {
    const { ws } = await spawnServer(t, await temporaryFolder(t), STRANGERS);
    const refused: Message[] = [];
    for (let connection = 0; connection < 9; connection += 1) {
      const client = await join(t, ws, `甲${connection}`, '127.0.0.2');
      refused.push(...(await startMany(client, 8, 1e6)).filter(({ type }) => type === 'error'));
    }
    assert.equal(refused.length, 8);
    const facts = refused.map(({ code, setting, limit, retryable }) => ({ code, setting, limit, retryable }));
    const expected = { code: 'server_busy', setting: 'address.uploads', limit: 64, retryable: true };
    assert.deepEqual(new Set(facts.map((each) => JSON.stringify(each))), new Set([JSON.stringify(expected)]));
  });
});
