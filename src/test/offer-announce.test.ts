// file_offer: 谁听得到, 何时听到, 说了什么
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, type Message, sendWindowed } from './client.js';
import { joinOffering, offerOf } from './following.js';
import { serve } from './harness.js';
import { begin, finish, randomBytes, resume } from './uploading.js';

const OFFER_TYPES = ['file_offer', 'file_withdrawn'];

function offerMessages(client: Client): Message[] {
  return client.messages.filter(({ type }) => OFFER_TYPES.includes(type));
}

describe('file_offer', () => {
  it('声明了 offer 的都听到; 没声明的在 file 之前什么也收不到', async (t) => {
    const { ws, http } = await serve(t);
    const base = await Client.join(t, ws, '基础');
    const batch = await Client.join(t, ws, '名单', { features: ['batch'] });
    const other = await joinOffering(t, ws, '旁人');
    const sender = await joinOffering(t, ws, '张三');
    await sender.next((m) => m.type === 'user_update');
    const data = randomBytes(20_000);
    const ready = await begin(sender, { size: data.length, originalName: '/a/电影.mkv' });
    const url = `${http}/files/${ready['fileId']}.mkv`;
    const expected = { id: ready['fileId'], name: '张三', originalName: '电影.mkv', size: 20_000, url };
    const offer = { type: 'file_offer', ...expected, received: 0, state: 'sending' };
    assert.deepEqual(await offerOf(other, ready), offer);
    // 上传者先得到 file_ready, 才认得出是自己的
    assert.deepEqual(await offerOf(sender, ready), offer);
    await sendWindowed(sender, ready, data);
    await finish(sender, ready);
    for (const client of [base, batch, other, sender]) {
      const file = client.of('file')[0] ?? (await client.next('file'));
      assert.equal(file['id'], ready['fileId']);
      assert.equal(file['url'], url);
      await client.settle();
    }
    assert.deepEqual([...offerMessages(base), ...offerMessages(batch)], []);
    // 发布之后没有 file_withdrawn: file 盖住了它
    assert.ok(offerMessages(other).every(({ type }) => type === 'file_offer'));
  });

  it('链接按各人的来源', async (t) => {
    const { ws, port } = await serve(t);
    const sender = await joinOffering(t, ws, '张三');
    const viaName = await joinOffering(t, `ws://localhost:${port}`, '李四');
    const ready = await begin(sender, { size: 10 });
    assert.equal(
      (await offerOf(viaName, ready))['url'],
      `http://localhost:${port}/files/${ready['fileId']}.bin`,
    );
    assert.equal(
      (await offerOf(sender, ready))['url'],
      `http://127.0.0.1:${port}/files/${ready['fileId']}.bin`,
    );
  });

  it('大小未知的, 单帧的, HTTP 的都没有', async (t) => {
    const { ws, http } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, {});
    await sendWindowed(client, ready, randomBytes(5000));
    await finish(client, ready);
    client.send({ type: 'file', originalName: 'b.txt', filedata: 'YWJj' });
    await client.next((m) => m.type === 'file' && m['originalName'] === 'b.txt');
    const form = new FormData();
    form.set('name', '表单');
    form.set('file', new Blob(['abc']), 'c.txt');
    assert.equal((await fetch(`${http}/api/files`, { method: 'POST', body: form })).status, 201);
    await client.next((m) => m.type === 'file' && m['originalName'] === 'c.txt');
    assert.deepEqual(offerMessages(client), []);
  });

  it('后来的人在历史之后得到正在进行的, 没有已结束的; 重新加入不算声明过', async (t) => {
    const { ws } = await serve(t);
    const sender = await joinOffering(t, ws, '张三');
    const data = randomBytes(6000);
    const running = await begin(sender, { size: data.length });
    await sendWindowed(sender, running, data, { end: 5000 });
    const finished = await begin(sender, { size: 3 });
    await sendWindowed(sender, finished, randomBytes(3));
    await finish(sender, finished);
    const cancelled = await begin(sender, { size: 3 });
    sender.send({ type: 'file_cancel', uploadId: cancelled['uploadId'] });
    await sender.next('file_cancelled');
    const late = await joinOffering(t, ws, '李四');
    const offer = await late.next('file_offer');
    await late.settle();
    // 恰逢每秒一次的进展时会再说一遍
    const assertOnlyRunning = (): void => {
      for (const { type, id } of offerMessages(late))
        assert.deepEqual([type, id], ['file_offer', running['fileId']]);
    };
    assert.equal(offer['id'], running['fileId']);
    assertOnlyRunning();
    const types = late.messages.map(({ type }) => type);
    assert.ok(types.indexOf('history') < types.indexOf('file_offer'));
    late.send({ type: 'user_update', action: 'leave' });
    late.send({ type: 'user_update', action: 'join', name: '李四', features: ['batch'] });
    await late.next('welcome');
    await begin(sender, { size: 4 });
    await late.settle();
    assertOnlyRunning();
  });

  it('续传时再有一条, received 是已落盘的', async (t) => {
    const { ws } = await serve(t);
    const sender = await joinOffering(t, ws, '张三');
    const watcher = await joinOffering(t, ws, '李四');
    const data = randomBytes(50_000);
    const ready = await begin(sender, { size: data.length });
    await offerOf(watcher, ready);
    await sendWindowed(sender, ready, data, { end: 30_000 });
    sender.socket.terminate();
    const again = await joinOffering(t, ws, '张三丰');
    const resumed = await resume(again, ready);
    assert.equal(resumed['fileId'], ready['fileId']);
    const offer = await watcher.next((m) => m.type === 'file_offer' && m['received'] === 30_000);
    assert.equal(offer['id'], ready['fileId']);
    assert.equal(offer['name'], '张三');
  });

  it('files.offers 关闭: features 里没有 offer, 也没有一条 file_offer, 链接在发布之前是 404', async (t) => {
    const { ws, http } = await serve(t, { files: { offers: false } });
    const client = await joinOffering(t, ws, '张三');
    assert.ok(!(client.welcome['features'] as string[]).includes('offer'));
    const ready = await begin(client, { size: 3 });
    await sendWindowed(client, ready, Buffer.from('abc'));
    assert.equal((await fetch(`${http}/files/${ready['fileId']}.bin`)).status, 404);
    await finish(client, ready);
    assert.equal((await fetch(`${http}/files/${ready['fileId']}.bin`)).status, 200);
    assert.deepEqual(offerMessages(client), []);
  });
});
