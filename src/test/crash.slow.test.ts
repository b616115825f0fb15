// 崩溃: 上传途中反复 kill -9, 重启后续传; 确认过的字节不丢, 最后的 SHA-256 全对, 不留半个文件; 约 20 秒
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { type RunningProcess, spawnServer, storedFiles, temporaryFolder } from './harness.js';
import { assertPublished, begin, finish, randomBytes, resume, seededRandom } from './uploading.js';

const MIB = 1024 * 1024;
const KILLS = 20;
const AT_ONCE = 3;
// 消息配额不是这里要试的
const ENV = { SLUICE_MESSAGES_PER_SECOND: '0', SLUICE_LOG_LEVEL: 'info' };

interface Job {
  readonly data: Buffer;
  readonly base64: boolean;
  readonly announced: boolean;
  /** 最近一次 file_ready; 还没开始则 undefined */
  ready: Message | undefined;
  client: Client | undefined;
  /** 见过的最大确认 */
  acknowledged: number;
}

function newJob(index: number, random: () => number): Job {
  // 比被杀之前传得完的大: 多半要续传一两次
  const size = Math.floor((5 + 20 * random()) * MIB);
  const data = randomBytes(size, index + 1);
  return {
    data,
    base64: index % 2 === 1,
    announced: index % 3 !== 0,
    ready: undefined,
    client: undefined,
    acknowledged: 0,
  };
}

/** 开始或续传; 重启后服务器手里的不少于它确认过的 */
async function open(t: TestContext, server: RunningProcess, job: Job, name: string): Promise<void> {
  const client = await Client.join(t, server.ws, name);
  const fields = job.announced ? { size: job.data.length } : {};
  const ready = job.ready === undefined ? await begin(client, fields) : await resume(client, job.ready);
  assert.ok(
    Number(ready['offset']) >= job.acknowledged,
    `确认过 ${job.acknowledged}, 重启后只有 ${String(ready['offset'])}`,
  );
  job.ready = ready;
  job.client = client;
}

/** 传到完, 返回 file_done; 服务器中途没了则 undefined */
async function push(job: Job, onEnd: () => void): Promise<Message | undefined> {
  const { client, ready, data, base64 } = job;
  assert.ok(client !== undefined && ready !== undefined);
  try {
    await sendWindowed(client, ready, data, { base64 });
    const done = finish(client, ready);
    onEnd();
    return await done;
  } catch (error) {
    // 只有被 kill 打断才算数, 别的错误照抛
    if (client.closed === undefined) throw error;
    return undefined;
  } finally {
    const last = client.of('file_ack').at(-1);
    job.acknowledged = Math.max(job.acknowledged, Number(last?.['offset'] ?? 0));
  }
}

/** 在随机的时刻 kill: 收到若干个确认之后, 或某个 file_end 刚发出时 */
function killPlan(server: RunningProcess, jobs: readonly Job[], random: () => number): () => void {
  let left = Math.floor(random() * 40);
  const atEnd = random() < 0.3;
  const kill = (): void => void server.child.kill('SIGKILL');
  for (const { client } of jobs) {
    client?.socket.on('message', (data) => {
      if (atEnd || !data.toString().includes('"file_ack"')) return;
      if (left === 0) kill();
      left -= 1;
    });
  }
  // 先让出若干轮, 好让它死在校验, 发布, 记录的不同地方
  const turns = Math.floor(random() * 30);
  return () => {
    if (atEnd) void afterTurns(turns).then(kill);
  };
}

async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('崩溃: 二十次 kill -9 之后, 每个文件都完整, 确认过的从不丢', { timeout: 240_000 }, async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`种子 ${seed} (SLUICE_TEST_SEED 可重现)`);
  const random = seededRandom(seed);
  const storage = await temporaryFolder(t);
  let started = 0;
  const next = (): Job => newJob(started++, random);
  let jobs = Array.from({ length: AT_ONCE }, next);
  const completed: { job: Job; path: string }[] = [];

  const round = async (kills: boolean): Promise<RunningProcess> => {
    const server = await spawnServer(t, storage, ENV);
    await Promise.all(jobs.map((job, index) => open(t, server, job, `用户${index}`)));
    const onEnd = kills ? killPlan(server, jobs, random) : () => {};
    const results = await Promise.all(jobs.map((job) => push(job, onEnd)));
    if (kills) await server.kill();
    jobs = jobs.filter((job, index) => {
      const done = results[index];
      if (done !== undefined) completed.push({ job, path: new URL(String(done['url'])).pathname });
      return done === undefined;
    });
    return server;
  };

  for (let kill = 0; kill < KILLS; kill += 1) {
    await round(true);
    while (jobs.length < AT_ONCE) jobs.push(next());
  }
  const last = await round(false);
  assert.equal(jobs.length, 0);
  t.diagnostic(`${completed.length} 个文件`);
  for (const { job, path } of completed) {
    await assertPublished(
      { type: 'file', size: job.data.length, sha256: sha256(job.data), url: last.http + path },
      job.data,
    );
  }
  const stored = await storedFiles(storage);
  assert.equal(stored.filter((name) => name.startsWith('files/')).length, completed.length);
  assert.equal(stored.filter((name) => name.startsWith('meta/')).length, completed.length);
  assert.deepEqual(
    stored.filter((name) => name.endsWith('.part') || name.endsWith('.tmp')),
    [],
  );
  assert.equal(await last.signal('SIGTERM'), 0);
});
