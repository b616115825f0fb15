// 性质: 随意切分, 随意编码, 中途掉线, 注入错误, 结果总是同一个 SHA-256
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Client, type Message, sendWindowed } from './client.js';
import { serve, storedFiles } from './harness.js';
import { acknowledged, assertPublished, begin, finish, randomBytes, resume } from './uploading.js';

const KIB = 1024;
const MIB = KIB * KIB;

type Step =
  | { readonly kind: 'send'; readonly bytes: number; readonly base64: boolean }
  | { readonly kind: 'wrongOffset'; readonly delta: number }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'takeOver' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'earlyEnd' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      bytes: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: MIB })),
      base64: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('wrongOffset' as const), delta: fc.integer({ min: 1, max: MIB }) }),
  fc.constantFrom<Step>(
    { kind: 'garbage' },
    { kind: 'empty' },
    { kind: 'wait' },
    { kind: 'takeOver' },
    { kind: 'reconnect' },
    { kind: 'earlyEnd' },
  ),
);

/** 一次上传的客户端一侧: 只按协议行事, 记住下一个该发的偏移 */
class Sender {
  client: Client;
  ready: Message;
  sent = 0;
  readonly #data: Uint8Array;
  readonly #connect: () => Promise<Client>;

  constructor(client: Client, ready: Message, data: Uint8Array, connect: () => Promise<Client>) {
    this.client = client;
    this.ready = ready;
    this.#data = data;
    this.#connect = connect;
  }

  get #id(): string {
    return String(this.ready['uploadId']);
  }

  async run(step: Step): Promise<void> {
    if (step.kind === 'send') await this.#send(step.bytes, step.base64);
    else if (step.kind === 'wait') await acknowledgedUpTo(this.client, this.ready, this.sent);
    else if (step.kind === 'takeOver' || step.kind === 'reconnect') await this.#resume(step.kind);
    else await this.#provoke(step);
  }

  async #send(bytes: number, base64: boolean): Promise<void> {
    const chunk = this.#data.subarray(this.sent, this.sent + bytes);
    if (chunk.length === 0) return;
    // 窗口 1 MiB, 一片至多 1 MiB: 发之前等前面的都落盘
    await acknowledgedUpTo(this.client, this.ready, this.sent);
    if (base64) this.client.sendBase64Chunk(this.#id, this.sent, chunk);
    else this.client.sendChunk(this.#id, this.sent, chunk);
    this.sent += chunk.length;
  }

  /** 犯一个错: 得到对应的错误, 上传继续, offset 总是服务器收下的 */
  async #provoke({ kind, ...rest }: Step): Promise<void> {
    const delta = 'delta' in rest ? rest.delta : 0;
    const wrong = this.sent >= delta ? this.sent - delta : this.sent + delta;
    if (kind === 'wrongOffset') {
      this.client.sendChunk(this.#id, wrong, Buffer.alloc(10));
      assert.equal((await this.client.error('offset_mismatch'))['offset'], this.sent);
    } else if (kind === 'garbage') {
      this.client.send({ type: 'file_chunk', uploadId: this.#id, offset: this.sent, data: 'A*==' });
      await this.client.error('base64_invalid');
    } else if (kind === 'empty') {
      this.client.sendChunk(this.#id, this.sent, new Uint8Array(0));
      await this.client.error('invalid_field');
    } else if (this.sent < this.#data.length) {
      this.client.send({ type: 'file_end', uploadId: this.#id });
      assert.equal((await this.client.error('size_mismatch'))['offset'], this.sent);
    }
  }

  async #resume(kind: 'takeOver' | 'reconnect'): Promise<void> {
    if (kind === 'reconnect') {
      this.client.socket.terminate();
      await this.client.close();
    }
    const fresh = await this.#connect();
    this.ready = await resume(fresh, this.ready);
    const offset = Number(this.ready['offset']);
    // 接管时旧连接发出的可能还没到; 断线时在途的会丢。已确认的一个也不能少
    assert.ok(offset <= this.sent && offset >= lastAck(this.client, this.#id));
    if (kind === 'takeOver') this.client.socket.terminate();
    this.client = fresh;
    this.sent = offset;
  }
}

function lastAck(client: Client, uploadId: string): number {
  return Number(client.of('file_ack').findLast((ack) => ack['uploadId'] === uploadId)?.['offset'] ?? 0);
}

async function acknowledgedUpTo(client: Client, ready: Message, offset: number): Promise<void> {
  if (offset <= Number(ready['offset']) || lastAck(client, String(ready['uploadId'])) >= offset) return;
  await acknowledged(client, ready, offset);
}

test('性质: 任意的切分, 编码, 错误, 掉线与接管, 最后的 SHA-256 都对', { timeout: 120_000 }, async (t) => {
  const { ws, storage } = await serve(t, {
    chat: { messagesPerSecond: 0, connectionsPerSession: 100, maxSessions: 10_000 },
    server: { connectionsPerAddress: 10_000 },
    files: { windowBytes: MIB },
    uploads: { idleTimeoutMs: 1 },
  });
  let users = 0;
  const connect = (): Promise<Client> => {
    users += 1;
    return Client.join(t, ws, `用户${users}`);
  };
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3 * MIB }), fc.array(step, { maxLength: 25 }), async (size, steps) => {
      const data = randomBytes(size, size + 1);
      const client = await connect();
      const sender = new Sender(client, await begin(client, { size }), data, connect);
      for (const next of steps) await sender.run(next);
      await acknowledgedUpTo(sender.client, sender.ready, sender.sent);
      await sendWindowed(sender.client, { ...sender.ready, offset: sender.sent }, data);
      const done = await finish(sender.client, sender.ready);
      await assertPublished(done, data);
      sender.client.socket.terminate();
    }),
    { numRuns: 60 },
  );
  const left = (await storedFiles(storage)).filter((name) => name.endsWith('.part') || name.endsWith('.tmp'));
  assert.deepEqual(left, []);
});
