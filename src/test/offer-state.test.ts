// file_offer 的 state: 上传者暂停了, 走了, 回来了, 别人立即知道; 不再是停着也写着正在上传
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { joinOffering, offerOf } from './following.js';
import { serve } from './harness.js';
import { begin, finish, randomBytes, resume } from './uploading.js';

const DATA = randomBytes(50_000);

async function stateOf(watcher: Client, ready: Message): Promise<unknown> {
  return (await offerOf(watcher, ready))['state'];
}

describe('file_offer 的 state', () => {
  it('连接断了是 waiting, 续传之后是 sending; 后来的人也看得到', async (t) => {
    const { ws } = await serve(t);
    const watcher = await joinOffering(t, ws, '李四');
    const sender = await joinOffering(t, ws, '张三');
    const ready = await begin(sender, { size: DATA.length });
    assert.equal(await stateOf(watcher, ready), 'sending');
    await sendWindowed(sender, ready, DATA, { end: 20_000 });
    sender.socket.terminate();
    const left = await watcher.next((m) => m.type === 'file_offer' && m['state'] !== 'sending');
    assert.deepEqual([left['state'], left['received']], ['waiting', 20_000]);
    const late = await joinOffering(t, ws, '王五');
    assert.equal(await stateOf(late, ready), 'waiting');
    const again = await joinOffering(t, ws, '张三丰');
    const resumed = await resume(again, ready);
    assert.equal(await stateOf(watcher, ready), 'sending');
    await sendWindowed(again, resumed, DATA);
    await finish(again, resumed);
    await watcher.next('file');
  });

  it('file_pause 立即是 paused, 随后断开也是; 到续传为止, 路上的分片照收而不改它', async (t) => {
    const { ws } = await serve(t);
    const watcher = await joinOffering(t, ws, '李四');
    const sender = await joinOffering(t, ws, '张三');
    const session = String(sender.welcome['session']);
    const transfer = await Client.open(t, `${ws}/ws/transfer?session=${session}`);
    const ready = await begin(transfer, { size: DATA.length });
    assert.equal(await stateOf(watcher, ready), 'sending');
    // 经聊天连接说: 传输连接正在断开
    sender.send({ type: 'file_pause', uploadId: ready['uploadId'] });
    assert.equal(await stateOf(watcher, ready), 'paused');
    await sendWindowed(transfer, ready, DATA, { end: 20_000 });
    transfer.socket.terminate();
    const back = await Client.open(t, `${ws}/ws/transfer?session=${session}`);
    const resumed = await resume(back, ready);
    assert.equal(resumed['offset'], 20_000);
    const resumedOffer = await watcher.next((m) => m.type === 'file_offer' && m['state'] !== 'paused');
    assert.equal(resumedOffer['state'], 'sending');
    const states = watcher.of('file_offer').map((m) => m['state']);
    assert.ok(!states.includes('waiting'), '自己说过暂停的, 断开不改口');
  });

  it('别人的上传, 没有的上传: file_pause 什么也不做, 也不报错', async (t) => {
    const { ws } = await serve(t);
    const watcher = await joinOffering(t, ws, '李四');
    const sender = await joinOffering(t, ws, '张三');
    const ready = await begin(sender, { size: DATA.length });
    await offerOf(watcher, ready);
    watcher.send({ type: 'file_pause', uploadId: ready['uploadId'] });
    sender.send({ type: 'file_pause', uploadId: '00000000-0000-4000-8000-000000000000' });
    await Promise.all([watcher.settle(), sender.settle()]);
    assert.deepEqual(
      watcher.of('file_offer').map((m) => m['state']),
      ['sending'],
    );
    assert.deepEqual(
      [...watcher.of('error'), ...sender.of('error')].filter((m) => m['code'] !== 'unknown_type'),
      [],
    );
  });
});
