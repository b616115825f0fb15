// 恶意的上传者: 开始就走, 传一半就走, 反复取消; 名额, 磁盘, 句柄, 内存都有界, 之后照常服务; 约 6 秒
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Client, sendWindowed } from './client.js';
import { type RunningProcess, spawnServer, storedFiles, temporaryFolder } from './harness.js';
import { eventually } from './http-tools.js';
import { acknowledged, assertPublished, begin, finish, randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const MAX_PARTIALS = 200;
const MAX_ACTIVE = 64;

function start(t: TestContext, storage: string): Promise<RunningProcess> {
  return spawnServer(t, storage, {
    SLUICE_MESSAGES_PER_SECOND: '0',
    SLUICE_CONNECTIONS_PER_ADDRESS: '5000',
    SLUICE_UPLOADS_MAX_PARTIALS: String(MAX_PARTIALS),
    SLUICE_UPLOADS_MAX_ACTIVE: String(MAX_ACTIVE),
  });
}

/** 加入, 开始几个上传, 每个发半个窗口, 不等应答就消失 */
async function hitAndRun(t: TestContext, server: RunningProcess, name: string, bytes: number): Promise<void> {
  const client = await Client.join(t, server.ws, name);
  const wanted = ['1', '2', '3'];
  for (const clientId of wanted) client.send({ type: 'file_start', clientId, originalName: 'a.bin' });
  // 三个开始同时进行, 应答的先后不定
  for (let count = 0; count < wanted.length; count += 1) {
    const reply = await client.next((m) => m.type === 'file_ready' || m.type === 'error');
    // 名额满了是 server_busy, 那也算应付得当
    if (reply.type === 'error') assert.equal(reply['code'], 'server_busy');
    else client.sendChunk(String(reply['uploadId']), 0, randomBytes(bytes));
  }
  client.socket.terminate();
  await client.close();
}

function residentBytes(server: RunningProcess): number | undefined {
  try {
    const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  } catch {
    // 不是 Linux: 不查
    return undefined;
  }
}

test('恶意: 一千条连接各开三个上传, 传一点就消失, 之后别人照常上传', { timeout: 240_000 }, async (t) => {
  const storage = await temporaryFolder(t);
  const server = await start(t, storage);
  const before = residentBytes(server);
  for (let wave = 0; wave < 20; wave += 1) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => hitAndRun(t, server, `用户${wave}-${index}`, 100_000)),
    );
  }
  const partials = (await storedFiles(storage)).filter((name) => name.endsWith('.part'));
  assert.ok(partials.length <= MAX_PARTIALS, `${partials.length} 个部分文件`);
  const honest = await Client.join(t, server.ws, '好人');
  const data = randomBytes(20 * MIB);
  const ready = await begin(honest, { size: data.length });
  await sendWindowed(honest, ready, data);
  await assertPublished(await finish(honest, ready), data);
  const after = residentBytes(server);
  // 窗口预算 128 MiB 之外只该有些零头; 泄漏一千个窗口会是几个 GB
  if (before !== undefined && after !== undefined)
    assert.ok(after - before < 256 * MIB, `涨了 ${after - before}`);
  assert.equal(await server.signal('SIGTERM'), 0);
});

test('恶意: 两百次开始, 取消, 出错, 完成之后, 进程的句柄一个不多', {
  skip: process.platform !== 'linux' && '要读 /proc',
  timeout: 120_000,
}, async (t) => {
  const server = await start(t, await temporaryFolder(t));
  const folder = `/proc/${server.child.pid}/fd`;
  const client = await Client.join(t, server.ws, '张三');
  const round = async (): Promise<void> => {
    const cancelled = await begin(client);
    client.sendChunk(String(cancelled['uploadId']), 0, randomBytes(2 * 1024));
    client.send({ type: 'file_cancel', uploadId: cancelled['uploadId'] });
    await client.next('file_cancelled');
    const wrong = await begin(client, { sha256: '0'.repeat(64) });
    client.send({ type: 'file_end', uploadId: wrong['uploadId'] });
    await client.error('checksum_mismatch');
    client.send({ type: 'file', originalName: 'a.bin', filedata: '****' });
    await client.error('base64_invalid');
    client.send({ type: 'file', originalName: 'a.bin', filedata: 'IyEvYmluL3No' });
    await client.error('file_type_forbidden');
    const whole = await begin(client, { size: 5 });
    client.sendChunk(String(whole['uploadId']), 0, randomBytes(5));
    await acknowledged(client, whole, 5);
    await finish(client, whole);
  };
  // 校验线程按次序处理: 它答完这一个, 先前要它关的都已关上
  const settle = async (): Promise<number> => {
    await finish(client, await begin(client));
    return readdirSync(folder).length;
  };
  // 用到才开, 开了就一直开着的 (读消息日志的线程之类): 先让它们都开
  client.send({ type: 'search', query: '什么都行' });
  await client.next('search');
  await round();
  const before = await settle();
  for (let count = 1; count < 50; count += 1) await round();
  // 收尾的几步不在应答之前; 泄漏的等多久也不会少
  await eventually('句柄回到原来的个数', async () => (await settle()) <= before);
});
