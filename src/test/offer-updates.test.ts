// file_offer 的进展一路传到别人那里; 每秒至多一条由 offer-updates.fast.test.ts 拨着钟数
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { joinOffering, offerOf } from './following.js';
import { serve } from './harness.js';
import { acknowledged, begin, randomBytes } from './uploading.js';

const STEP_BYTES = 1000;

it('边传边下: 许多分片才有一条 file_offer, received 一路增长到最后', async (t) => {
  const { ws } = await serve(t);
  const client = await joinOffering(t, ws, '张三');
  const ready = await begin(client, { size: 1_000_000_000 });
  await offerOf(client, ready);
  let offset = 0;
  // 不停地传, 直到听见两次进展
  while (client.of('file_offer').length < 3) {
    client.sendChunk(String(ready['uploadId']), offset, randomBytes(STEP_BYTES));
    offset += STEP_BYTES;
    await acknowledged(client, ready, offset);
  }
  const updates = client.of('file_offer').slice(1);
  assert.ok(client.of('file_ack').length > updates.length * 3, '一个分片一条');
  // 停下之后补上最后的进展
  await client.next((m) => m.type === 'file_offer' && m['received'] === offset);
  const received = client.of('file_offer').map((m) => Number(m['received']));
  assert.deepEqual(
    received,
    [...new Set(received)].sort((a, b) => a - b),
  );
});
