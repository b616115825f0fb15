// 文字: 广播, 次序, 应答与重发去重 (协议第 3 节)
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function isText(message: string): (received: Message) => boolean {
  return (received) => received.type === 'text' && received['message'] === message;
}

describe('文字: 广播', () => {
  it('人人收到, 含发送者; seq 逐条加一, id 是 UUIDv7, time 是此刻', async (t) => {
    const { ws } = await serve(t);
    const sender = await Client.join(t, ws, '张三');
    const other = await Client.join(t, ws, '李四');
    const before = Date.now();
    sender.send({ type: 'text', name: '张三', message: '你好' });
    sender.send({ type: 'text', name: '张三', message: '再见' });
    for (const client of [sender, other]) {
      const first = await client.next(isText('你好'));
      const second = await client.next(isText('再见'));
      assert.deepEqual(Object.keys(first), ['type', 'id', 'seq', 'time', 'name', 'message']);
      assert.deepEqual([first['seq'], second['seq']], [1, 2]);
      assert.match(String(first['id']), UUID_V7);
      assert.ok(Number(first['time']) >= before && Number(first['time']) <= Date.now());
    }
  });

  it('20 个客户端, 500 条消息: 人人收到同样的次序, 不缺不重', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, index) => Client.join(t, ws, `用户${index}`)),
    );
    for (let round = 0; round < 25; round += 1) {
      clients.forEach((client, index) => {
        client.send({ type: 'text', message: `${index}-${round}` });
      });
    }
    const expected = Array.from({ length: 500 }, (_, index) => index + 1);
    const orders = await Promise.all(
      clients.map(async (client) => {
        await client.next((m) => m.type === 'text' && m['seq'] === 500);
        assert.deepEqual(
          client.of('text').map((m) => m['seq']),
          expected,
        );
        return JSON.stringify(client.of('text').map((m) => m['id']));
      }),
    );
    assert.equal(new Set(orders).size, 1);
  });

  it('发送者的 join 先于他的第一条消息到达', async (t) => {
    const { ws } = await serve(t, { chat: { presenceTickMs: 60_000 } });
    const witness = await Client.join(t, ws, '见证');
    witness.send({ type: 'text', message: '栅栏' });
    await witness.next('text');
    const talker = await Client.open(t, ws);
    talker.send({ type: 'text', name: '张三', message: '你好' });
    await witness.next(isText('你好'));
    const heard = witness.messages.slice(-2).map(({ type }) => type);
    assert.deepEqual(heard, ['user_update', 'text']);
  });

  it('正文原样送达: 换行, 表情, 引号, 控制字符; 孤立代理项换成 U+FFFD', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    for (const message of ['a\nb\t"c"\\', '\u{1f468}\u200d\u{1f469}', '\u0000\u001f', ' 首尾空白 ']) {
      client.send({ type: 'text', message });
      assert.equal((await client.next('text'))['message'], message);
    }
    client.sendRaw('{"type":"text","message":"a\\ud800b"}');
    assert.equal((await client.next('text'))['message'], 'a\ufffdb');
  });
});

describe('文字: 应答与去重', () => {
  it('给了 clientId 才有应答; 应答与广播的 id, seq, time 一致', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', message: '无' });
    client.send({ type: 'text', message: '有', clientId: 'c1' });
    const text = await client.next(isText('有'));
    const ack = await client.next('ack');
    const { id, seq, time } = text;
    assert.deepEqual(ack, { type: 'ack', clientId: 'c1', id, seq, time });
    await client.settle();
    assert.equal(client.of('ack').length, 1);
  });

  it('同一个 clientId 再发 (连着发, 换窗口, 重连之后): 同样的应答, 没有第二次广播', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const first = await Client.join(t, ws, '张三');
    const session = first.welcome['session'];
    const second = await Client.join(t, ws, '张三', { session });
    const message = { type: 'text', message: '只此一次', clientId: 'c1' };
    // 连着发三次: 前一次还没有应答
    for (let count = 0; count < 3; count += 1) first.send(message);
    second.send(message);
    const acks = [await first.next('ack'), await first.next('ack'), await first.next('ack')];
    acks.push(await second.next('ack'));
    first.socket.terminate();
    second.socket.terminate();
    const back = await Client.join(t, ws, '张三', { session });
    back.send(message);
    acks.push(await back.next('ack'));
    assert.equal(new Set(acks.map((ack) => JSON.stringify(ack))).size, 1);
    back.send({ type: 'text', message: '栅栏' });
    await witness.next(isText('栅栏'));
    assert.equal(witness.of('text').length, 2);
  });

  it('失败的不记: 用同一个 clientId 改正后再发就成', async (t) => {
    const { ws } = await serve(t, { chat: { textBytes: 10 } });
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', message: '太长了太长了', clientId: 'c1' });
    await client.error('text_too_long');
    client.send({ type: 'text', message: '短', clientId: 'c1' });
    assert.equal((await client.next('ack'))['clientId'], 'c1');
  });

  it('不同的人用同一个 clientId 互不相干', async (t) => {
    const { ws } = await serve(t);
    const one = await Client.join(t, ws, '张三');
    const two = await Client.join(t, ws, '李四');
    one.send({ type: 'text', message: '甲', clientId: 'c' });
    two.send({ type: 'text', message: '乙', clientId: 'c' });
    assert.notEqual((await one.next('ack'))['id'], (await two.next('ack'))['id']);
  });

  it('只记最近若干个 clientId: 记录有界; 更早的重发要靠磁盘上的日志认出', async (t) => {
    const { ws } = await serve(t, {
      chat: { rememberedClientIds: 2, messagesPerSecond: 0 },
      history: { store: 'memory' },
    });
    const client = await Client.join(t, ws, '张三');
    for (const clientId of ['a', 'b', 'c', 'c', 'b', 'a']) {
      client.send({ type: 'text', message: clientId, clientId });
      await client.next('ack');
    }
    await client.settle();
    assert.deepEqual(
      client.of('text').map((m) => m['message']),
      ['a', 'b', 'c', 'a'],
    );
  });
});

describe('文字: 拒绝', () => {
  it('按 UTF-8 字节计长度: 恰好的收下, 多一个字节的是 text_too_long', async (t) => {
    const { ws } = await serve(t, { chat: { textBytes: 9 } });
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', message: '三个字' });
    await client.next('text');
    client.send({ type: 'text', message: '三个字!', clientId: 'c1' });
    const error = await client.error('text_too_long');
    assert.deepEqual([error['ref'], error['limit'], error['retryable']], ['c1', 9, false]);
    // 5 个表情只有 10 个 UTF-16 单元, 却是 20 字节
    client.send({ type: 'text', message: '😀😀😀😀😀' });
    await client.error('text_too_long');
  });

  it('缺省上限: 16384 字节的汉字收下, 远超的也是 text_too_long 而不断开', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', message: `${'汉'.repeat(5461)}a` });
    await client.next('text');
    client.send({ type: 'text', message: '汉'.repeat(200_000) });
    await client.error('text_too_long');
    await client.settle();
  });

  it('字段不对的是 invalid_field, 并指出哪个字段', async (t) => {
    const { ws } = await serve(t, { chat: { messagesPerSecond: 0 } });
    const client = await Client.join(t, ws, '张三');
    const cases: [object, string][] = [
      [{ type: 'text' }, 'message'],
      [{ type: 'text', message: 1 }, 'message'],
      [{ type: 'text', message: '' }, 'message'],
      [{ type: 'text', message: 'a', name: 1 }, 'name'],
      [{ type: 'text', message: 'a', clientId: '' }, 'clientId'],
      [{ type: 'text', message: 'a', clientId: 'x'.repeat(65) }, 'clientId'],
      [{ type: 'user_update', action: 'jump' }, 'action'],
      [{ type: 'user_update', action: 'join' }, 'name'],
      [{ type: 'user_update', action: 'join', name: 'a', after: -1 }, 'after'],
      [{ type: 'user_update', action: 'join', name: 'a', after: 1.5 }, 'after'],
      [{ type: 'user_update', action: 'join', name: 'a', features: 'batch' }, 'features'],
      [{ type: 'history', limit: 'x' }, 'limit'],
      [{ message: '没有 type' }, 'type'],
      [{ type: 5 }, 'type'],
    ];
    for (const [message, field] of cases) {
      client.send(message);
      const error = await client.error('invalid_field');
      assert.equal(error['field'], field, JSON.stringify(message));
    }
  });

  it('不认识的字段忽略, 不认识的类型与坏 JSON 只得到 error, 连接还在', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    client.send({ type: 'text', message: '你好', extra: { deep: [1] }, session: 'x', seq: 99, data: 'x' });
    assert.equal((await client.next('text'))['seq'], 1);
    for (const type of ['nothing', '__proto__', 'constructor', 'welcome']) {
      client.send({ type });
      await client.error('unknown_type');
    }
    for (const bad of ['', '{', '[]', 'null', '"x"', '{"type":"text"', `${'['.repeat(1000)}`]) {
      client.sendRaw(bad);
      await client.error('bad_json');
    }
    client.send({ type: 'text', message: '还在' });
    await client.next(isText('还在'));
  });
});
