// 崩溃: 各种上传 (分片, 秒传, 单帧) 的各个阶段随机 kill -9; 续传或重发之后, 每个恰好一条消息, 内容都对; 约 6 秒
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, type Message, sendWindowed, sha256 } from './client.js';
import { examine, linesOf } from './doctor-tools.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { answer, challenged } from './proving.js';
import { assertPublished, begin, finish, randomBytes, resume, seededRandom } from './uploading.js';

const ROUNDS = Number(process.env['SLUICE_TEST_CRASH_ROUNDS'] ?? 6);
const ACTORS = 6;
const ENV = { SLUICE_MESSAGES_PER_SECOND: '0' };
const PHASES = ['start', 'chunk', 'end', 'proof', 'single', 'done'] as const;
type Phase = (typeof PHASES)[number];

interface Job {
  readonly kind: 'chunked' | 'instant' | 'single';
  /** 各不相同: 凭它数公告 */
  readonly originalName: string;
  readonly data: Buffer;
  ready: Message | undefined;
}

interface Actor {
  readonly name: string;
  session: string | undefined;
  job: Job | undefined;
  phase: Phase;
}

interface Completed {
  readonly job: Job;
  /** file_done 或 ack */
  readonly result: Message;
}

class Chaos {
  readonly #random: () => number;
  readonly actors: Actor[];
  readonly completed: Completed[] = [];
  /** 被杀时各人所处的阶段 */
  readonly kills = new Map<Phase, number>();
  #jobs = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.actors = Array.from({ length: ACTORS }, (_, index) => {
      return { name: `成员${index}`, session: undefined, job: undefined, phase: 'done' };
    });
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** 一多半重复已有的内容: 秒传, 或照常传而只存一份 */
  newJob(): Job {
    this.#jobs += 1;
    const earlier = this.completed[this.below(this.completed.length)]?.job.data;
    const reused = this.#random() < 0.6 ? earlier : undefined;
    const data = reused ?? randomBytes(20_000 + this.below(600_000), this.#jobs);
    const isInstant = reused !== undefined && this.#random() < 0.6;
    const kind = isInstant ? 'instant' : this.#random() < 0.6 ? 'chunked' : 'single';
    return { kind, originalName: `文件${this.#jobs}.bin`, data, ready: undefined };
  }

  /** 某个阶段第几次发生之后, 再过若干轮事件循环就杀 */
  plan(server: RunningProcess): (phase: Phase) => void {
    const wanted = PHASES[this.below(PHASES.length)];
    let left = 1 + this.below(16);
    const turns = this.below(60);
    return (phase) => {
      if (phase !== wanted) return;
      left -= 1;
      if (left === 0) void afterTurns(turns).then(() => server.child.kill('SIGKILL'));
    };
  }

  countKill(): void {
    for (const { phase } of this.actors) this.kills.set(phase, (this.kills.get(phase) ?? 0) + 1);
  }
}

async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** 一直做到服务器没了 (或 once: 做完手上的一件); 没做完的留在 actor.job */
async function act(
  t: TestContext,
  server: RunningProcess,
  chaos: Chaos,
  { actor, enter, once }: { actor: Actor; enter: (phase: Phase) => void; once: boolean },
): Promise<void> {
  const phase = (next: Phase): void => {
    actor.phase = next;
    enter(next);
  };
  let client: Client | undefined;
  try {
    const session = actor.session === undefined ? {} : { session: actor.session };
    client = await Client.join(t, server.ws, actor.name, session);
    actor.session = String(client.welcome['session']);
    do {
      if (actor.job === undefined && once) return;
      actor.job ??= chaos.newJob();
      const result = await perform(client, actor.job, phase);
      chaos.completed.push({ job: actor.job, result });
      actor.job = undefined;
      phase('done');
    } while (!once);
  } catch (error) {
    // 只有被 kill 打断才算数; 连不上也是
    if (client !== undefined && client.closed === undefined) throw error;
    if (once) throw error;
  }
}

async function perform(client: Client, job: Job, phase: (next: Phase) => void): Promise<Message> {
  const { kind, originalName, data } = job;
  if (kind === 'single') {
    phase('single');
    client.send({ type: 'file', originalName, filedata: data.toString('base64'), clientId: originalName });
    const reply = await client.next((m) => m['clientId'] === originalName || m['ref'] === originalName);
    assert.equal(reply.type, 'ack', JSON.stringify(reply));
    return reply;
  }
  phase('start');
  const declared = kind === 'instant' ? { sha256: sha256(data) } : {};
  const fields = { originalName, size: data.length, ...declared };
  // 没收到 file_ready 的从头来: 没有人能续传它, 它也从不该出现在历史里
  const ready = job.ready === undefined ? await begin(client, fields) : await resume(client, job.ready);
  job.ready = ready;
  if (kind === 'instant' && Number(ready['offset']) < data.length) {
    const challenge = await challenged(client, ready);
    phase('proof');
    client.send(answer(challenge, data));
    return client.next((m) => m.type === 'file_done' && m['uploadId'] === ready['uploadId']);
  }
  phase('chunk');
  await sendWindowed(client, ready, data, { chunkBytes: 50_000 });
  phase('end');
  return finish(client, ready);
}

async function fileMessages(http: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let after = 0; ; ) {
    const response = await fetch(`${http}/api/messages?kind=file&limit=200&after=${after}`);
    const page = (await response.json()) as { messages: Message[]; more: boolean };
    messages.push(...page.messages);
    if (!page.more) return messages;
    after = Number(page.messages.at(-1)?.['seq']);
  }
}

async function verify({ completed }: Chaos, server: RunningProcess): Promise<void> {
  const messages = await fileMessages(server.http);
  const names = messages.map(({ originalName }) => String(originalName)).sort();
  assert.deepEqual(names, completed.map(({ job }) => job.originalName).sort(), '每个恰好一条, 没有多出来的');
  const byName = new Map(messages.map((message) => [message['originalName'], message]));
  for (const { job, result } of completed) {
    const message = byName.get(job.originalName);
    assert.ok(message !== undefined);
    assert.deepEqual([message['id'], message['seq']], [result['id'], result['seq']], job.originalName);
    await assertPublished(message, job.data);
  }
}

test(`崩溃: 上传的各个阶段 kill -9 ${ROUNDS} 次, 各恰好一条消息, 内容都对`, {
  timeout: 600_000,
}, async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`种子 ${seed} (SLUICE_TEST_SEED 可重现)`);
  const chaos = new Chaos(seededRandom(seed));
  const storage = await temporaryFolder(t);
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await spawnServer(t, storage, ENV);
    const enter = chaos.plan(server);
    await Promise.all(chaos.actors.map((actor) => act(t, server, chaos, { actor, enter, once: false })));
    await server.kill();
    chaos.countKill();
  }
  const last = await spawnServer(t, storage, ENV);
  const enter = (): void => {};
  await Promise.all(chaos.actors.map((actor) => act(t, last, chaos, { actor, enter, once: true })));
  const kills = [...chaos.kills].map(([phase, count]) => `${phase} ${count}`).join(', ');
  t.diagnostic(`${chaos.completed.length} 个文件; 被杀时各人在: ${kills}`);
  assert.deepEqual(
    chaos.actors.map(({ job }) => job),
    chaos.actors.map(() => undefined),
  );
  await verify(chaos, last);
  assert.equal(await last.signal('SIGTERM'), 0);
  const checked = await examine(storage, { hashes: true });
  assert.deepEqual(linesOf(checked), [], '停下之后的存储没有问题');
});
