// 约 5 秒: 一个地址的 256 个成员不停地翻深处的长文字 (第 13 号的 A6): 别人照样翻页, 重启前发过的照样认得出, 聊天照样快
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './client.js';
import { askInTurn, bots, deepHistory, p95, refused } from './deep-history.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { MemoryMeter } from './memory-tools.js';

const COUNT = 40_000;
const LONG = 4000;
const MIB = 1024 * 1024;
const ATTACKER = '127.0.0.2';
const FROM_BYSTANDER = { localAddress: '127.0.0.9' };
const env = { SLUICE_TRUSTED_ADDRESSES: '' };

// 每一页 200 条各 15 KB: 整个读出是 3 MB
const deepPage = (): object => ({
  type: 'history',
  before: 300 + Math.floor(Math.random() * (LONG - 300)),
  limit: 200,
});

/** 一句一句地说, 每一句等到应答; 各用了多少毫秒。不到一个会话突发的量 (40 条) */
async function chat(client: Client, times: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const startedMs = performance.now();
    client.send({ type: 'text', name: '又一个旁人', message: `第 ${index} 句`, clientId: `句${index}` });
    await client.next((message) => message.type === 'ack' && message['clientId'] === `句${index}`);
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs;
}

test('历史: 256 个成员翻深处的页, 别人的页不被拒, 重发认得出, 聊天不慢', { timeout: 120_000 }, async (t) => {
  const storage = await temporaryFolder(t);
  await deepHistory(t, storage, { count: COUNT, long: LONG });
  const before = await spawnServer(t, storage, env);
  const author = await Client.join(t, before.ws, '旁人', { features: [] }, FROM_BYSTANDER);
  author.send({ type: 'text', name: '旁人', message: '重启之前说的', clientId: '旧的' });
  const { seq } = await author.next('ack');
  const session = author.welcome['session'];
  await before.signal('SIGTERM');

  const server = await spawnServer(t, storage, env);
  const meter = new MemoryMeter(server);
  await meter.reset();
  await bots(t, { ws: server.ws, localAddress: ATTACKER, count: 256, perSecond: 19, question: deepPage });

  // 会话的记忆不在了: 这一句是不是说过, 要问日志
  const startedMs = performance.now();
  const client = await Client.join(t, server.ws, '旁人', { features: [], session }, FROM_BYSTANDER);
  client.send({ type: 'text', name: '旁人', message: '重启之前说的', clientId: '旧的' });
  const again = await client.next((message) => message.type === 'ack' || message.type === 'error');
  const recognizedMs = Math.round(performance.now() - startedMs);
  const pages = await askInTurn(client, 20, (index) => ({
    type: 'history',
    before: LONG + 200 + index * 100,
    limit: 50,
  }));
  const talker = await Client.join(t, server.ws, '又一个旁人', { features: [] }, FROM_BYSTANDER);
  const ackMs = await chat(talker, 38);
  const grownBytes = await meter.peakBytes();
  t.diagnostic(
    JSON.stringify({
      again: again.type,
      recognizedMs,
      refusedPages: refused(pages).length,
      pageP95Ms: p95(pages.map(({ tookMs }) => tookMs)),
      ackP95Ms: p95(ackMs),
      grownMib: Math.round(grownBytes / MIB),
    }),
  );
  assert.deepEqual([again.type, again['seq']], ['ack', seq]);
  assert.deepEqual(refused(pages), []);
  assert.ok(pages.every(({ answer }) => (answer['messages'] as object[]).length === 50));
  assert.ok(p95(ackMs) < 250, `${p95(ackMs)}`);
  assert.ok(grownBytes < 512 * MIB, `${grownBytes}`);
});
