// 崩溃: 五十个人不停说话, 服务器在随机的时刻 kill -9; 应答过的一条不丢, 没有一条说两遍, 每个人看到的都等于日志; 约 6 秒
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from './client.js';
import { ExactMember } from './exact-member.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { seededRandom } from './uploading.js';

const MEMBERS = 50;
const RATE_PER_SECOND = 2000;
const TICK_MS = 10;
/** 平日的次数; 全量: SLUICE_TEST_CRASH_ROUNDS=50 */
const ROUNDS = Number(process.env['SLUICE_TEST_CRASH_ROUNDS'] ?? 5);
const ENV = { SLUICE_MESSAGES_PER_SECOND: '0', SLUICE_LOG_LEVEL: 'info' };

/** 全员按时刻表轮流说话, 返回停止 */
function talk(members: readonly ExactMember[]): () => void {
  const startMs = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) * RATE_PER_SECOND) / 1000;
    for (; said < due; said += 1) members[said % members.length]?.say();
  }, TICK_MS);
  return () => clearInterval(timer);
}

async function wholeLog(http: string): Promise<Message[]> {
  const all: Message[] = [];
  for (let more = true; more; ) {
    const after = Number(all.at(-1)?.['seq'] ?? 0);
    const response = await fetch(`${http}/api/messages?after=${after}&limit=200`);
    const page = (await response.json()) as { messages: Message[]; more: boolean };
    all.push(...page.messages);
    more = page.more;
  }
  return all;
}

/** 最后一台不再杀: 等每个人的话都有应答, 都看到最后一条 */
async function settle(members: readonly ExactMember[], server: RunningProcess): Promise<Message[]> {
  const deadline = performance.now() + 60_000;
  while (members.some(({ outbox }) => outbox.size > 0)) {
    assert.ok(performance.now() < deadline, '有的话一直没有应答');
    await sleep(TICK_MS);
  }
  const log = await wholeLog(server.http);
  while (members.some(({ seen }) => seen.length < log.length)) {
    assert.ok(performance.now() < deadline, '有人一直没有看全');
    await sleep(TICK_MS);
  }
  return log;
}

function startServer(t: TestContext, storage: string): Promise<RunningProcess> {
  return spawnServer(t, storage, ENV);
}

test(`崩溃: ${ROUNDS} 次 kill -9, 应答过的不丢, 不重, seq 不缺, 人人所见都等于日志`, {
  timeout: 60_000 + ROUNDS * 15_000,
}, async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`种子 ${seed} (SLUICE_TEST_SEED 可重现)`);
  const random = seededRandom(seed);
  const storage = await temporaryFolder(t);
  const members = Array.from({ length: MEMBERS }, (_, index) => new ExactMember(`成员${index}`));
  t.after(() => {
    for (const member of members) member.leave();
  });

  let server = await startServer(t, storage);
  let interrupted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(members.map((member) => member.come(server.ws)));
    const stop = talk(members);
    await sleep(100 + random() * 700);
    await server.kill();
    stop();
    interrupted += members.reduce((sum, { outbox }) => sum + outbox.size, 0);
    server = await startServer(t, storage);
  }
  await Promise.all(members.map((member) => member.come(server.ws)));
  const log = await settle(members, server);

  const ids = log.map((message) => String(message['id']));
  assert.deepEqual(
    log.map((message) => message['seq']),
    ids.map((_, index) => index + 1),
    'seq 从 1 起逐条加一',
  );
  const clientIds = log.map((message) => String(message['message']).split(' ', 1)[0]);
  assert.equal(new Set(clientIds).size, log.length, '没有一条说了两遍');
  const acknowledged = members.flatMap((member) => [...member.acknowledged]);
  assert.equal(acknowledged.length, log.length, '每一条都有应答, 没有来历不明的');
  for (const [clientId, { seq, id }] of acknowledged) {
    assert.deepEqual([clientIds[seq - 1], ids[seq - 1]], [clientId, id], '应答说的就是日志里的那一条');
  }
  for (const { name, seen } of members) assert.deepEqual(seen, ids, `${name} 看到的等于日志`);
  const resent = members.reduce((sum, member) => sum + member.resent, 0);
  t.diagnostic(`${log.length} 条, 被打断时 ${interrupted} 条没有应答, 重发 ${resent} 次`);
  assert.ok(interrupted > 0, '每次都停在没有话在路上的时候, 什么也没有试到');
  assert.equal(await server.signal('SIGTERM'), 0);
});
