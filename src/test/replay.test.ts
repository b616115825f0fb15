// 补发与历史 (内存里的): after, 加入时的一页, before, more (协议第 2, 8 节)
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import type { ConfigOverrides } from '../config.js';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

function seqs(page: Message): number[] {
  return (page['messages'] as Message[]).map((message) => Number(message['seq']));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** 已有 count 条文字的房间 */
async function roomWith(t: TestContext, count: number, overrides: ConfigOverrides = {}) {
  const running = await serve(t, { ...overrides, chat: { messagesPerSecond: 0, ...overrides.chat } });
  const talker = await Client.join(t, running.ws, '说话人');
  for (let seq = 1; seq <= count; seq += 1) talker.send({ type: 'text', message: `第 ${seq} 条` });
  await talker.next((m) => m.type === 'text' && m['seq'] === count);
  return { ...running, talker };
}

describe('补发: 加入时', () => {
  it('声明 features 的不请自来最近 50 条, 与广播一字不差', async (t) => {
    const { ws, talker } = await roomWith(t, 60);
    const client = await Client.join(t, ws, '张三', { features: [] });
    assert.equal(client.welcome['seq'], 60);
    const page = await client.next('history');
    assert.deepEqual(seqs(page), range(11, 60));
    assert.equal(page['more'], true);
    assert.deepEqual(page['messages'], talker.of('text').slice(10));
  });

  it('声明 features 又给 after: 恰好补上漏掉的, 与之后的广播相接', async (t) => {
    const { ws, talker } = await roomWith(t, 10);
    const client = await Client.join(t, ws, '张三', { features: ['batch'], after: 7 });
    talker.send({ type: 'text', message: '新的' });
    const page = await client.next('history');
    assert.deepEqual(seqs(page), [8, 9, 10]);
    assert.equal(page['more'], false);
    assert.equal((await client.next('text'))['seq'], 11);
  });

  it('基础客户端没有 history; 给了 after 就逐条收到漏掉的', async (t) => {
    const { ws } = await roomWith(t, 10);
    const plain = await Client.join(t, ws, '甲');
    await plain.settle();
    assert.equal(plain.of('text').length + plain.of('history').length, 0);
    const returning = await Client.join(t, ws, '乙', { after: 7 });
    await returning.next((m) => m.type === 'text' && m['seq'] === 10);
    assert.deepEqual(
      returning.of('text').map((m) => m['seq']),
      [8, 9, 10],
    );
  });

  it('漏得太多: 先给最早的 200 条并说还有, 接着用 after 取完', async (t) => {
    const { ws } = await roomWith(t, 450);
    const client = await Client.join(t, ws, '张三', { features: [], after: 0 });
    const collected: number[] = [];
    let page = await client.next('history');
    collected.push(...seqs(page));
    while (page['more'] === true) {
      client.send({ type: 'history', after: collected.at(-1), limit: 200 });
      page = await client.next('history');
      collected.push(...seqs(page));
    }
    assert.deepEqual(collected, range(1, 450));
  });

  it('after 比最新的还大 (服务器丢了历史): 没有补发, 也不出错', async (t) => {
    const { ws } = await roomWith(t, 3);
    const client = await Client.join(t, ws, '张三', { features: [], after: 999 });
    assert.deepEqual(await client.next('history'), { type: 'history', messages: [], more: false });
  });
});

describe('历史: 翻页', () => {
  it('before 往回翻, 旧的在前, 翻到头时 more 为 false', async (t) => {
    const { ws } = await roomWith(t, 25);
    const client = await Client.join(t, ws, '张三');
    const ask = async (request: object): Promise<Message> => {
      client.send({ type: 'history', ...request });
      return client.next('history');
    };
    const latest = await ask({ limit: 10 });
    assert.deepEqual([seqs(latest), latest['more']], [range(16, 25), true]);
    const middle = await ask({ before: 16, limit: 10 });
    assert.deepEqual([seqs(middle), middle['more']], [range(6, 15), true]);
    const first = await ask({ before: 6, limit: 10 });
    assert.deepEqual([seqs(first), first['more']], [range(1, 5), false]);
    assert.deepEqual(seqs(await ask({ before: 1, limit: 10 })), []);
  });

  it('before 远超末尾就是最新的一页; limit 过大按 200 算', async (t) => {
    const { ws } = await roomWith(t, 250);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'history', before: Number.MAX_SAFE_INTEGER, limit: 3 });
    assert.deepEqual(seqs(await client.next('history')), [248, 249, 250]);
    client.send({ type: 'history', limit: 100_000 });
    assert.equal(seqs(await client.next('history')).length, 200);
  });

  it('一页有字节上限: 长消息时少给几条, more 为 true, 接得上', async (t) => {
    const { ws, talker } = await roomWith(t, 1);
    for (let count = 0; count < 40; count += 1) talker.send({ type: 'text', message: 'x'.repeat(16_000) });
    await talker.next((m) => m['seq'] === 41);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'history', after: 1, limit: 200 });
    const page = await client.next('history');
    assert.equal(page['more'], true);
    assert.deepEqual(seqs(page), range(2, 1 + seqs(page).length));
    assert.ok(JSON.stringify(page).length < 512 * 1024);
  });

  it('文件消息也在历史里, 链接用索取者的 Host', async (t) => {
    const { ws, port, talker } = await roomWith(t, 1);
    talker.send({ type: 'file', originalName: 'a.txt', filedata: 'YQ==' });
    await talker.next('file');
    const client = await Client.join(t, `ws://localhost:${port}`, '张三', { features: [] });
    const page = await client.next('history');
    const file = (page['messages'] as Message[])[1];
    assert.equal(file?.type, 'file');
    assert.ok(String(file?.['url']).startsWith(`http://localhost:${port}/files/`));
    assert.ok(ws.includes('127.0.0.1'));
  });

  it('不落盘: 内存里只留最近若干条, seq 照样连续', async (t) => {
    const { ws } = await roomWith(t, 30, {
      chat: { historyMessages: 10 },
      history: { store: 'memory' },
    });
    const client = await Client.join(t, ws, '张三', { features: [], after: 0 });
    assert.deepEqual(seqs(await client.next('history')), range(21, 30));
  });
});
