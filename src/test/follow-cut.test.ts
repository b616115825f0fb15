// 边传边下: 上传没有好结局时, 读者的连接被断开而字节不足; 不算服务器的错误
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, type Message, sendWindowed } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { serve, spawnServer, temporaryFolder } from './harness.js';
import { acknowledged, begin, finish, randomBytes, resume } from './uploading.js';

const SIZE = 40_000;
const data = randomBytes(SIZE);

/** 传了一半, 有人正跟着读 */
async function followed(
  t: Parameters<typeof Reader.open>[0],
  client: Client,
): Promise<{ ready: Message; reader: Reader }> {
  const ready = await begin(client, { size: SIZE });
  const { url } = await offerOf(client, ready);
  await sendWindowed(client, ready, data, { end: 30_000 });
  const reader = await Reader.open(t, url);
  await reader.atLeast(30_000);
  return { ready, reader };
}

describe('边传边下的断开', () => {
  it('取消与校验不符: 少于 Content-Length, 连接断开; 日志里没有意外的错误', async (t) => {
    const server = await spawnServer(t, await temporaryFolder(t));
    const client = await joinOffering(t, server.ws, '张三');
    const cancelled = await followed(t, client);
    client.send({ type: 'file_cancel', uploadId: cancelled.ready['uploadId'] });
    const half = await cancelled.reader.end();
    assert.equal(half.whole, false);
    assert.deepEqual(half.data, data.subarray(0, 30_000));

    const wrong = await followed(t, client);
    await sendWindowed(client, { ...wrong.ready, offset: 30_000 }, data);
    await wrong.reader.atLeast(SIZE - 1);
    client.send({ type: 'file_end', uploadId: wrong.ready['uploadId'], sha256: '0'.repeat(64) });
    await client.error('checksum_mismatch');
    const almost = await wrong.reader.end();
    assert.equal(almost.whole, false);
    assert.equal(almost.data.length, SIZE - 1);
    await server.signal('SIGTERM');
    assert.deepEqual(
      server.lines.filter((line) => line.includes('意外的错误')),
      [],
    );
  });

  it('上传停了太久: 读者被断开, 上传仍在, 之后还能接着下', async (t) => {
    const { ws } = await serve(t, { downloads: { followTimeoutMs: 100 } });
    const client = await joinOffering(t, ws, '张三');
    const { ready, reader } = await followed(t, client);
    assert.equal((await reader.end()).whole, false);
    await sendWindowed(client, { ...ready, offset: 30_000 }, data);
    await finish(client, ready);
  });

  it('还没有应答头就停了太久: 503 server_busy', async (t) => {
    const { ws } = await serve(t, { downloads: { followTimeoutMs: 100 } });
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, { size: SIZE });
    const { url } = await offerOf(client, ready);
    const refused = await fetch(String(url));
    assert.equal(refused.status, 503);
  });

  it('上传者掉线又续传: 读者不受影响', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const { ready, reader } = await followed(t, client);
    client.socket.terminate();
    const again = await joinOffering(t, ws, '李四');
    const resumed = await resume(again, ready);
    await sendWindowed(again, resumed, data);
    await finish(again, resumed);
    const { data: read, whole } = await reader.end();
    assert.ok(whole);
    assert.deepEqual(read, data);
  });

  it('停机: 跟着未完成上传的读者被断开, 不拖住停机', async (t) => {
    const { ws, server } = await serve(t, { server: { stopGraceMs: 600_000 } });
    const client = await joinOffering(t, ws, '张三');
    const { ready, reader } = await followed(t, client);
    client.sendChunk(String(ready['uploadId']), 30_000, data.subarray(30_000, 30_010));
    await acknowledged(client, ready, 30_010);
    await server.stop();
    const { data: read, whole } = await reader.end();
    assert.equal(whole, false);
    assert.ok(read.length <= 30_010);
  });
});
