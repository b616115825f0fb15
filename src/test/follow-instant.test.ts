// 边传边下遇上秒传: 还没收到字节的读者得到已有的内容; 收过开头的被断开, 那个开头没有核对过
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sendWindowed, sha256 } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { serve } from './harness.js';
import { answer, challenged } from './proving.js';
import { begin, fileFrame, randomBytes, share } from './uploading.js';

const DATA = randomBytes(300_000);

it('边传边下: 中途改为秒传, 谁也不会把不同的两截当成一个文件', async (t) => {
  const { ws } = await serve(t);
  const client = await joinOffering(t, ws, '张三');
  await share(client, fileFrame('甲.bin', DATA));
  const ready = await begin(client, { size: DATA.length, sha256: sha256(DATA) });
  const challenge = await challenged(client, ready);
  const { url } = await offerOf(client, ready);
  const early = Reader.open(t, url);
  await client.settle();
  // 传了一个假的开头, 之后却答对了抽查
  await sendWindowed(client, ready, randomBytes(5000, 2));
  const fooled = await Reader.open(t, url);
  const alsoFooled = await early;
  await Promise.all([fooled.atLeast(5000), alsoFooled.atLeast(5000)]);
  const ahead = Reader.open(t, url, { Range: 'bytes=200000-' });
  await client.settle();
  client.send(answer(challenge, DATA));
  const done = await client.next('file_done');
  assert.equal(done['url'], url);
  for (const reader of [fooled, alsoFooled]) assert.equal((await reader.end()).whole, false);
  const rest = await (await ahead).end();
  assert.ok(rest.whole);
  assert.equal(sha256(rest.data), sha256(DATA.subarray(200_000)));
  await client.settle();
  assert.deepEqual(client.of('file_withdrawn'), []);
});
