// 敌意输入: 一万个乱帧之下服务器不死, 旁人照常聊天, 断开之后内存回落; 约 12 秒
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.js';
import { spawnServer, temporaryFolder } from './harness.js';

const FRAMES = 10_000;
const ATTACKERS = 5;
const BURST = 40;
// 平台与分配器都会留一些; 泄漏一万帧的话远不止这么多
const MAX_GROWTH_BYTES = 160 * 1024 * 1024;
const SETTLE_MS = 30_000;
const UPLOAD_ID = '00000000-0000-4000-8000-000000000000';

/** 可重放的伪随机 (mulberry32): 失败时凭种子重来 */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error('空的选项');
  return item;
}

/** 每种消息的一个合法样子 */
function validMessages(random: Random): object[] {
  const name = `乱${random(50)}`;
  const uploadId = UPLOAD_ID.replace(/0$/, random(16).toString(16));
  const data = 'QUJD'.repeat(random(300));
  return [
    { type: 'user_update', action: 'join', name, features: ['batch'], after: random(99) },
    { type: 'user_update', action: 'leave', name },
    { type: 'text', name, message: '你好'.repeat(random(50)), clientId: `c${random(9)}` },
    { type: 'file', name, originalName: '报告.pdf', filedata: data },
    { type: 'file_start', clientId: 'c1', originalName: '电影.mkv', size: random(5000), encoding: 'base64' },
    { type: 'file_start', uploadId, resumeToken: 'x'.repeat(43) },
    { type: 'file_chunk', uploadId, offset: random(5000), data },
    { type: 'file_end', uploadId, sha256: '0'.repeat(64) },
    { type: 'file_cancel', uploadId },
    { type: 'history', before: random(99), limit: random(500), kind: 'file', ref: 'h1' },
  ];
}

function binaryChunk(random: Random): Buffer {
  const body = Buffer.alloc(25 + random(2000), random(256));
  body[0] = 1;
  Buffer.from(UPLOAD_ID.replaceAll('-', ''), 'hex').copy(body, 1);
  body.writeBigUInt64BE(BigInt(random(9000)), 17);
  return body;
}

// 把一个字段换成离谱的值
function twist(random: Random, message: object): object {
  const odd = [null, -1, 1e308, '', '\u0000', [], {}, true, 'x'.repeat(5000), 2 ** 53, '__proto__', [[[[]]]]];
  return { ...message, [pick(random, Object.keys(message))]: pick(random, odd) };
}

// 字节层面的改动: 翻转, 截断, 重复, 插入
function mangle(random: Random, bytes: Buffer): Buffer {
  const at = random(bytes.length + 1);
  switch (random(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), randomLike(random, 1 + random(20)), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 3:
      return randomLike(random, random(3000));
    default: {
      const copy = Buffer.from(bytes);
      for (let count = 0; count < 1 + random(4); count += 1) {
        if (copy.length > 0) copy[random(copy.length)] = random(256);
      }
      return copy;
    }
  }
}

function randomLike(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

function nextFrame(random: Random): { bytes: Buffer; binary: boolean } {
  if (random(6) === 0) return { bytes: mangle(random, binaryChunk(random)), binary: true };
  const message = pick(random, validMessages(random));
  const twisted = random(3) === 0 ? twist(random, message) : message;
  const bytes = Buffer.from(JSON.stringify(twisted));
  const binary = random(20) === 0;
  if (random(2) === 0) return { bytes, binary };
  const mangled = mangle(random, bytes);
  // 坏 UTF-8 会让 uWS 当场断开, 这一阵剩下的就白发了; 所以只占少数
  return { bytes: binary || random(60) === 0 ? mangled : Buffer.from(mangled.toString('utf8')), binary };
}

// 攻击者收到的 error 总数
let answered = 0;

// 发完 frames 帧; 被断开就换一条连接接着发
async function attack(t: TestContext, url: string, seed: number, frames: number): Promise<void> {
  const random = generator(seed);
  let client = await Client.open(t, url);
  for (let sent = 0; sent < frames; sent += 1) {
    if (client.closed !== undefined) {
      answered += client.of('error').length;
      client = await Client.open(t, url);
    }
    const { bytes, binary } = nextFrame(random);
    client.sendRaw(bytes, binary);
    // 一来一回, 免得发得比处理快
    if (sent % BURST === BURST - 1) await client.settle();
  }
  await client.settle();
  client.socket.terminate();
  answered += client.of('error').length;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

it('一万个乱帧: 服务器不死, 见证人的消息一条不少, 断开之后内存回落', { timeout: 280_000 }, async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? randomBytes(4).readUInt32LE());
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const server = await spawnServer(t, await temporaryFolder(t), {
    SLUICE_MESSAGES_PER_SECOND: '0',
    SLUICE_FRAME_BYTES: '1048576',
  });
  const pid = server.child.pid ?? 0;
  const witness = await Client.join(t, server.ws, '见证', { features: [] });
  const before = process.platform === 'linux' ? await residentBytes(pid) : 0;
  let attacking = true;
  const attacks = Promise.all(
    Array.from({ length: ATTACKERS }, (_, index) => attack(t, server.ws, seed + index, FRAMES / ATTACKERS)),
  ).finally(() => {
    attacking = false;
  });
  let said = 0;
  while (attacking) {
    said += 1;
    witness.send({ type: 'text', message: `见证 ${said}`, clientId: `w${said}` });
    const ack = await witness.next((m) => m.type === 'ack' && m['clientId'] === `w${said}`);
    assert.ok(Number(ack['seq']) > 0);
  }
  await attacks;
  const heard = witness.of('text').filter((m) => m['name'] === '见证');
  assert.equal(heard.length, said);
  const seqs = [...witness.of('text'), ...witness.of('file')].map((m) => Number(m['seq']));
  assert.equal(new Set(seqs).size, Math.max(...seqs), '见证人听到的 seq 有缺');
  assert.equal(server.child.exitCode, null);
  // 确实处理了: 多数乱帧都有一条 error 应答
  assert.ok(answered > FRAMES / 3, `只有 ${answered} 条应答`);
  // 意外的错误都是缺陷, 哪怕没有倒下
  assert.deepEqual(
    server.lines.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
    [],
  );
  if (process.platform === 'linux') await assertReturns(pid, before);
  assert.equal(await server.signal('SIGTERM'), 0);
});

// 垃圾回收要等空闲: 反复看, 直到回落
async function assertReturns(pid: number, before: number): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const growth = (await residentBytes(pid)) - before;
    if (growth < MAX_GROWTH_BYTES) return;
    if (Date.now() > deadline) assert.fail(`内存没有回落: 多了 ${growth} 字节`);
    await sleep(200);
  }
}
