// 会话: 多窗口, 凭令牌重连, 名额, 传输连接
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

function isPresence(action: string, name: string): (message: Message) => boolean {
  return (m) => m.type === 'user_update' && m['action'] === action && m['name'] === name;
}

function tokenOf(client: Client): string {
  return String(client.welcome['session']);
}

/** 忙的错误说了哪一项设置, 它的值, 有没有说多久之后再来 */
function busyFacts(error: Message): readonly unknown[] {
  return [error['setting'], error['limit'], Number(error['retryAfterMs']) > 0];
}

describe('会话: 多窗口', () => {
  it('第二个窗口是同一个人: 没有第二次 join, 两个都关了才 leave', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const first = await Client.join(t, ws, '张三');
    const second = await Client.join(t, ws, '改了名', { session: tokenOf(first) });
    assert.equal(second.welcome['name'], '张三');
    assert.equal(tokenOf(second), tokenOf(first));
    assert.equal(second.welcome['online'], 2);
    first.socket.close();
    await first.close();
    second.send({ type: 'text', message: '还在' });
    await witness.next('text');
    second.socket.close();
    await witness.next(isPresence('leave', '张三'));
    assert.equal(witness.messages.filter(isPresence('join', '张三')).length, 1);
    assert.equal(witness.messages.filter(isPresence('leave', '张三')).length, 1);
  });

  it('超过每会话连接数时, 最早的以 4012 断开, 人不下线', async (t) => {
    const { ws } = await serve(t, { chat: { connectionsPerSession: 2 } });
    const witness = await Client.join(t, ws, '见证');
    const first = await Client.join(t, ws, '张三');
    const second = await Client.join(t, ws, '张三', { session: tokenOf(first) });
    const third = await Client.join(t, ws, '张三', { session: tokenOf(first) });
    assert.deepEqual(await first.close(), { code: 4012, reason: 'replaced' });
    third.send({ type: 'text', message: '栅栏' });
    await witness.next('text');
    await second.next('text');
    assert.equal(witness.messages.filter(isPresence('leave', '张三')).length, 0);
  });

  it('别的窗口被替换, 不算到新窗口的 lastClose 上', async (t) => {
    const { ws } = await serve(t, { chat: { connectionsPerSession: 2 } });
    const first = await Client.join(t, ws, '张三');
    const session = tokenOf(first);
    await Client.join(t, ws, '张三', { session });
    await Client.join(t, ws, '张三', { session });
    await first.close();
    const fourth = await Client.join(t, ws, '张三', { session });
    assert.equal('lastClose' in fourth.welcome, false);
  });
});

describe('会话: 凭令牌回来', () => {
  it('旧连接还半开着时重连, 名字照样归他', async (t) => {
    const { ws } = await serve(t);
    const old = await Client.join(t, ws, '张三');
    // 不读也不关: 网络断了而服务器还不知道
    old.socket.pause();
    const fresh = await Client.join(t, ws, '张三', { session: tokenOf(old) });
    assert.equal(fresh.welcome['name'], '张三');
    old.socket.terminate();
    fresh.send({ type: 'text', message: '我还在' });
    assert.equal((await fresh.next('text'))['name'], '张三');
  });

  it('离开之后令牌仍认得他, 可以换名字', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三');
    const session = tokenOf(client);
    client.send({ type: 'user_update', action: 'leave', name: '张三' });
    client.send({ type: 'user_update', action: 'join', name: '张叁', session });
    const welcome = await client.next((m) => m.type === 'welcome' && m['name'] === '张叁');
    assert.equal(welcome['session'], session);
  });

  it('不认得的令牌就是新用户', async (t) => {
    const { ws } = await serve(t);
    const client = await Client.join(t, ws, '张三', { session: 'x'.repeat(43) });
    assert.equal(client.welcome['name'], '张三');
    assert.notEqual(tokenOf(client), 'x'.repeat(43));
  });

  it('离线期间名字被取走: name_taken; 换个名字仍是原来的会话', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const old = await Client.join(t, ws, '张三');
    const session = tokenOf(old);
    old.socket.terminate();
    await witness.next(isPresence('leave', '张三'));
    await Client.join(t, ws, '张三');
    const back = await Client.open(t, ws);
    back.send({ type: 'user_update', action: 'join', name: '张三', session });
    await back.error('name_taken');
    back.send({ type: 'user_update', action: 'join', name: '李四', session });
    assert.equal((await back.next('welcome'))['session'], session);
  });

  it('会话表满了, 最早的离线会话让位; 他凭令牌回来还是同一个人', async (t) => {
    const { ws } = await serve(t, { chat: { maxSessions: 2, maxMembers: 2 } });
    const witness = await Client.join(t, ws, '见证');
    const old = await Client.join(t, ws, '张三');
    old.socket.terminate();
    await witness.next(isPresence('leave', '张三'));
    // 会话表满了: 最早的离线会话让位
    const fresh = await Client.join(t, ws, '李四');
    fresh.socket.terminate();
    await witness.next(isPresence('leave', '李四'));
    const back = await Client.join(t, ws, '张三', { session: tokenOf(old) });
    assert.equal(tokenOf(back), tokenOf(old));
    // 没有人的令牌: 按新用户处理
    const forged = `${tokenOf(old).slice(0, -2)}AA`;
    const stranger = await Client.open(t, ws);
    stranger.send({ type: 'user_update', action: 'join', name: '王五', session: forged });
    await stranger.error('server_busy');
  });
});

describe('会话: 名额', () => {
  it('在线人数到 maxMembers: server_busy, 有人走了就能进', async (t) => {
    const { ws } = await serve(t, { chat: { maxMembers: 2 } });
    const witness = await Client.join(t, ws, '甲');
    const second = await Client.join(t, ws, '乙');
    const third = await Client.open(t, ws);
    third.send({ type: 'user_update', action: 'join', name: '丙' });
    const error = await third.error('server_busy');
    assert.deepEqual(busyFacts(error), ['chat.maxMembers', 2, true]);
    assert.equal(error['retryable'], true);
    // 第二个窗口不多占名额
    await Client.join(t, ws, '甲', { session: tokenOf(witness) });
    second.socket.close();
    await witness.next(isPresence('leave', '乙'));
    third.send({ type: 'user_update', action: 'join', name: '丙' });
    await third.next('welcome');
  });

  it('会话表满而人人有连接: server_busy', async (t) => {
    const { ws } = await serve(t, { chat: { maxSessions: 2, maxMembers: 2 } });
    const first = await Client.join(t, ws, '甲');
    const transfer = await Client.open(t, `${ws}/ws/transfer?session=${tokenOf(first)}`);
    const witness = await Client.join(t, ws, '乙');
    // 甲只剩传输连接: 不在线, 但会话不能丢
    first.socket.close();
    await witness.next(isPresence('leave', '甲'));
    const third = await Client.open(t, ws);
    third.send({ type: 'user_update', action: 'join', name: '丙' });
    assert.deepEqual(busyFacts(await third.error('server_busy')), ['chat.maxSessions', 2, true]);
    transfer.send({ type: 'file_start', clientId: 'c', originalName: 'a.bin', size: 1 });
    await transfer.next('file_ready');
  });
});

describe('会话: 传输连接', () => {
  it('没有有效会话的以 4001 断开', async (t) => {
    const { ws } = await serve(t);
    for (const query of ['', '?session=', '?session=nobody']) {
      const client = await Client.open(t, `${ws}/ws/transfer${query}`);
      assert.deepEqual(await client.close(), { code: 4001, reason: 'unauthorized' });
    }
  });

  it('没有聊天: 收不到广播, 发 text 与 join 得到 unknown_type, 连接还在', async (t) => {
    const { ws } = await serve(t);
    const chat = await Client.join(t, ws, '张三');
    const transfer = await Client.open(t, `${ws}/ws/transfer?session=${tokenOf(chat)}`);
    transfer.send({ type: 'text', message: '你好', clientId: 'c1' });
    await transfer.error('unknown_type');
    transfer.send({ type: 'user_update', action: 'join', name: '李四' });
    await transfer.error('unknown_type');
    transfer.send({ type: 'history' });
    await transfer.error('unknown_type');
    chat.send({ type: 'text', message: '广播' });
    await chat.next('text');
    await transfer.settle();
    assert.deepEqual(new Set(transfer.messages.map(({ type }) => type)), new Set(['error']));
  });

  it('传输连接在与不在, 都不影响上线与下线', async (t) => {
    const { ws } = await serve(t);
    const witness = await Client.join(t, ws, '见证');
    const chat = await Client.join(t, ws, '张三');
    await Client.open(t, `${ws}/ws/transfer?session=${tokenOf(chat)}`);
    chat.socket.close();
    await witness.next(isPresence('leave', '张三'));
  });

  it('传输连接也有上限, 最早的以 4012 断开', async (t) => {
    const { ws } = await serve(t, { chat: { connectionsPerSession: 2 } });
    const chat = await Client.join(t, ws, '张三');
    const url = `${ws}/ws/transfer?session=${tokenOf(chat)}`;
    const first = await Client.open(t, url);
    await Client.open(t, url);
    await Client.open(t, url);
    assert.equal((await first.close()).code, 4012);
    await chat.settle();
  });
});
