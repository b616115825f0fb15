// 传输连接凭票进来: 网址里没有会话令牌; 从前的写法照旧
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { serve } from './harness.js';

async function ticketFor(client: Client): Promise<string> {
  client.send({ type: 'transfer_ticket', ref: 't' });
  return String((await client.next('transfer_ticket'))['ticket']);
}

describe('传输票', () => {
  it('凭票传完一个文件, 归入要票的会话; 网址里没有令牌', async (t) => {
    const { ws } = await serve(t);
    const chat = await Client.join(t, ws, '张三');
    assert.ok((chat.welcome['features'] as string[]).includes('ticket'));
    const ticket = await ticketFor(chat);
    assert.notEqual(ticket, chat.welcome['session']);
    const transfer = await Client.open(t, `${ws}/ws/transfer?ticket=${ticket}`);
    transfer.send({ type: 'file_start', originalName: 'a.bin', size: 3 });
    const ready = await transfer.next('file_ready');
    await sendWindowed(transfer, ready, Buffer.from('abc'));
    transfer.send({ type: 'file_end', uploadId: ready['uploadId'] });
    await transfer.next('file_done');
    const file: Message = await chat.next('file');
    assert.equal(file['name'], '张三');
  });

  it('用过的, 猜的, 空的以 4001 断开; 令牌照旧能用', async (t) => {
    const { ws } = await serve(t);
    const chat = await Client.join(t, ws, '张三');
    const ticket = await ticketFor(chat);
    const first = await Client.open(t, `${ws}/ws/transfer?ticket=${ticket}`);
    const token = String(chat.welcome['session']);
    // 令牌不是票: 落进日志的网址换个写法也用不上
    for (const bad of [ticket, '', 'x'.repeat(32), token]) {
      const late = await Client.open(t, `${ws}/ws/transfer?ticket=${bad}`);
      assert.deepEqual(await late.close(), { code: 4001, reason: 'unauthorized' });
    }
    const old = await Client.open(t, `${ws}/ws/transfer?session=${token}`);
    await Promise.all([first.settle(), old.settle()]);
  });

  it('没有名额而被拒的升级不用掉票', async (t) => {
    const { ws } = await serve(t, { server: { maxConnections: 2 } });
    const chat = await Client.join(t, ws, '张三');
    const other = await Client.open(t, ws);
    const ticket = await ticketFor(chat);
    const url = `${ws}/ws/transfer?ticket=${ticket}`;
    await assert.rejects(Client.open(t, url), /503/);
    other.socket.close();
    await other.close();
    const transfer = await opened(() => Client.open(t, url));
    await transfer.settle();
  });

  it('没有加入的要不到票; 传输连接上要不到票', async (t) => {
    const { ws } = await serve(t);
    const stranger = await Client.open(t, ws);
    stranger.send({ type: 'transfer_ticket', ref: 't' });
    assert.equal((await stranger.error('unauthorized'))['ref'], 't');
    const chat = await Client.join(t, ws, '张三');
    const transfer = await Client.open(t, `${ws}/ws/transfer?ticket=${await ticketFor(chat)}`);
    transfer.send({ type: 'transfer_ticket', ref: 't' });
    await transfer.error('unknown_type');
  });
});

// 服务器看到前一条断开要一圈事件
async function opened(open: () => Promise<Client>): Promise<Client> {
  for (;;) {
    const client = await open().catch(() => undefined);
    if (client !== undefined) return client;
  }
}
