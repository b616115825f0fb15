// 灌满历史, 想把别人的消息与文件挤掉 (issue 13 的 A1): 令牌桶放开, 只剩留底与当日份额把守; 约 8 秒
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTACKER, BYSTANDER, onLinux } from './attack-tools.js';
import { Client, type Message } from './client.js';
import { serve, temporaryFolder } from './harness.js';
import { besides, cell, until } from './history-tools.js';

const MAX_MESSAGES = 20_000;
// 5 %
const SHARE = MAX_MESSAGES / 20;
const TEXTS = 400;
const SETTINGS = {
  server: { trustedAddresses: [] },
  // 反复换会话, 每个会话与地址的速率都不限: 只看留底与份额
  chat: { messagesPerSecond: 0 },
  address: { connectsPerSecond: 0, textBytesPerSecond: 0, messagesPerSecond: 0 },
  history: { maxMessages: MAX_MESSAGES },
} as const;

const isRefused = ({ type, code }: Message): boolean => type === 'error' && code === 'rate_limited';

function answered({ messages }: Client): number {
  return messages.filter(({ type }) => type === 'ack' || type === 'error').length;
}

test(
  '攻击: 一个地址灌到自己的一份为止, 别人最早的话与文件都还在, 新的照收; 重启之后份额接着算',
  onLinux,
  async (t) => {
    const storage = await temporaryFolder(t);
    const first = await serve(t, { ...SETTINGS, storage: { path: storage } });
    const bystander = await Client.join(t, first.ws, '旁人', {}, { localAddress: BYSTANDER });
    bystander.send({ type: 'text', message: '最早的话', clientId: '早' });
    await bystander.next('ack');
    bystander.send({ type: 'file', originalName: '最早的.txt', filedata: 'YQ==' });
    const file = await bystander.next('file');
    for (let round = 0; round < 6; round += 1) {
      const attacker = await Client.join(t, first.ws, `洪水${round}`, {}, { localAddress: ATTACKER });
      for (let count = 0; count < TEXTS; count += 1)
        attacker.send({ type: 'text', message: 'x', clientId: `${count}` });
      // 都有了着落, 或说得太多被断开
      await until(() => attacker.closed !== undefined || answered(attacker) === TEXTS);
      attacker.socket.close();
    }
    await first.server.stop();
    const database = besides(t, `${storage}/history`);
    assert.equal(cell(database, "SELECT count(*) FROM messages WHERE name LIKE '洪水%'"), SHARE);
    const { ws, http } = await serve(t, { ...SETTINGS, storage: { path: storage } });
    const again = await Client.join(t, ws, '又来', {}, { localAddress: ATTACKER });
    again.send({ type: 'text', message: 'x', clientId: 'x' });
    const refused = await again.next(isRefused);
    assert.deepEqual([refused['setting'], refused['limit']], ['address.dailyPercent', 5]);
    assert.ok(Number(refused['retryAfterMs']) > 0);
    again.send({ type: 'file_start', originalName: 'a.bin', size: 1, clientId: 'f' });
    await again.next(isRefused);
    const back = await Client.join(t, ws, '旁人', { features: [], after: 0 }, { localAddress: BYSTANDER });
    const page = (await back.next('history'))['messages'] as Message[];
    assert.deepEqual(
      page.slice(0, 2).map(({ type, seq }) => [type, seq]),
      [
        ['text', 1],
        ['file', 2],
      ],
    );
    back.send({ type: 'text', message: '还说得出', clientId: '晚' });
    await back.next('ack');
    assert.equal((await fetch(http + new URL(String(file['url'])).pathname)).status, 200);
  },
);
