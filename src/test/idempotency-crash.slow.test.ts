// 带幂等键的 POST, 在任意时刻 kill -9: 重启之后同样再发一次, 每个文件恰好一条消息, 只补缺的; 约 15 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type Message } from './client.js';
import { spawnServer, temporaryFolder } from './harness.js';
import { type Part, post } from './http-tools.js';
import { seededRandom } from './uploading.js';

const ROUNDS = Number(process.env['SLUICE_TEST_CRASH_ROUNDS'] ?? 8);
const FILES = 12;

async function history(http: string): Promise<readonly Message[]> {
  const response = await fetch(`${http}/api/messages?kind=file&limit=200`);
  return ((await response.json()) as { messages: Message[] }).messages;
}

test('幂等键: 发布到一半被 kill -9, 重发只补缺的, 每个文件恰好一条', async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now());
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = seededRandom(seed);
  const storage = await temporaryFolder(t);
  let interrupted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts: Part[] = [{ data: '张三' }];
    for (let index = 0; index < FILES; index += 1) {
      parts.push({ fileName: `${round}-${index}.txt`, data: `第 ${round} 轮第 ${index} 个` });
    }
    const headers = { 'Idempotency-Key': `round-${round}` };
    const doomed = await spawnServer(t, storage);
    const member = await Client.join(t, doomed.ws, `旁观${round}`);
    // 播出第几个之后杀: 每一处都轮得到, 不凭时间
    const seen = Math.floor(random() * FILES) + 1;
    const answered = post(doomed.http, parts, headers).then(
      () => true,
      () => false,
    );
    for (let count = 0; count < seen; count += 1) await member.next('file');
    await doomed.kill();
    if (!(await answered)) interrupted += 1;
    const { http, signal } = await spawnServer(t, storage);
    const again = await post(http, parts, headers);
    assert.equal(again.status, 201);
    const { files } = (await again.json()) as { files: Message[] };
    const announced = (await history(http)).filter(({ originalName }) =>
      String(originalName).startsWith(`${round}-`),
    );
    assert.deepEqual(
      announced.map(({ id }) => id).sort(),
      files.map(({ id }) => id).sort(),
      `第 ${round} 轮: 播出的恰好是应答里的`,
    );
    await signal('SIGTERM');
  }
  assert.ok(interrupted > 0, '至少有一轮没有等到应答');
  t.diagnostic(`${ROUNDS} 轮里有 ${interrupted} 轮没有等到应答`);
});
