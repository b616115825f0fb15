// 扇出的节拍: 攒成一拍的消息不丢, 不重, 不乱; 中途来去的人恰好听到该听的
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';
import { isJoin } from './presence-tools.js';

// 加入的广播之后歇这么久: 其间说的都攒着, 停机时才一并送出, 测试不靠时间
const HOLD_MS = 10_000;

function hold(t: TestContext, extra: { pendingBytes?: number } = {}): ReturnType<typeof serve> {
  return serve(t, {
    chat: { messagesPerSecond: 0, presenceTickMs: 1 },
    fanout: { minDelayMs: HOLD_MS, maxDelayMs: HOLD_MS, ...extra },
  });
}

/** 一个人已在房间里, 而且他的加入已经播出: 此后的广播都攒着 */
async function settled(t: TestContext, ws: string, features?: readonly string[]): Promise<Client> {
  const client = await Client.join(t, ws, '甲', features === undefined ? {} : { features });
  await client.next(isJoin('甲'));
  return client;
}

function texts(client: Client): unknown[] {
  return client.messages
    .flatMap((message) => (message.type === 'batch' ? (message['messages'] as Message[]) : [message]))
    .filter(({ type }) => type === 'text')
    .map((message) => message['message']);
}

async function say(client: Client, ...lines: readonly string[]): Promise<void> {
  for (const message of lines) client.send({ type: 'text', message });
  await client.settle();
}

describe('扇出: 忙时攒成一拍', () => {
  it('攒着的停机之前全部送出, 次序不变', async (t) => {
    const { ws, server } = await hold(t);
    const client = await settled(t, ws);
    await say(client, '一', '二', '三');
    assert.deepEqual(texts(client), []);
    await server.stop();
    await client.close();
    assert.deepEqual(texts(client), ['一', '二', '三']);
  });

  it('声明 batch_text 的一帧收完, 其余逐帧; 文件夹在中间也不乱', async (t) => {
    const { ws, server } = await hold(t);
    const base = await settled(t, ws);
    const batch = await Client.join(t, ws, '乙', { features: ['batch_text'] });
    await say(base, '一', '二');
    base.send({ type: 'file', originalName: '三.txt', filedata: Buffer.from('x').toString('base64') });
    // 历史里有了它, 就已经排进去了
    for (let more = true; more; ) {
      base.send({ type: 'history', kind: 'file', ref: 'file' });
      more = ((await base.next('history'))['messages'] as Message[]).length === 0;
    }
    await say(base, '四', '五');
    await server.stop();
    await Promise.all([base.close(), batch.close()]);
    const shape = (client: Client): unknown[] =>
      client.messages
        .filter(({ type }) => ['text', 'file', 'batch'].includes(type))
        .map((m) => (m.type === 'batch' ? (m['messages'] as Message[]).map(({ seq }) => seq) : m['seq']));
    assert.deepEqual(shape(base), [1, 2, 3, 4, 5]);
    assert.deepEqual(shape(batch), [[1, 2], 3, [4, 5]]);
  });

  it('攒着的时候加入: 此前的在历史里, 此后的听得到, 不重不漏', async (t) => {
    const { ws, server } = await hold(t);
    const first = await settled(t, ws);
    await say(first, '之前一', '之前二');
    const late = await Client.join(t, ws, '后来', { after: 0 });
    const history = await Client.join(t, ws, '翻看', { features: ['batch'] });
    await say(first, '之后');
    await server.stop();
    await Promise.all([late.close(), history.close()]);
    assert.equal(late.welcome['seq'], 2);
    assert.deepEqual(texts(late), ['之前一', '之前二', '之后']);
    const page = history.of('history')[0]?.['messages'] as Message[];
    assert.deepEqual(
      page.map((m) => m['message']),
      ['之前一', '之前二'],
    );
    assert.deepEqual(texts(history), ['之后']);
  });

  it('攒着的时候来了又走: 什么都听不到; 换名再来: 只听到再来之后的', async (t) => {
    const { ws, server } = await hold(t);
    const first = await settled(t, ws);
    await say(first, '占住');
    const gone = await Client.join(t, ws, '走了');
    gone.send({ type: 'user_update', action: 'leave' });
    await gone.settle();
    const back = await Client.join(t, ws, '旧名');
    back.send({ type: 'user_update', action: 'leave' });
    await back.settle();
    await say(first, '不在时');
    back.send({ type: 'user_update', action: 'join', name: '新名' });
    await back.settle();
    await say(first, '回来后');
    await server.stop();
    await Promise.all([gone.close(), back.close()]);
    assert.deepEqual(texts(gone), []);
    assert.deepEqual(texts(back), ['回来后']);
  });

  it('离开又以同一个会话回来: 欢迎之前的不再听一遍', async (t) => {
    const { ws, server } = await hold(t);
    const first = await settled(t, ws);
    const earlier = await Client.join(t, ws, '常客');
    const session = earlier.welcome['session'];
    earlier.socket.close();
    await earlier.close();
    await say(first, '之前');
    const back = await Client.join(t, ws, '常客', { session, after: 0 });
    await say(first, '中间');
    back.send({ type: 'user_update', action: 'leave' });
    back.send({ type: 'user_update', action: 'join', name: '常客', session, after: 1 });
    await back.settle();
    await say(first, '之后');
    await server.stop();
    await back.close();
    // 第一次补发一条, 第二次补发一条, 之后的听到一遍
    assert.deepEqual(texts(back), ['之前', '中间', '之后']);
  });

  it('名单很长时带着 after 加入并立刻说话: 补发与广播不重', async (t) => {
    const { ws } = await serve(t);
    const crowd = await Promise.all(
      Array.from({ length: 120 }, (_, index) => Client.join(t, ws, `甲${index}`, { features: ['batch'] })),
    );
    for (let count = 0; count < 10; count += 1) crowd[0]?.send({ type: 'text', message: `第${count}` });
    await crowd[1]?.next((m) => m['seq'] === 10);
    const late = await Client.open(t, ws);
    late.send({ type: 'user_update', action: 'join', name: '后来', after: 8 });
    late.send({ type: 'text', message: '我', clientId: 'k1' });
    await late.next('ack');
    assert.deepEqual(
      late.of('text').map((m) => m['seq']),
      [9, 10, 11],
    );
  });

  it('应答总在广播之后', async (t) => {
    const { ws, server } = await hold(t);
    const client = await settled(t, ws);
    client.send({ type: 'text', message: '等着', clientId: 'c-1' });
    await client.settle();
    assert.equal(client.of('ack').length, 0);
    await server.stop();
    await client.close();
    const order = client.messages.map(({ type }) => type).filter((type) => type === 'text' || type === 'ack');
    assert.equal(order[0], 'text');
  });

  it('等着送出的到了上限: server_busy, 没有占号; 收下的一条不丢', async (t) => {
    const { ws, server } = await hold(t, { pendingBytes: 1024 * 1024 });
    const client = await settled(t, ws);
    const line = 'x'.repeat(16_000);
    for (let count = 0; count < 100; count += 1) {
      client.send({ type: 'text', message: line, clientId: `c-${count}` });
    }
    const refused = await client.error('server_busy');
    assert.equal(refused['retryable'], true);
    assert.deepEqual([refused['setting'], refused['limit']], ['fanout.pendingBytes', 1024 * 1024]);
    assert.ok(Number(refused['retryAfterMs']) > 0, '说出多久之后再来');
    assert.match(String(refused['ref']), /^c-\d+$/);
    await client.settle();
    const accepted = 100 - client.of('error').filter((m) => m['code'] === 'server_busy').length;
    await server.stop();
    await client.close();
    const seqs = client.of('text').map((m) => m['seq']);
    assert.deepEqual(
      seqs,
      Array.from({ length: accepted }, (_, index) => index + 1),
    );
  });
});
