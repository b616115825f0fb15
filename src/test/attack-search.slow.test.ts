// 约 4 秒: 一个地址的 60 个机器人不停地搜 (第 13 号的 A8): 别人的搜索 (WebSocket 与 HTTP), 翻页照样答得上来
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { Client } from './client.js';
import { askInTurn, bots, deepHistory, p95, refused } from './deep-history.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { MemoryMeter } from './memory-tools.js';

const COUNT = 60_000;
const MIB = 1024 * 1024;
const ATTACKER = '127.0.0.2';
const BYSTANDER = '127.0.0.9';
// 常见的两个字, 没有一条同时有: 要看遍全部
const HARD = { type: 'search', query: 'x y', limit: 50 };

async function search(http: string, body?: object): Promise<number | undefined> {
  const asked = request(`${http}/api/search${body === undefined ? '?query=x' : ''}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    localAddress: BYSTANDER,
    agent: false,
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test('搜索: 一个地址的 60 个机器人不停地搜, 别人的 40 次搜索一次也不被拒', {
  timeout: 120_000,
}, async (t) => {
  const storage = await temporaryFolder(t);
  await deepHistory(t, storage, { count: COUNT, long: 0 });
  const server = await spawnServer(t, storage, { SLUICE_TRUSTED_ADDRESSES: '' });
  const { ws, http } = server;
  const meter = new MemoryMeter(server);
  const client = await Client.join(t, ws, '旁人', { features: [] }, { localAddress: BYSTANDER });
  await meter.reset();
  await bots(t, { ws, localAddress: ATTACKER, count: 60, perSecond: 10, question: () => HARD });

  // 每个会话一口气不到突发的量 (40 条): 不因自己问得快被拒
  const searched = await askInTurn(client, 30, () => ({ type: 'search', query: 'x', limit: 20 }));
  const reader = await Client.join(t, ws, '又一个旁人', { features: [] }, { localAddress: BYSTANDER });
  const pages = await askInTurn(reader, 20, (index) => ({
    type: 'history',
    before: 100 + index * 1000,
    limit: 50,
  }));
  const statuses = [];
  for (let index = 0; index < 10; index += 1)
    statuses.push(await search(http, index % 2 === 0 ? undefined : { query: 'x' }));
  const grownBytes = await meter.peakBytes();
  t.diagnostic(
    JSON.stringify({
      refusedSearches: refused(searched).length,
      searchP95Ms: p95(searched.map(({ tookMs }) => tookMs)),
      refusedPages: refused(pages).length,
      pageP95Ms: p95(pages.map(({ tookMs }) => tookMs)),
      statuses,
      grownMib: Math.round(grownBytes / MIB),
    }),
  );
  assert.deepEqual(refused(searched), []);
  assert.ok(searched.every(({ answer }) => (answer['messages'] as object[]).length === 20));
  assert.deepEqual(refused(pages), []);
  assert.deepEqual(statuses, Array(10).fill(200));
  assert.ok(grownBytes < 512 * MIB, `${grownBytes}`);
});
