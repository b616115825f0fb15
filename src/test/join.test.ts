// 加入与离开: welcome, 名单, 名字的规则 (协议第 2 节)
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function isJoin(name: string): (message: Message) => boolean {
  return (m) => m.type === 'user_update' && m['action'] === 'join' && m['name'] === name;
}

function isLeave(name: string): (message: Message) => boolean {
  return (m) => m.type === 'user_update' && m['action'] === 'leave' && m['name'] === name;
}

/** 基础帧里每个名字 join 了几次 */
function joinCounts(client: Client): Map<string, number> {
  const counts = new Map<string, number>();
  for (const message of client.of('user_update')) {
    if (message['action'] !== 'join') continue;
    const name = String(message['name']);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe('加入: welcome', () => {
  it('最先送达, 字段与上限一个不多一个不少', async (t) => {
    const { ws } = await serve(t);
    await Client.join(t, ws, '张三');
    const client = await Client.join(t, `${ws}/ws`, '李四');
    const { session, epoch, ...rest } = client.messages[0] ?? { type: '' };
    assert.match(String(session), /^[\w-]{40,}$/);
    assert.match(String(epoch), UUID);
    assert.deepEqual(rest, {
      type: 'welcome',
      name: '李四',
      users: ['张三', '李四'],
      online: 2,
      seq: 0,
      limits: {
        fileBytes: 2_684_354_560,
        frameBytes: 16_777_216,
        chunkBytes: 262_144,
        windowBytes: 4_194_304,
        textBytes: 16_384,
        nameLength: 32,
      },
      features: ['batch', 'binary_chunk'],
    });
  });

  it('单帧上限调小时, 建议的分片也跟着变小, 照它切的 Base64 分片不会被拒', async (t) => {
    const { ws } = await serve(t, { files: { frameBytes: 8192 } });
    const client = await Client.join(t, ws, '张三');
    const { chunkBytes } = client.welcome['limits'] as { chunkBytes: number };
    client.send({ type: 'file_start', clientId: 'c', originalName: 'a.bin', size: chunkBytes });
    const ready = await client.next('file_ready');
    assert.equal(ready['chunkBytes'], chunkBytes);
    client.sendBase64Chunk(String(ready['uploadId']), 0, Buffer.alloc(chunkBytes, 7));
    assert.equal((await client.next('file_ack'))['offset'], chunkBytes);
  });

  it('再次 join 只得到新的 welcome, 别人听不到第二次', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'user_update', action: 'join', name: '另一个名字' });
    const again = await client.next('welcome');
    assert.equal(again['name'], '张三');
    assert.equal(again['session'], client.welcome['session']);
    client.send({ type: 'text', message: '栅栏' });
    await witness.next('text');
    assert.deepEqual(
      [...joinCounts(witness)],
      [
        ['见证', 1],
        ['张三', 1],
      ],
    );
  });

  it('users 至多 500 个, online 是真数; 基础客户端也至多补 500 个', async (t) => {
    const { ws } = await serve(t, { server: { connectionsPerAddress: 1000 } });
    const names = Array.from({ length: 510 }, (_, index) => `用户${index}`);
    await Promise.all(names.map((name) => Client.join(t, ws, name, { features: [] })));
    const client = await Client.join(t, ws, '最后');
    assert.equal((client.welcome['users'] as string[]).length, 500);
    assert.equal(client.welcome['online'], 511);
    await client.next(isJoin('最后'));
    // 补发的 500 个, 加上自己
    assert.equal(joinCounts(client).size, 501);
  });
});

describe('加入: 名单', () => {
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

describe('加入: 隐式', () => {
  it('没有 join 过的, 第一条 text 或 file 的 name 就是名字', async (t) => {
    const { ws } = await serve(t);
    const talker = await Client.open(t, ws);
    talker.send({ type: 'text', name: '张三', message: '你好' });
    assert.equal((await talker.next('welcome'))['name'], '张三');
    assert.equal((await talker.next('text'))['name'], '张三');
    const sender = await Client.open(t, ws);
    const filedata = Buffer.from('内容').toString('base64');
    sender.send({ type: 'file', name: '李四', originalName: '报告.pdf', filedata });
    assert.equal((await sender.next('welcome'))['name'], '李四');
    assert.equal((await sender.next('file'))['name'], '李四');
  });

  it('没有 join 也没有 name 的消息被拒', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.open(t, ws);
    client.send({ type: 'text', message: '你好', clientId: 'c1' });
    assert.equal((await client.error('unauthorized'))['ref'], 'c1');
    client.send({ type: 'history' });
    await client.error('unauthorized');
  });

  it('加入之后以服务器记下的名字为准', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', name: '冒名', message: '你好' });
    assert.equal((await client.next('text'))['name'], '张三');
    client.send({ type: 'file', name: '冒名', originalName: 'a.txt', filedata: 'YQ==' });
    assert.equal((await client.next('file'))['name'], '张三');
  });
});

describe('加入: 名字', () => {
  it('空, 控制字符, 双向控制, 超过 32 码点的不收; 连接仍可换个名字加入', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const client = await Client.open(t, ws);
    for (const name of [
      '',
      '   ',
      'a\u0000b',
      'a\nb',
      'a\u202eb',
      '\u200b',
      '名'.repeat(33),
      '😀'.repeat(33),
    ]) {
      client.send({ type: 'user_update', action: 'join', name });
      await client.error('name_invalid');
    }
    client.send({ type: 'user_update', action: 'join', name: '😀'.repeat(32) });
    assert.equal((await client.next('welcome'))['name'], '😀'.repeat(32));
  });

  it('去掉首尾空白并归一成 NFC', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '  Cafe\u0301　');
    assert.equal(client.welcome['name'], 'Caf\u00e9');
  });

  it('大小写, 全角半角不同的也算同一个名字', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    await Client.join(t, ws, 'Alice');
    const client = await Client.open(t, ws);
    for (const name of ['Alice', 'ALICE', 'ａｌｉｃｅ', ' alice ']) {
      client.send({ type: 'user_update', action: 'join', name });
      await client.error('name_taken');
    }
    client.send({ type: 'text', name: 'alice', message: '冒名', clientId: 'c1' });
    assert.equal((await client.error('name_taken'))['ref'], 'c1');
  });
});
