// 限速与洪水: 超速被拒但不断开, 一味超速的以 4010 断开; 约 5 秒
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.js';
import { serve } from './harness.js';
import { isJoin } from './presence-tools.js';

const FLOODING = { code: 4010, reason: 'flooding' };

describe('限速', () => {
  it('超过每秒配额的得到 rate_limited, 带 ref 且可重试; 连接还在', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2 } });
    const client = await Client.join(t, ws, '张三');
    for (let count = 0; count < 20; count += 1) {
      client.send({ type: 'text', message: '快', clientId: `c${count}` });
    }
    const error = await client.error('rate_limited');
    assert.equal(error['retryable'], true);
    assert.match(String(error['ref']), /^c\d+$/);
    await client.settle();
    assert.equal(client.closed, undefined);
    assert.ok(client.of('text').length < 20);
  });

  it('messagesPerSecond 为 0 就不限', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const client = await Client.join(t, ws, '张三');
    for (let count = 0; count < 2000; count += 1) client.send({ type: 'text', message: '快' });
    await client.next((m) => m['seq'] === 2000);
    assert.equal(client.of('error').length, 0);
  });

  it('配额属于会话: 第二个窗口不会多出一份', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2 } });
    const first = await Client.join(t, ws, '张三');
    const second = await Client.join(t, ws, '张三', { session: first.welcome['session'] });
    for (let count = 0; count < 20; count += 1) first.send({ type: 'text', message: '一' });
    await first.next('error');
    for (let count = 0; count < 20; count += 1) second.send({ type: 'text', message: '二' });
    await second.error('rate_limited');
  });

  it('反复离开再加入换不来新的配额', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2 } });
    const client = await Client.open(t, ws);
    for (let count = 0; count < 30; count += 1) {
      client.send({ type: 'user_update', action: 'join', name: `名字${count}` });
      client.send({ type: 'text', message: '一' });
      client.send({ type: 'text', message: '二' });
      client.send({ type: 'user_update', action: 'leave' });
    }
    await client.settle();
    // 120 条里, 突发 4 条, 加上测试期间补充的几条
    assert.ok(client.of('error').length > 60);
  });

  it('分片不占消息配额, 由窗口限流', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2 } });
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'file_start', originalName: 'a.bin', size: 100, encoding: 'binary' });
    const uploadId = String((await client.next('file_ready'))['uploadId']);
    for (let offset = 0; offset < 100; offset += 1) client.sendChunk(uploadId, offset, Buffer.from([offset]));
    await client.next((m) => m.type === 'file_ack' && m['offset'] === 100);
    assert.equal(client.of('error').length, 0);
  });
});

describe('洪水', () => {
  it('被拒到 floodStrikes 条就以 4010 断开, 下次 welcome 的 lastClose 说一遍', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2, floodStrikes: 30 } });
    const witness = await Client.join(t, ws, '见证');
    const client = await Client.join(t, ws, '张三');
    for (let count = 0; count < 200; count += 1) client.send({ type: 'text', message: '洪水' });
    assert.deepEqual(await client.close(), FLOODING);
    const session = client.welcome['session'];
    const back = await Client.join(t, ws, '张三', { session });
    assert.deepEqual(back.welcome['lastClose'], FLOODING);
    const again = await Client.join(t, ws, '张三', { session });
    assert.equal('lastClose' in again.welcome, false);
    await witness.settle();
  });

  it('持续地快, 每秒总有几条被接受的, 也断得开', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 40, floodStrikes: 100 } });
    const client = await Client.join(t, ws, '张三');
    // 每毫秒两条: 两次补充之间攒不到 100 条被拒; 按时刻表, 机器慢时定时器稀疏, 速率也不变
    const startedMs = performance.now();
    for (let sent = 0; client.closed === undefined; await sleep(1)) {
      const due = (performance.now() - startedMs) * 2;
      for (; sent < due; sent += 1) client.send({ type: 'text', message: '洪水' });
    }
    assert.deepEqual(client.closed, FLOODING);
  });

  it('坏帧, 未知类型, 不存在的上传的分片, ping 都算洪水', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 2, floodStrikes: 30 } });
    const witness = await Client.join(t, ws, '见证');
    const floods: ((client: Client) => void)[] = [
      (client) => client.sendRaw('{坏'),
      (client) => client.sendRaw(Buffer.from([9, 9, 9])),
      (client) => client.send({ type: 'nothing' }),
      (client) => client.sendChunk('00000000-0000-4000-8000-000000000000', 0, Buffer.from('x')),
      (client) => client.socket.ping('x'),
    ];
    for (const flood of floods) {
      const client = await Client.open(t, ws);
      for (let count = 0; count < 200; count += 1) flood(client);
      assert.deepEqual(await client.close(), FLOODING, String(flood));
    }
    await witness.settle();
  });

  it('加入的风暴: 一千次进出之后, 旁观者的名单仍然正确', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const base = await Client.join(t, ws, '基础');
    const batch = await Client.join(t, ws, '批量', { features: ['batch'] });
    const storm = await Client.open(t, ws);
    for (let count = 0; count < 1000; count += 1) {
      storm.send({ type: 'user_update', action: 'join', name: `风${count % 7}` });
      storm.send({ type: 'user_update', action: 'leave' });
    }
    storm.send({ type: 'text', name: '最后', message: '栅栏' });
    // 基础客户端的进出按配额, 会落后于文字; 先进先出, 听到最后一个就是听全了
    await Promise.all([base.next(isJoin('最后')), batch.next('text')]);
    assert.deepEqual(rosterOf(base), ['基础', '批量', '最后'].sort());
    assert.deepEqual(rosterOf(batch), ['基础', '批量', '最后'].sort());
  });
});

// 一个守规矩的客户端此刻的名单
function rosterOf(client: Client): string[] {
  const roster = new Set(client.welcome['users'] as string[]);
  for (const update of client.of('user_update')) {
    if (update['action'] === 'join') roster.add(String(update['name']));
    if (update['action'] === 'leave') roster.delete(String(update['name']));
    for (const name of (update['joined'] ?? []) as string[]) roster.add(name);
    for (const name of (update['left'] ?? []) as string[]) roster.delete(name);
  }
  return [...roster].sort();
}
