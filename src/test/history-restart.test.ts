// 持久历史: 重启之后 epoch, seq, 消息与重发的应答都不变 (真套接字)
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, type Message } from './client.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { besides } from './history-tools.js';

async function page(client: Client, request: object = {}): Promise<Message[]> {
  client.send({ type: 'history', limit: 200, ...request });
  return (await client.next('history'))['messages'] as Message[];
}

async function start(t: TestContext, storage: string) {
  return serve(t, { storage: { path: storage }, chat: { messagesPerSecond: 0 } });
}

test('重启: epoch 不变, seq 接着走, 历史一字不差', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await start(t, storage);
  const talker = await Client.join(t, first.ws, '张三');
  for (const message of ['你好', '\u0000空字符\u0000', 'emoji 👨‍👩‍👧', '"引号"\n换行'])
    talker.send({ type: 'text', message });
  talker.send({ type: 'file', originalName: '报告.txt', filedata: 'YQ==', clientId: 'f' });
  await talker.next('ack');
  const before = await page(talker);
  await first.server.stop();
  const second = await start(t, storage);
  const back = await Client.join(t, second.ws, '李四');
  assert.equal(back.welcome['epoch'], talker.welcome['epoch']);
  assert.equal(back.welcome['seq'], 5);
  const local = (messages: Message[]): string =>
    JSON.stringify(messages).replaceAll(/127\.0\.0\.1:\d+/g, 'host');
  assert.equal(local(await page(back)), local(before));
  back.send({ type: 'text', message: '接着' });
  assert.equal((await back.next('text'))['seq'], 6);
});

test('重启: 同一个 clientId 重发得到同一个应答, 不再广播', async (t) => {
  const storage = await temporaryFolder(t);
  const first = await start(t, storage);
  const talker = await Client.join(t, first.ws, '张三');
  const session = talker.welcome['session'];
  const messages = [
    { type: 'text', message: '只此一次', clientId: 'c1' },
    { type: 'file', originalName: 'a.txt', filedata: 'YQ==', clientId: 'c2' },
  ];
  const acks: Message[] = [];
  for (const message of messages) {
    talker.send(message);
    acks.push(await talker.next('ack'));
  }
  await first.server.stop();
  const second = await start(t, storage);
  const witness = await Client.join(t, second.ws, '见证');
  const back = await Client.join(t, second.ws, '张三', { session });
  for (const [index, message] of messages.entries()) {
    back.send(message);
    assert.deepEqual(await back.next('ack'), acks[index]);
  }
  // 别人用同样的 clientId 是另一条
  witness.send({ type: 'text', message: '栅栏', clientId: 'c1' });
  assert.equal((await witness.next('ack'))['seq'], 3);
  assert.deepEqual([witness.of('text').length, witness.of('file').length], [1, 0]);
});

test('重启: 挤出内存的 clientId 也认得', async (t) => {
  const { ws } = await serve(t, { chat: { rememberedClientIds: 1, messagesPerSecond: 0 } });
  const client = await Client.join(t, ws, '张三');
  const acks: Message[] = [];
  for (const clientId of ['a', 'b', 'c', 'a', 'b', 'c']) {
    client.send({ type: 'text', message: clientId, clientId });
    acks.push(await client.next('ack'));
  }
  assert.deepEqual(acks.slice(3), acks.slice(0, 3));
  assert.equal(client.of('text').length, 3);
});

test('kill -9: 播出去而没有应答的也在日志里, epoch 不变', { timeout: 60_000 }, async (t) => {
  const storage = await temporaryFolder(t);
  const env = { SLUICE_MESSAGES_PER_SECOND: '0', SLUICE_LOG_LEVEL: 'info' };
  const server = await spawnServer(t, storage, env);
  const talker = await Client.join(t, server.ws, '张三');
  // 占住数据库: 这些消息一条也提交不了
  const database = besides(t, `${storage}/history`);
  database.exec('BEGIN IMMEDIATE');
  for (let index = 1; index <= 500; index += 1)
    talker.send({ type: 'text', message: `第 ${index} 条`, clientId: `${index}` });
  await talker.next((m) => m.type === 'text' && m['seq'] === 500);
  assert.equal(talker.of('ack').length, 0);
  await server.kill();
  database.exec('ROLLBACK');
  const seen = talker.of('text');
  const again = await spawnServer(t, storage, env);
  const session = talker.welcome['session'];
  const back = await Client.join(t, again.ws, '张三', { session });
  assert.deepEqual([back.welcome['epoch'], back.welcome['seq']], [talker.welcome['epoch'], 500]);
  const found = [
    ...(await page(back, { after: 0 })),
    ...(await page(back, { after: 200 })),
    ...(await page(back, { after: 400 })),
  ];
  assert.deepEqual(found, seen);
  back.send({ type: 'text', message: '第 7 条', clientId: '7' });
  const ack = await back.next('ack');
  assert.deepEqual([ack['seq'], ack['id']], [7, seen[6]?.['id']]);
});
