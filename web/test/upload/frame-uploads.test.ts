// 小文件的单帧: 一次一个, 断线重发, 忙时退避; 对着真服务器
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AckMessage, ErrorMessage, Limits } from '../../../src/protocol/messages.js';
import { Client } from '../../../src/test/client.js';
import { serve } from '../../../src/test/harness.js';
import type { Identity } from '../../src/model/connection.js';
import { Transfers } from '../../src/model/transfers.js';
import { Pace } from '../../src/net/pace.js';
import { FrameUploads } from '../../src/net/upload/frame-uploads.js';
import { Upload } from '../../src/net/upload/upload.js';
import type { ServerSettings } from './running.js';

const limits: Limits = {
  fileBytes: 0,
  frameBytes: 0,
  chunkBytes: 0,
  windowBytes: 0,
  textBytes: 0,
  nameLength: 0,
  messagesPerSecond: 0,
  messagesBurst: 0,
};
const identity: Identity = { name: '张三', session: 's', limits, features: [] };
const ACK_TIMEOUT_MS = 30_000;

/** 送出的一帧, 或有结论的一个上传; 按发生的次序 */
interface Step {
  readonly step: 'sent' | 'ack' | 'error';
  readonly id: string;
  readonly atMs: number;
  /** 应答是不是自己的 */
  readonly mine?: boolean;
}

/** 页面: 一条聊天连接加上单帧上传; 断开之后可以再连 */
class Page {
  readonly frames: FrameUploads;
  readonly pace = new Pace(() => performance.now());
  readonly steps: Step[] = [];
  /** 送出的帧丢在路上 */
  lossy = false;
  /** 收到的应答丢在路上 */
  deaf = false;
  /** undefined: 断了 */
  client: Client | undefined;
  readonly #transfers = new Transfers();
  readonly #t: TestContext;
  readonly #url: string;

  constructor(t: TestContext, url: string) {
    this.#t = t;
    this.#url = url;
    this.frames = new FrameUploads({
      identity: () => (this.client === undefined ? undefined : identity),
      sendFrame: (message) => this.#send(message as { clientId: string }),
      pace: this.pace,
      done: () => {},
    });
    t.after(() => this.frames.stop());
  }

  /** 加入; 断线之后再来是同一个会话 */
  async connect(session?: unknown): Promise<Client> {
    const extra = session === undefined ? {} : { session };
    const client = await Client.join(this.#t, this.#url, '张三', extra);
    client.socket.on('message', (data) => this.#receive(JSON.parse(data.toString())));
    this.client = client;
    this.pace.learn(client.welcome['limits'] as Limits);
    this.frames.online();
    return client;
  }

  /** 断线; 返回会话 */
  async drop(): Promise<unknown> {
    const { client } = this;
    this.client = undefined;
    client?.socket.terminate();
    await client?.close();
    this.frames.offline();
    return client?.welcome['session'];
  }

  add(id: string, name = `${id}.txt`): Upload {
    // 空文件不用 FileReader, Node 里没有它
    const upload = new Upload({ id, name, size: 0, file: new File([], name) }, this.#transfers);
    upload.list('queued');
    this.frames.enqueue(upload);
    return upload;
  }

  /** 按次序: 送出了谁, 谁有了应答 */
  get story(): string[] {
    return this.steps.map(({ step, id }) => `${step} ${id}`);
  }

  #send(message: { clientId: string }): boolean {
    this.#note('sent', message.clientId);
    this.pace.spent();
    if (!this.lossy) this.client?.send(message);
    return this.client !== undefined;
  }

  #receive(message: AckMessage | ErrorMessage): void {
    if (this.deaf) return;
    if (message.type === 'ack') this.#note('ack', message.clientId, this.frames.handleAck(message));
    if (message.type === 'error') this.#note('error', message.ref ?? '', this.frames.handleError(message));
  }

  #note(step: Step['step'], id: string, mine?: boolean): void {
    this.steps.push({ step, id, atMs: performance.now(), ...(mine === undefined ? {} : { mine }) });
  }
}

async function setUp(t: TestContext, overrides: ServerSettings = {}) {
  const { ws } = await serve(t, overrides);
  const page = new Page(t, ws);
  const client = await page.connect();
  return { page, client, other: await Client.join(t, ws, '李四') };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('小文件的单帧', () => {
  it('一次只有一帧在路上, 次序不变', async (t) => {
    const { page, client, other } = await setUp(t);
    const [first, second] = [page.add('a'), page.add('b')];
    await client.next(({ clientId }) => clientId === 'b');
    assert.deepEqual(page.story, ['sent a', 'ack a', 'sent b', 'ack b']);
    assert.deepEqual([first.state, second.state], ['done', 'done']);
    assert.equal((await other.next('file'))['originalName'], 'a.txt');
    assert.equal((await other.next('file'))['originalName'], 'b.txt');
  });

  for (const [rate, count] of [
    [0, 100],
    [200, 100],
    [20, 25],
  ] as const) {
    it(`服务器许每秒 ${rate} 条 (0 = 不限): ${count} 个小文件一个接一个, 不在中间空等`, async (t) => {
      const { page, client } = await setUp(t, { chat: { messagesPerSecond: rate } });
      const ids = Array.from({ length: count }, (_, index) => `f${index}`);
      // 定时器永远不到: 等过一次就停在那里
      t.mock.timers.enable({ apis: ['setTimeout'] });
      for (const id of ids) page.add(id);
      await client.next(({ clientId }) => clientId === ids.at(-1));
      t.mock.timers.reset();
      assert.deepEqual(
        page.story,
        ids.flatMap((id) => [`sent ${id}`, `ack ${id}`]),
      );
    });
  }

  it('许得少的: 照着它的速率发完, 一次也不被拒', async (t) => {
    const { page, client } = await setUp(t, { chat: { messagesPerSecond: 5 } });
    // 突发十条的量里留着几条不用, 其余要等
    for (let index = 0; index < 15; index += 1) page.add(`f${index}`);
    await client.next(({ clientId }) => clientId === 'f14');
    assert.deepEqual(
      page.story.filter((step) => step.startsWith('error')),
      [],
    );
  });

  it('断线时还没有 ack: 重连之后用同一个 clientId 重发, 聊天室里恰好一个', async (t) => {
    const { page, other } = await setUp(t);
    page.deaf = true;
    const upload = page.add('a');
    await other.next('file');
    const session = await page.drop();
    assert.equal(upload.state, 'waiting');
    page.deaf = false;
    const back = await page.connect(session);
    await back.next('ack');
    assert.deepEqual(page.story, ['sent a', 'sent a', 'ack a']);
    assert.equal(upload.state, 'done');
    await other.settle();
    assert.equal(other.of('file').length, 1);
  });

  it('太频繁: 等一会儿再发; 不收的类型: 失败, 不妨碍后面的', async (t) => {
    const { page, client, other } = await setUp(t, { chat: { messagesPerSecond: 5 } });
    // 突发是两秒的量: 用完它; 多发的都被拒, 不再消耗
    for (let count = 0; count < 20; count += 1) client.send({ type: 'text', message: '占名额' });
    const limited = page.add('a');
    const [refused, last] = [page.add('b', 'b.exe'), page.add('c')];
    assert.equal((await client.next(({ ref }) => ref === 'a'))['code'], 'rate_limited');
    assert.equal(limited.state, 'waiting');
    await other.next(({ type, originalName }) => type === 'file' && originalName === 'c.txt');
    await client.next(({ type, clientId }) => type === 'ack' && clientId === 'c');
    assert.deepEqual([limited.state, refused.state, last.state], ['done', 'failed', 'done']);
    assert.equal(refused.error?.code, 'file_type_forbidden');
    assert.equal(page.story.at(-1), 'ack c');
  });

  it('别人的 ack 与错误不认', async (t) => {
    const { page, client } = await setUp(t);
    // 一直有一帧在等 ack
    page.lossy = true;
    page.add('a');
    client.send({ type: 'text', message: '你好', clientId: '文字' });
    client.send({ type: 'text', message: '', clientId: '空的' });
    // ack 等落盘, 错误不等: 后发的先答
    await client.next('error');
    await client.next('ack');
    const replies = page.steps.filter(({ step }) => step !== 'sent');
    assert.deepEqual(
      replies.map(({ step, id, mine }) => [step, id, mine]),
      [
        ['error', '空的', false],
        ['ack', '文字', false],
      ],
    );
  });

  it('没有应答: 半分钟后用同一个 clientId 再问', async (t) => {
    const { page, client } = await setUp(t);
    // 半分钟是假的; 服务器同在这个进程, 所以只在这几行里
    t.mock.timers.enable({ apis: ['setTimeout'] });
    page.lossy = true;
    const upload = page.add('a');
    await settle();
    assert.deepEqual(page.story, ['sent a']);
    page.lossy = false;
    t.mock.timers.tick(ACK_TIMEOUT_MS);
    t.mock.timers.reset();
    await client.next('ack');
    assert.deepEqual(page.story, ['sent a', 'sent a', 'ack a']);
    assert.equal(upload.state, 'done');
  });
});
