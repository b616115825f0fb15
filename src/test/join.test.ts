// 加入: welcome, 隐式加入, 名字的规则 (协议第 2 节)
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { isJoin, joinCounts } from './presence-tools.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

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
        messagesPerSecond: 20,
        messagesBurst: 40,
      },
      features: [
        'batch',
        'batch_text',
        'binary_chunk',
        'offer',
        'search',
        'instant',
        'pause',
        'ticket',
        'people',
      ],
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
