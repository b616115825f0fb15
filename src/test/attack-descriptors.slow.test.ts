// 描述符用尽 (一个也开不了): 在场的照常说话, 说的都落盘; 门外等着的不让事件循环空转; 散去之后都进得来; 约 8 秒
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { until } from './history-tools.js';
import { RawClient } from './raw.js';

const KIB = 1024;
const ATTACKER = '127.0.0.2';
const BYSTANDER = '127.0.0.3';
const LIMIT = 256;
// 内核的等待队列里这么多条: 旧的版本由此空转
const WAITING = 60;
const LARGE_TEXT = 'x'.repeat(60 * KIB);
// 预写文件的一段是 4 MiB: 说到下一段还多
const LARGE_TEXTS = 90;
const WINDOW_MS = 1500;
// 空转是一整核 (机器很忙时也有三成); 不空转时实测百分之一到四
const MAX_SHARE = 0.2;

const LINUX = { skip: process.platform !== 'linux' && '要读 /proc, 要 prlimit' };

test('描述符用尽: 在场的照常说话, 都落盘, 不空转; 散去之后都进得来', LINUX, async (t) => {
  const server = await spawnServer(
    t,
    await temporaryFolder(t),
    { SLUICE_TRUSTED_ADDRESSES: BYSTANDER, SLUICE_MESSAGES_PER_SECOND: '0', SLUICE_CHAT_TEXT_BYTES: '64KiB' },
    LIMIT,
  );
  const bystander = await Client.join(t, server.ws, '旁人', {}, { localAddress: BYSTANDER });
  await say(bystander, '之前', '还有描述符');
  const attackers = await crowd(t, server, 20);
  limitTo(server, openedBy(server) - 10);
  attackers.push(...(await crowd(t, server, WAITING)));
  await until(() => logged(server, 'descriptors_used_up'));

  const share = await cpuShare(server);
  t.diagnostic(`描述符用尽时的 CPU: ${(100 * share).toFixed(0)} %`);
  assert.ok(share < MAX_SHARE, `空转: ${(100 * share).toFixed(0)} % 的一核`);
  for (let count = 0; count < LARGE_TEXTS; count += 1) await say(bystander, `大${count}`, LARGE_TEXT);

  for (const { socket } of attackers) socket.destroy();
  limitTo(server, LIMIT);
  await until(() => logged(server, 'descriptors_free'));
  for (const index of [4, 5, 6]) {
    const back = await Client.join(t, server.ws, `回来的${index}`, {}, { localAddress: `127.0.0.${index}` });
    await say(back, `回来${index}`, '都在');
    await bystander.next((m) => m.type === 'text' && m['name'] === `回来的${index}`);
  }
  const errors = server.lines.filter((line) => /"level":"(?:error|fatal)"/.test(line));
  assert.deepEqual(errors, []);
});

/** 说一句, 等到它落了盘 */
async function say(client: Client, clientId: string, message: string): Promise<void> {
  client.send({ type: 'text', message, clientId });
  await client.next((m) => m.type === 'ack' && m['clientId'] === clientId);
}

/** 连上 (有的只到内核的等待队列) 而什么也不说 */
function crowd(t: TestContext, { port }: RunningProcess, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.open(t, port, ATTACKER)));
}

function openedBy({ child }: RunningProcess): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

// 只调软上限: 之后还调得回来
function limitTo({ child }: RunningProcess, count: number): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${count}:${LIMIT}`]);
}

function logged({ lines }: RunningProcess, event: string): boolean {
  return lines.some((line) => line.includes(`"event":"${event}"`));
}

/** 一段时间里用掉的 CPU 占一核的几成 */
async function cpuShare(server: RunningProcess): Promise<number> {
  const [beforeMs, startedMs] = [cpuMs(server), performance.now()];
  await sleep(WINDOW_MS);
  return (cpuMs(server) - beforeMs) / (performance.now() - startedMs);
}

// /proc 的一格是 10 毫秒
function cpuMs({ child }: RunningProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
