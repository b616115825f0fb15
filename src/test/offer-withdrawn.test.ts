// file_withdrawn: 没有发布的结局都要说; 停放之后续传, 会再有一条 file_offer
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, type Message, sendWindowed } from './client.js';
import { joinOffering, offerOf } from './following.js';
import { serve } from './harness.js';
import { begin, finish, randomBytes, resume } from './uploading.js';

async function withdrawn(client: Client, { fileId }: Message): Promise<void> {
  const message = await client.next((m) => m.type === 'file_withdrawn' || m.type === 'file');
  assert.deepEqual(message, { type: 'file_withdrawn', id: fileId });
}

describe('file_withdrawn', () => {
  it('取消, 校验不符, 内容被禁: 各说一次, 链接随即没有了', async (t) => {
    const { ws } = await serve(t);
    const sender = await joinOffering(t, ws, '张三');
    const watcher = await joinOffering(t, ws, '李四');
    const data = randomBytes(10_000);
    const endings: Record<string, (ready: Message) => Promise<unknown>> = {
      file_cancelled: async (ready) => {
        sender.send({ type: 'file_cancel', uploadId: ready['uploadId'] });
        return sender.next('file_cancelled');
      },
      checksum_mismatch: async (ready) => {
        await sendWindowed(sender, ready, data);
        sender.send({ type: 'file_end', uploadId: ready['uploadId'], sha256: '0'.repeat(64) });
        return sender.error('checksum_mismatch');
      },
      file_type_forbidden: async (ready) => {
        sender.sendChunk(String(ready['uploadId']), 0, Buffer.from('MZ 假装是文档'));
        return sender.error('file_type_forbidden');
      },
    };
    for (const [name, end] of Object.entries(endings)) {
      const ready = await begin(sender, { size: data.length });
      const offer = await offerOf(watcher, ready);
      await end(ready);
      await withdrawn(watcher, ready);
      assert.equal((await fetch(String(offer['url']))).status, 404, name);
    }
    await watcher.settle();
    assert.equal(watcher.of('file_withdrawn').length, 3);
    assert.equal(watcher.of('file').length, 0);
  });

  it('断开之后被停放: 作废; 续传时重新播出, 同一个链接', async (t) => {
    const { ws } = await serve(t, { uploads: { maxActive: 1 } });
    const watcher = await joinOffering(t, ws, '李四');
    const sender = await joinOffering(t, ws, '张三');
    const data = randomBytes(9000);
    const ready = await begin(sender, { size: data.length });
    const offer = await offerOf(watcher, ready);
    await sendWindowed(sender, ready, data, { end: 7000 });
    sender.socket.terminate();
    // 名额只有一个: 别人一开始, 没有主人的就停放到磁盘
    const second = await joinOffering(t, ws, '王五');
    const short = await begin(second, { size: 3 });
    await withdrawn(watcher, ready);
    assert.equal((await fetch(String(offer['url']))).status, 404);
    await sendWindowed(second, short, Buffer.from('abc'));
    await finish(second, short);
    const resumed = await resume(second, ready);
    const again = await watcher.next((m) => m.type === 'file_offer' && m['id'] === ready['fileId']);
    assert.deepEqual(again, { ...offer, received: 7000 });
    await sendWindowed(second, resumed, data);
    const done = await finish(second, resumed);
    assert.equal(done['url'], offer['url']);
    assert.equal(watcher.of('file_withdrawn').length, 1);
  });
});
