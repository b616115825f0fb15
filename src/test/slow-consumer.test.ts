// 慢消费者与接收缓冲: 一个人读得慢或占得多, 不连累别人, 自己也不悄悄缺消息
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigOverrides } from '../config.js';
import { Client, type Message } from './client.js';
import { serve } from './harness.js';

const SLOW = { code: 4008, reason: 'slow_consumer' };
// 内核的套接字缓冲要先填满 (环回上有好几 MB), 积压才会显出来
const LINE = 'x'.repeat(100_000);
const LINES = 300;
const KIB = 1024;

const SETTINGS: ConfigOverrides = {
  server: { slowConsumerBytes: 256 * KIB },
  chat: { messagesPerSecond: 0, textBytes: 128 * KIB, historyBytes: 256 * KIB * KIB },
};

// 说这么多歇一歇, 歇过一次巡查 (100 毫秒): 同一个循环里的计时器, 先到期的先走, 所以不看机器的快慢
const BREATH_LINES = 10;
const BREATH_MS = 110;

async function flood(talker: Client, listener: Client): Promise<void> {
  for (let count = 1; count <= LINES; count += 1) {
    talker.send({ type: 'text', message: LINE });
    // 别人跟得上的速度: 收到一条再说下一条
    await listener.next('text');
    if (count % BREATH_LINES === 0) await sleep(BREATH_MS);
  }
}

function seqs(messages: readonly Message[]): number[] {
  return messages.filter(({ type }) => type === 'text').map((message) => Number(message['seq']));
}

function isContiguous(numbers: readonly number[]): boolean {
  return numbers.every((seq, index) => index === 0 || seq === numbers[index - 1]! + 1);
}

describe('慢消费者', () => {
  it('停读的人以 4008 断开, 再读时看得到原因; 别人一条不少; after 补齐漏掉的', async (t) => {
    // 两次巡查之间说的 (1 MB), 从一倍 (说 4008) 涨不到四倍 (硬上限, 只剩 1006)
    const { ws } = await serve(t, { ...SETTINGS, server: { slowConsumerBytes: 1024 * KIB } });
    const talker = await Client.join(t, ws, '说话人');
    const listener = await Client.join(t, ws, '听众');
    const witness = await Client.join(t, ws, '见证');
    const slow = await Client.join(t, ws, '慢人');
    slow.socket.pause();
    // 断开之后马上接着读: 一直不读的, uWS 十来秒后丢下没送完的, 只剩 1006
    const resumed = witness
      .next((m) => m['action'] === 'leave' && m['name'] === '慢人')
      .then(() => slow.socket.resume());
    await flood(talker, listener);
    await resumed;
    assert.deepEqual(
      seqs(listener.messages),
      Array.from({ length: LINES }, (_, index) => index + 1),
    );
    assert.deepEqual(await slow.close(), SLOW);
    const heard = seqs(slow.messages);
    assert.ok(isContiguous(heard));
    assert.ok(heard.length < LINES);
    const session = slow.welcome['session'];
    const back = await Client.join(t, ws, '慢人', { session, features: [], after: heard.at(-1) });
    assert.deepEqual(back.welcome['lastClose'], SLOW);
    assert.deepEqual(heard.concat(await catchUp(back)), seqs(listener.messages));
  });

  it('突然涨得太快, 来不及说 4008 的: 也不会缺了中间几条还往下送; lastClose 说明原因', async (t) => {
    const { ws } = await serve(t, SETTINGS);
    const talkers = await Promise.all(
      Array.from({ length: 4 }, (_, index) => Client.join(t, ws, `说话人${index}`)),
    );
    const slow = await Client.join(t, ws, '慢人');
    slow.socket.pause();
    // 一口气说完, 不给巡查留时间
    for (let count = 0; count < LINES; count += 1) talkers[count % 4]?.send({ type: 'text', message: LINE });
    const witness = await Client.join(t, ws, '见证', { features: [] });
    await witness.next((m) => m['action'] === 'leave' && m['name'] === '慢人');
    slow.socket.resume();
    await slow.close();
    assert.ok(isContiguous(seqs(slow.messages)));
    assert.ok(seqs(slow.messages).length < LINES);
    const back = await Client.join(t, ws, '慢人', { session: slow.welcome['session'] });
    assert.deepEqual(back.welcome['lastClose'], SLOW);
  });

  it('只发不读应答的洪水, 积压的应答也算: 服务器的内存有界', async (t) => {
    const { ws } = await serve(t, SETTINGS);
    const witness = await Client.join(t, ws, '见证');
    const greedy = await Client.join(t, ws, '只写不读');
    witness.send({ type: 'text', message: LINE });
    for (let count = 0; count < 50; count += 1) witness.send({ type: 'text', message: LINE });
    await witness.next((m) => m['seq'] === 51);
    greedy.socket.pause();
    for (let count = 0; count < 500; count += 1) greedy.send({ type: 'history', limit: 200 });
    await witness.next((m) => m['action'] === 'leave');
    greedy.socket.resume();
    await greedy.close();
    const back = await Client.join(t, ws, '只写不读', { session: greedy.welcome['session'] });
    assert.deepEqual(back.welcome['lastClose'], SLOW);
  });
});

describe('接收缓冲', () => {
  it('保留的缓冲超过预算: 占得最多的以 4009 断开重连, 其余不动', async (t) => {
    const { ws } = await serve(t, {
      files: { frameBytes: 256 * KIB },
      server: { receiveBudgetBytes: 512 * KIB },
    });
    const large = await Client.join(t, ws, '大');
    const middle = await Client.join(t, ws, '中');
    const small = await Client.join(t, ws, '小');
    const sendFrame = (client: Client, kib: number): void =>
      client.send({ type: 'file', originalName: 'a.bin', filedata: 'A'.repeat(kib * KIB) });
    sendFrame(large, 240);
    await large.next('file');
    sendFrame(middle, 200);
    await middle.next((m) => m['seq'] === 2);
    sendFrame(small, 160);
    assert.deepEqual(await large.close(), { code: 4009, reason: 'release_memory' });
    // 正在处理的那一帧照样完成
    await small.next((m) => m['seq'] === 3);
    const back = await Client.join(t, ws, '大', { session: large.welcome['session'] });
    assert.deepEqual(back.welcome['lastClose'], { code: 4009, reason: 'release_memory' });
    // 归还之后又有余地
    sendFrame(back, 100);
    await back.next((m) => m['seq'] === 4);
    await Promise.all([middle.settle(), small.settle()]);
  });
});

async function catchUp(client: Client): Promise<number[]> {
  const collected: number[] = [];
  let page = await client.next('history');
  collected.push(...seqs(page['messages'] as Message[]));
  while (page['more'] === true) {
    client.send({ type: 'history', after: collected.at(-1), limit: 200 });
    page = await client.next('history');
    collected.push(...seqs(page['messages'] as Message[]));
  }
  return collected;
}
