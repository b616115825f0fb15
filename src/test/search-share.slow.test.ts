// 不加入也能搜, 但占不满: 一个地址灌满搜索时, 加入的人与别的地址照样搜得到; 约 4 秒
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { StorageFolder } from '../store/storage-folder.js';
import { Client } from './client.js';
import { atEnd, serve, temporaryFolder } from './harness.js';
import { openLog, range, say } from './history-tools.js';

const WORKERS = 48;
const ASKED = 8;
// 哪里都没有: 要逐条看上千条才知道
const QUERY = 'q';

/** 一个有几千条消息的房间: 一次搜索要分许多步 */
async function room(t: TestContext, overrides: ConfigOverrides) {
  const storage = await temporaryFolder(t);
  const { historyFolder: folder } = await StorageFolder.open(storage);
  const { log } = await openLog(t, { folder });
  await Promise.all(range(1, 5000).map((seq) => say(log, `第 ${seq} 条 ${'会议纪要 '.repeat(8)}`)));
  await log.stop();
  const limits = { chat: { messagesPerSecond: 0, historyMessages: 10 } };
  return serve(t, { ...limits, ...overrides, storage: { path: storage } });
}

/** 一个地址不停地搜; 返回各状态码的次数, 随时在变 */
function flood(t: TestContext, http: string, address: string): Map<number, number> {
  const counts = new Map<number, number>();
  let stopped = false;
  const work = async (): Promise<void> => {
    while (!stopped) {
      const status = await search(http, address);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  const workers = Promise.all(range(1, WORKERS).map(work));
  atEnd(t, () => {
    stopped = true;
    return workers;
  });
  return counts;
}

async function search(http: string, address: string): Promise<number> {
  const response = await fetch(`${http}/api/search?query=${QUERY}`, {
    headers: { 'x-forwarded-for': address },
  });
  await response.arrayBuffer();
  return response.status;
}

/** 灌到真的有人被拒 */
async function busy(http: string, counts: Map<number, number>): Promise<void> {
  while (!counts.has(503)) await (await fetch(`${http}/healthz`)).arrayBuffer();
}

test('灌满: 加入的人照样搜得到, 灌的人得到 503 而不是一直等', { timeout: 60_000 }, async (t) => {
  const { ws, http } = await room(t, { history: { maxSearches: 8 } });
  const client = await Client.join(t, ws, '张三');
  const counts = flood(t, http, '198.51.100.1');
  await busy(http, counts);
  for (let count = 0; count < ASKED; count += 1) {
    client.send({ type: 'search', query: QUERY, ref: `${count}` });
    const answer = await client.next((m) => m['ref'] === `${count}`);
    assert.equal(answer.type, 'search', JSON.stringify(answer));
  }
  assert.ok((counts.get(200) ?? 0) > 0, '灌的人也有搜到的');
  assert.deepEqual([...counts.keys()].sort(), [200, 503]);
});

test('灌满: 一个地址占不满不加入的人的份额, 别的地址照样搜得到', { timeout: 60_000 }, async (t) => {
  const { http } = await room(t, { history: { maxSearches: 32 }, server: { trustProxy: true } });
  const counts = flood(t, http, '198.51.100.1');
  await busy(http, counts);
  for (let count = 0; count < ASKED; count += 1) assert.equal(await search(http, '198.51.100.2'), 200);
  assert.ok((counts.get(200) ?? 0) > 0, '灌的人也有搜到的');
});
