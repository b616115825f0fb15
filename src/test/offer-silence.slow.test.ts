// 连着而没有字节 (网络断了而还不知道, 电脑睡了): 十秒之后别人看到的是 waiting, 又有字节就是 sending; 约 13 秒
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { joinOffering, offerOf } from './following.js';
import { serve } from './harness.js';
import { begin, randomBytes } from './uploading.js';

it('边传边下: 连着而久没有字节的上传是 waiting, 下一个分片就是 sending', async (t) => {
  const { ws } = await serve(t);
  const watcher = await joinOffering(t, ws, '李四');
  const sender = await joinOffering(t, ws, '张三');
  const ready = await begin(sender, { size: 1_000_000 });
  await offerOf(watcher, ready);
  const silent = await watcher.next((m) => m.type === 'file_offer' && m['state'] !== 'sending');
  assert.equal(silent['state'], 'waiting');
  sender.sendChunk(String(ready['uploadId']), 0, randomBytes(1000));
  const moving = await watcher.next((m) => m.type === 'file_offer' && m['state'] !== 'waiting');
  assert.equal(moving['state'], 'sending');
});
