// 边传边下的 Range: 已有的, 跨过写入处的, 还没写到的, 末尾的; 断点续传的 If-Range
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sendWindowed } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { serve } from './harness.js';
import { begin, finish, randomBytes } from './uploading.js';

const WRITTEN = 20_000;
const SIZE = 50_000;
const data = randomBytes(SIZE);

describe('边传边下的 Range', () => {
  it('已经写到的立即完整; 跨过去的, 还没写到的, 后缀的, 等到了才完整', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, { size: SIZE });
    const { url } = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: WRITTEN });
    const open = (range: string): Promise<Reader> => Reader.open(t, url, { Range: `bytes=${range}` });
    const present = await open('100-199');
    assert.equal(present.response.statusCode, 206);
    assert.equal(present.header('content-range'), `bytes 100-199/${SIZE}`);
    assert.deepEqual(await present.end(), { data: data.subarray(100, 200), whole: true });

    const across = await open(`${WRITTEN - 10}-${WRITTEN + 9}`);
    await across.atLeast(10);
    assert.equal(across.bytes, 10);
    // 一个字节都还没有的: 应答头与第一块一起到, 这里先不等
    const ahead = open('40000-44999');
    const suffix = open('-7');
    await sendWindowed(client, { ...ready, offset: WRITTEN }, data);
    assert.deepEqual(await across.end(), { data: data.subarray(WRITTEN - 10, WRITTEN + 10), whole: true });
    assert.deepEqual(await (await ahead).end(), { data: data.subarray(40_000, 45_000), whole: true });
    const tail = await suffix;
    await tail.atLeast(6);
    await client.settle();
    assert.equal(tail.bytes, 6, '最后一个字节在发布之前送出了');
    await finish(client, ready);
    assert.deepEqual(await tail.end(), { data: data.subarray(-7), whole: true });
  });

  it('超出声明大小的范围: 416', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, { size: SIZE });
    const { url } = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: WRITTEN });
    const refused = await fetch(String(url), { headers: { Range: `bytes=${SIZE}-` } });
    assert.equal(refused.status, 416);
    assert.equal(refused.headers.get('content-range'), `bytes */${SIZE}`);
  });

  it('上传期间断了的下载, 发布前后都能凭 If-Range 接着下', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, { size: SIZE });
    const { url } = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: WRITTEN });
    const first = await Reader.open(t, url);
    await first.atLeast(WRITTEN);
    const etag = first.header('etag') ?? '';
    first.leave();
    const during = await Reader.open(t, url, { Range: `bytes=${WRITTEN - 5}-`, 'If-Range': etag });
    assert.equal(during.response.statusCode, 206);
    during.leave();
    await sendWindowed(client, { ...ready, offset: WRITTEN }, data);
    const done = await finish(client, ready);
    for (const tag of [etag, `"${done['sha256']}"`]) {
      const after = await Reader.open(t, url, { Range: `bytes=${WRITTEN}-`, 'If-Range': tag });
      assert.equal(after.response.statusCode, 206, tag);
      assert.equal(after.header('etag'), `"${done['sha256']}"`);
      assert.deepEqual((await after.end()).data, data.subarray(WRITTEN));
    }
    const stale = await Reader.open(t, url, { Range: 'bytes=5-', 'If-Range': '"other"' });
    assert.equal(stale.response.statusCode, 200);
  });
});
