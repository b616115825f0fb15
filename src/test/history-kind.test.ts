// history 的 kind 与 ref: 只翻文件消息, 应答与错误对得上号 (协议第 8 节)
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

function seqs(page: Message): number[] {
  return (page['messages'] as Message[]).map((message) => Number(message['seq']));
}

async function ask(client: Client, request: object): Promise<Message> {
  client.send({ type: 'history', ...request });
  return client.next('history');
}

/** 已有 count 条消息的房间, seq 为 3 的倍数的是文件, 其余是文字 */
async function mixedRoom(t: TestContext, count: number, overrides: ConfigOverrides = {}) {
  const running = await serve(t, { ...overrides, chat: { messagesPerSecond: 0, ...overrides.chat } });
  const talker = await Client.join(t, running.ws, '说话人');
  for (let seq = 1; seq <= count; seq += 1) {
    if (seq % 3 === 0) talker.send({ type: 'file', originalName: `${seq}.txt`, filedata: 'YQ==' });
    else talker.send({ type: 'text', message: `第 ${seq} 条` });
    // 文件要等落盘才有 seq; 一条一条来, 次序才确定
    await talker.next((message) => message['seq'] === seq);
  }
  return { ...running, talker };
}

describe('历史: 只要文件', () => {
  it('before 往回翻, after 往后翻, 都不给就是最近的; more 只看还有没有文件', async (t) => {
    const { talker } = await mixedRoom(t, 20);
    const page = async (request: object): Promise<unknown> => {
      const reply = await ask(talker, { kind: 'file', ...request });
      assert.equal(reply['kind'], 'file');
      assert.ok((reply['messages'] as Message[]).every(({ type }) => type === 'file'));
      return [seqs(reply), reply['more']];
    };
    assert.deepEqual(await page({ limit: 2 }), [[15, 18], true]);
    assert.deepEqual(await page({ limit: 2, before: 15 }), [[9, 12], true]);
    // 更早的只有文字: 没有更多的文件了
    assert.deepEqual(await page({ limit: 2, before: 9 }), [[3, 6], false]);
    assert.deepEqual(await page({ limit: 2, before: 3 }), [[], false]);
    assert.deepEqual(await page({ limit: 2, before: 5 }), [[3], false]);
    assert.deepEqual(await page({ limit: 3, after: 0 }), [[3, 6, 9], true]);
    assert.deepEqual(await page({ limit: 3, after: 9 }), [[12, 15, 18], false]);
    assert.deepEqual(await page({ limit: 3, after: 18 }), [[], false]);
    assert.deepEqual(await page({ limit: 3, after: 999 }), [[], false]);
    assert.deepEqual(await page({ before: Number.MAX_SAFE_INTEGER }), [[3, 6, 9, 12, 15, 18], false]);
  });

  it('不落盘: 内存里挤出去的不再给出, 剩下的照样翻', async (t) => {
    const { talker } = await mixedRoom(t, 20, {
      chat: { historyMessages: 5 },
      history: { store: 'memory' },
    });
    const reply = await ask(talker, { kind: 'file' });
    assert.deepEqual([seqs(reply), reply['more']], [[18], false]);
    assert.deepEqual(seqs(await ask(talker, { kind: 'file', after: 0 })), [18]);
  });

  it('别的 kind 是 invalid_field; 没有写的, 应答里也没有', async (t) => {
    const { talker } = await mixedRoom(t, 3);
    for (const kind of ['text', 'files', '', 1, ['file'], false]) {
      talker.send({ type: 'history', kind });
      const error = await talker.error('invalid_field');
      assert.equal(error['field'], 'kind', JSON.stringify(kind));
    }
    for (const plain of [{}, { kind: null, ref: null }]) {
      const reply = await ask(talker, plain);
      assert.deepEqual(Object.keys(reply).sort(), ['messages', 'more', 'type']);
      assert.deepEqual(seqs(reply), [1, 2, 3]);
    }
  });
});

describe('历史: ref', () => {
  it('同时要几页, 应答各带各的 ref; 加入时不请自来的一页没有', async (t) => {
    const { ws } = await mixedRoom(t, 6);
    const client = await Client.join(t, ws, '张三', { features: [] });
    const unasked = await client.next('history');
    assert.ok(!('ref' in unasked) && !('kind' in unasked));
    const longest = '号'.repeat(64);
    client.send({ type: 'history', limit: 1, ref: 'latest' });
    client.send({ type: 'history', kind: 'file', ref: longest });
    client.send({ type: 'history', after: 4 });
    const replies = [1, 2, 3].map(() => client.next('history'));
    const found = (await Promise.all(replies)).map((reply) => [reply['ref'], seqs(reply)]);
    assert.deepEqual(found, [
      ['latest', [6]],
      [longest, [3, 6]],
      [undefined, [5, 6]],
    ]);
  });

  it('错误也带 ref: 字段不对, 没有加入, 太频繁, 传输连接', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 1 } });
    const stranger = await Client.open(t, ws);
    stranger.send({ type: 'history', ref: 'a' });
    assert.equal((await stranger.error('unauthorized'))['ref'], 'a');
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'history', limit: 'x', ref: 'b' });
    assert.equal((await client.error('invalid_field'))['ref'], 'b');
    for (let count = 0; count < 10; count += 1) client.send({ type: 'history', ref: 'c' });
    assert.equal((await client.error('rate_limited'))['ref'], 'c');
    const transfer = await Client.open(t, `${ws}/ws/transfer?session=${client.welcome['session']}`);
    transfer.send({ type: 'history', ref: 'd' });
    assert.equal((await transfer.error('unknown_type'))['ref'], 'd');
  });

  it('ref 要 1 到 64 个字符; 不合格的不带回。别的消息不认得 ref, history 不认得 clientId', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const client = await Client.join(t, ws, '张三');
    for (const ref of ['', 'x'.repeat(65), 7, ['a']]) {
      client.send({ type: 'history', ref });
      const error = await client.error('invalid_field');
      assert.deepEqual([error['field'], 'ref' in error], ['ref', false], JSON.stringify(ref));
    }
    client.send({ type: 'text', ref: 'a' });
    assert.ok(!('ref' in (await client.error('invalid_field'))));
    client.send({ type: 'history', limit: 0, clientId: 'a' });
    assert.ok(!('ref' in (await client.error('invalid_field'))));
  });

  // 曾经: limit 为 0 得到空的一页而 more 为 true, 照着 more 翻页的客户端永远停不下来
  it('limit 至少为 1', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    for (const limit of [0, -1, 1.5]) {
      client.send({ type: 'history', limit, ref: 'a' });
      const error = await client.error('invalid_field');
      assert.deepEqual([error['field'], error['ref']], ['limit', 'a']);
    }
    const reply = await ask(client, { limit: 1 });
    assert.deepEqual([reply['messages'], reply['more']], [[], false]);
  });
});
