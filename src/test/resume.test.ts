// 续传: 换连接, 掉线, 停放, 重启, 接管, 完成之后; 已确认的字节一个不少, 广播恰好一次
import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { storedFiles, temporaryFolder } from './harness.js';
import { acknowledged, assertPublished, begin, finish, joined, randomBytes, resume } from './uploading.js';

const KIB = 1024;
const MIB = KIB * KIB;
const FREE = { chat: { messagesPerSecond: 0 } };
const HALF = 700_001;
const DATA = randomBytes(1_500_000);

/** 开始并传一半, 等到确认 */
async function half(client: Client): Promise<Message> {
  const ready = await begin(client, { size: DATA.length, originalName: '半.bin' });
  assert.equal(await sendWindowed(client, ready, DATA, { end: HALF }), HALF);
  return ready;
}

/** 从 ready 的 offset 传完, 核对 */
async function complete(client: Client, ready: Message): Promise<Message> {
  await sendWindowed(client, ready, DATA);
  const done = await finish(client, ready);
  await assertPublished(done, DATA);
  return done;
}

/** 断开, 等到服务器也知道了 (它先处理, 再回关闭帧) */
async function drop(client: Client): Promise<void> {
  client.socket.close();
  await client.close();
}

/** 目录里某个扩展名的文件, 绝对路径 */
async function partialFiles(storage: string, extension: string): Promise<string[]> {
  const folder = path.join(storage, 'partial');
  return (await readdir(folder)).filter((name) => name.endsWith(extension)).map((n) => path.join(folder, n));
}

async function pieces(t: TestContext, storage?: string): Promise<Awaited<ReturnType<typeof joined>>> {
  return joined(t, { ...FREE, ...(storage === undefined ? {} : { storage: { path: storage } }) });
}

test('续传: 同一条连接, 另一条连接, 传输连接, 别的会话都能接着传', async (t) => {
  const { client, ws } = await pieces(t);
  const transferUrl = `${ws}/ws/transfer?session=${String(client.welcome['session'])}`;
  const others = [
    client,
    await Client.join(t, ws, '张三', { session: client.welcome['session'] }),
    await Client.open(t, transferUrl),
    await Client.join(t, ws, '李四'),
  ];
  for (const other of others) {
    const ready = await resume(other, await half(client));
    assert.equal(ready['offset'], HALF);
    const done = await complete(other, ready);
    // 换了人传, 分享者仍是开始的那位
    assert.equal(done['name'], '张三');
  }
});

test('续传: 掉线之后偏移就是已写的字节, 旧的 clientId 换成新的', async (t) => {
  const { client, ws } = await pieces(t);
  const started = await half(client);
  await drop(client);
  const back = await Client.join(t, ws, '张三', { session: client.welcome['session'] });
  back.send({
    type: 'file_start',
    clientId: '新的',
    uploadId: started['uploadId'],
    resumeToken: started['resumeToken'],
  });
  const ready = await back.next('file_ready');
  assert.deepEqual(
    [ready['clientId'], ready['offset'], ready['uploadId']],
    ['新的', HALF, started['uploadId']],
  );
  assert.equal((await complete(back, ready))['clientId'], '新的');
});

test('续传: 掉线时在途的字节不算错, 从服务器收到的地方继续', async (t) => {
  const { client, ws } = await pieces(t);
  const ready = await begin(client, { size: DATA.length });
  client.sendChunk(String(ready['uploadId']), 0, DATA.subarray(0, 500_000));
  client.socket.terminate();
  const back = await Client.join(t, ws, '李四');
  await complete(back, await resume(back, ready));
});

test('续传: 停放到磁盘之后照样接着传, 结果与没停过一样', async (t) => {
  const { client, ws } = await joined(t, { ...FREE, uploads: { idleTimeoutMs: 1, maxActive: 1 } });
  const started = await half(client);
  await drop(client);
  // 名额只有一个: 别人一开始, 掉线的就停放了
  const other = await Client.join(t, ws, '李四');
  await finish(other, await begin(other));
  const ready = await resume(other, started);
  assert.equal(ready['offset'], HALF);
  await complete(other, ready);
});

test('续传: 优雅停止再启动, 已收下的都在, 凭据不变', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await pieces(t, storage);
  const ready = await begin(first.client, { size: DATA.length });
  // 不等确认就停: 停止时要写完已收下的
  first.client.sendChunk(String(ready['uploadId']), 0, DATA.subarray(0, HALF));
  await first.client.settle();
  await first.server.stop();
  const second = await pieces(t, storage);
  const back = await resume(second.client, ready);
  assert.equal(back['offset'], HALF);
  await complete(second.client, back);
  await second.client.settle();
  assert.equal(second.client.of('file').length, 1);
});

test('续传: 令牌不对是 upload_unknown, 主人不受打扰; 停放的也一样', async (t) => {
  const { client, ws } = await joined(t, { ...FREE, uploads: { maxActive: 1 } });
  const started = await half(client);
  const thief = await Client.join(t, ws, '李四');
  const guesses = [
    '',
    'x',
    String(started['resumeToken']).slice(1),
    `${String(started['resumeToken'])}x`,
    'y'.repeat(43),
  ];
  const guess = async (): Promise<void> => {
    for (const resumeToken of guesses) {
      thief.send({ type: 'file_start', clientId: '偷', uploadId: started['uploadId'], resumeToken });
      assert.equal((await thief.error('upload_unknown'))['ref'], '偷');
    }
  };
  await guess();
  client.sendChunk(String(started['uploadId']), HALF, DATA.subarray(HALF, HALF + 10));
  await acknowledged(client, started, HALF + 10);
  await drop(client);
  await finish(thief, await begin(thief));
  await guess();
  await complete(thief, await resume(thief, started));
});

test('接管: 先前的连接从此得到 upload_unknown, 在途的分片不会混进来', async (t) => {
  const { client, ws } = await pieces(t);
  const started = await half(client);
  const uploadId = String(started['uploadId']);
  const taker = await Client.join(t, ws, '李四');
  const ready = await resume(taker, started);
  assert.equal(ready['offset'], HALF);
  client.sendChunk(uploadId, HALF, randomBytes(1000, 99));
  client.sendBase64Chunk(uploadId, HALF, randomBytes(1000, 98));
  client.send({ type: 'file_end', uploadId });
  client.send({ type: 'file_cancel', uploadId });
  for (let count = 0; count < 4; count += 1) {
    assert.equal((await client.error('upload_unknown'))['ref'], uploadId);
  }
  await drop(client);
  await complete(taker, ready);
});

test('接管: 两条连接抢来抢去, 边抢边发, 内容不乱', async (t) => {
  const { client, ws } = await pieces(t);
  const pair = [client, await Client.join(t, ws, '李四')];
  let ready = await begin(client, { size: DATA.length });
  const uploadId = String(ready['uploadId']);
  let offset = 0;
  for (let round = 0; offset < DATA.length; round += 1) {
    const [holder, taker] = [pair[round % 2]!, pair[(round + 1) % 2]!];
    // 发出之后不等确认就被抢走: 收下的算数, 没收下的由接管者重发
    for (let at = offset; at < Math.min(offset + 200_000, DATA.length); at += 50_000) {
      holder.sendChunk(uploadId, at, DATA.subarray(at, at + 50_000));
    }
    // 有时让它们先到, 免得谁都没有进展
    if (round % 4 === 3) await holder.settle();
    ready = await resume(taker, ready);
    const resumed = Number(ready['offset']);
    // 报过的偏移不会回退; 至于抢走前刚发的那一片, 两条连接之间没有次序可言
    assert.ok(resumed >= offset && resumed <= DATA.length);
    offset = resumed;
  }
  const owner = pair.find((one) => one.messages.includes(ready))!;
  await assertPublished(await finish(owner, ready), DATA);
});

test('续传已完成的: file_ready 的 offset 等于全长, file_end 得到同一个结果, 不再广播; 重启之后也一样', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await pieces(t, storage);
  const started = await half(first.client);
  const done = await complete(first.client, { ...started, offset: HALF });
  const other = await Client.join(t, first.ws, '李四');
  const again = await resume(other, started);
  assert.equal(again['offset'], DATA.length);
  assert.deepEqual({ ...(await finish(other, again)), clientId: '' }, { ...done, clientId: '' });
  await other.settle();
  assert.equal(other.of('file').length, 0);
  await first.server.stop();
  const second = await pieces(t, storage);
  const restarted = await resume(second.client, started);
  assert.equal(restarted['offset'], DATA.length);
  const result = await finish(second.client, restarted);
  assert.deepEqual(
    [result['id'], result['seq'], result['sha256']],
    [done['id'], done['seq'], done['sha256']],
  );
  await assertPublished(result, DATA);
  await second.client.settle();
  assert.equal(second.client.of('file').length, 0);
});

test('续传正在校验的: 等它结束, 得到同一个结果, 恰好广播一次', async (t) => {
  const { client, ws } = await pieces(t);
  const data = randomBytes(24 * MIB);
  const ready = await begin(client, { size: data.length });
  await sendWindowed(client, ready, data);
  const other = await Client.join(t, ws, '李四');
  client.send({ type: 'file_end', uploadId: ready['uploadId'] });
  await client.settle();
  const back = await resume(other, ready);
  assert.equal(back['offset'], data.length);
  await assertPublished(await finish(other, back), data);
  await other.settle();
  assert.equal(other.of('file').length, 1);
});

test('清扫: 过了保留期的部分文件与记录启动时删除, 没过期的留着', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await pieces(t, storage);
  const old = await half(first.client);
  await first.server.stop();
  const fresh = { ...FREE, storage: { path: storage }, files: { partialTtlHours: 1 } };
  const second = await joined(t, fresh);
  assert.equal((await storedFiles(storage)).length, 2);
  await second.server.stop();
  await age(storage, 2);
  const third = await joined(t, fresh);
  assert.deepEqual(await storedFiles(storage), []);
  third.client.send({ type: 'file_start', uploadId: old['uploadId'], resumeToken: old['resumeToken'] });
  await third.client.error('upload_unknown');
});

/** 把部分文件与记录都变老 hours 小时 */
async function age(storage: string, hours: number): Promise<void> {
  const then = new Date(Date.now() - hours * 3_600_000);
  for (const file of await partialFiles(storage, '.part')) await utimes(file, then, then);
  for (const file of await partialFiles(storage, '.json')) await rewrite(file, { startedAt: then.getTime() });
}

async function rewrite(file: string, changes: object): Promise<void> {
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...changes }));
}
