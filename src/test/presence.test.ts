// 名单: 谁在线, 谁来谁走, 各恰好一次 (协议第 2 节)
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { isJoin, isLeave, joinCounts } from './presence-tools.js';

describe('名单', () => {
  it('基础客户端得到每个在线者的 join, 以及自己的恰好一次', async (t) => {
    const { ws } = await serve(t);
    await Client.join(t, ws, '甲');
    await Client.join(t, ws, '乙');
    const client = await Client.join(t, ws, '丙');
    await client.next(isJoin('丙'));
    await client.settle();
    assert.deepEqual(
      [...joinCounts(client)],
      [
        ['甲', 1],
        ['乙', 1],
        ['丙', 1],
      ],
    );
  });

  it('50 人同时加入: 每个基础客户端看到每个名字恰好一次', async (t) => {
    const { ws } = await serve(t);
    const names = Array.from({ length: 50 }, (_, index) => `用户${index}`);
    const clients = await Promise.all(names.map(() => Client.open(t, ws)));
    clients.forEach((client, index) => {
      client.send({ type: 'user_update', action: 'join', name: names[index] });
    });
    await Promise.all(clients.map((client) => client.next('welcome')));
    // 栅栏: 所有人的 join 都播完之后才加入的人
    await Client.join(t, ws, '栅栏');
    await Promise.all(clients.map((client) => client.next(isJoin('栅栏'))));
    for (const client of clients) {
      assert.deepEqual([...joinCounts(client).values()], Array(51).fill(1));
    }
  });

  it('在线的人多: 名单分几段送, 每个在线的恰好一次; 其间走了的不留在名单里', async (t) => {
    const { ws } = await serve(t);
    const names = Array.from({ length: 130 }, (_, index) => `用户${index}`);
    const online = await Promise.all(names.map((name) => Client.join(t, ws, name, { features: ['batch'] })));
    const gone = online.pop();
    const client = await Client.open(t, ws);
    client.send({ type: 'user_update', action: 'join', name: '新来' });
    gone?.send({ type: 'user_update', action: 'leave' });
    await client.next(isJoin('新来'));
    // 栅栏: 此前的进出都播完了, 名单也早已送完
    await Client.join(t, ws, '栅栏');
    await client.next(isJoin('栅栏'));
    const roster = new Map<string, number>();
    for (const { action, name } of client.of('user_update')) {
      const count = roster.get(String(name)) ?? 0;
      roster.set(String(name), action === 'join' ? count + 1 : 0);
    }
    // 只听到 leave 也可以: 轮到他时已经走了
    assert.equal(roster.get('用户129') ?? 0, 0);
    roster.delete('用户129');
    assert.deepEqual([...roster.values()], Array(131).fill(1));
  });

  it('同一拍里开第二个窗口, 也不会把刚列出的人再听一遍', async (t) => {
    const { ws } = await serve(t, { chat: { presenceTickMs: 60_000 } });
    const first = await Client.join(t, ws, '甲', { features: ['batch'] });
    await Client.join(t, ws, '乙', { features: ['batch'] });
    const second = await Client.join(t, ws, '甲', { session: first.welcome['session'] });
    // 乙说话之前服务器会先播完攒着的加入
    first.send({ type: 'text', message: '栅栏' });
    await second.next('text');
    assert.deepEqual(
      [...joinCounts(second)],
      [
        ['甲', 1],
        ['乙', 1],
      ],
    );
  });

  it('同一拍里离开又以新名字加入, 名单里的人不会重复', async (t) => {
    const { ws } = await serve(t, { chat: { presenceTickMs: 60_000 } });
    const client = await Client.join(t, ws, '旧名');
    await Client.join(t, ws, '旁人', { features: ['batch'] });
    const before = client.messages.length;
    client.send({ type: 'user_update', action: 'leave', name: '旧名' });
    client.send({ type: 'user_update', action: 'join', name: '新名' });
    client.send({ type: 'text', message: '栅栏' });
    await client.next('text');
    const heard = client.messages.slice(before).filter(({ type }) => type === 'user_update');
    assert.deepEqual(
      heard.map((m) => [m['action'], m['name']]),
      [
        ['join', '旁人'],
        ['join', '新名'],
      ],
    );
  });

  it('声明 batch 的在一阵加入里得到 sync, 净效果正确; 单个变化仍是基础帧', async (t) => {
    const { ws } = await serve(t, { chat: { presenceTickMs: 200 } });
    const watcher = await Client.join(t, ws, '观察', { features: ['batch'] });
    await watcher.next(isJoin('观察'));
    const brief = await Client.join(t, ws, '过客');
    const others = await Promise.all(['甲', '乙', '丙'].map((name) => Client.join(t, ws, name)));
    brief.socket.close();
    await brief.close();
    others[0]?.send({ type: 'text', message: '栅栏' });
    await watcher.next((m) => m.type === 'text');
    const online = new Set<unknown>(['观察']);
    for (const update of watcher.of('user_update')) {
      if (update['action'] === 'join') online.add(update['name']);
      if (update['action'] === 'leave') online.delete(update['name']);
      for (const name of (update['joined'] as string[] | undefined) ?? []) online.add(name);
      for (const name of (update['left'] as string[] | undefined) ?? []) online.delete(name);
    }
    assert.ok(watcher.of('user_update').some((m) => m['action'] === 'sync'));
    assert.deepEqual([...online].sort(), ['丙', '乙', '甲', '观察']);
  });

  it('连接断开与 leave 消息都广播恰好一次 leave', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const dropped = await Client.join(t, ws, '断线');
    dropped.socket.terminate();
    await witness.next(isLeave('断线'));
    const polite = await Client.join(t, ws, '告辞');
    polite.send({ type: 'user_update', action: 'leave', name: '告辞' });
    await witness.next(isLeave('告辞'));
    polite.socket.close();
    await polite.close();
    const fence = await Client.join(t, ws, '栅栏');
    await witness.next(isJoin('栅栏'));
    assert.equal(fence.welcome['online'], 2);
    assert.equal(witness.of('user_update').filter((m) => m['action'] === 'leave').length, 2);
  });

  it('leave 之后收不到聊天, 可以再加入', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'user_update', action: 'leave', name: '张三' });
    await witness.next(isLeave('张三'));
    witness.send({ type: 'text', message: '他听不到' });
    await witness.next('text');
    client.send({ type: 'user_update', action: 'join', name: '李四' });
    assert.deepEqual((await client.next((m) => m.type === 'welcome' && m['name'] === '李四'))['users'], [
      '见证',
      '李四',
    ]);
    assert.equal(client.of('text').length, 0);
    await witness.next(isJoin('李四'));
  });
});
