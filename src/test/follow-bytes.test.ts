// 边传边下: 跟着上传读到的字节, 最后一个字节与发布, 链接与最后的文件相同
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sendWindowed, sha256 } from './client.js';
import { joinOffering, offerOf, Reader } from './following.js';
import { serve } from './harness.js';
import { begin, finish, randomBytes } from './uploading.js';

const MIB = 1024 * 1024;

describe('边传边下', () => {
  it('从上传中途开始的下载与上传一起结束, 内容相同', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const data = randomBytes(5 * MIB + 123);
    const ready = await begin(client, { size: data.length, originalName: '电影.mkv' });
    const offer = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: 2 * MIB });
    const reader = await Reader.open(t, offer['url']);
    assert.equal(reader.response.statusCode, 200);
    assert.equal(reader.header('content-length'), String(data.length));
    assert.equal(reader.header('etag'), `"${ready['fileId']}"`);
    assert.equal(reader.header('cache-control'), 'no-store');
    assert.equal(reader.header('accept-ranges'), 'bytes');
    await reader.atLeast(2 * MIB);
    await sendWindowed(client, { ...ready, offset: 2 * MIB }, data);
    // 全部落了盘, 还没校验: 只差最后一个字节
    await reader.atLeast(data.length - 1);
    await client.settle();
    assert.equal(reader.bytes, data.length - 1);
    const done = await finish(client, ready);
    const { data: read, whole } = await reader.end();
    assert.ok(whole);
    assert.equal(sha256(read), sha256(data));
    assert.equal(done['url'], offer['url']);
    assert.equal(done['id'], ready['fileId']);
  });

  it('上传停着的时候, 已落盘的立即送到, 不攒够一批才给', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const data = randomBytes(3 * 4100);
    const ready = await begin(client, { size: data.length });
    const offer = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: 4100 });
    const reader = await Reader.open(t, offer['url']);
    await reader.atLeast(4100);
    await sendWindowed(client, { ...ready, offset: 4100 }, data, { end: 4101 });
    await reader.atLeast(4101);
    await sendWindowed(client, { ...ready, offset: 4101 }, data, { end: 5000 });
    await reader.atLeast(5000);
    await sendWindowed(client, { ...ready, offset: 5000 }, data);
    await finish(client, ready);
    const { data: read, whole } = await reader.end();
    assert.ok(whole);
    assert.equal(sha256(read), sha256(data));
  });

  it('不足一个样本的小文件与空文件: 等它发布, 给出全文', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    for (const data of [Buffer.from('你好'), Buffer.alloc(1), Buffer.alloc(0)]) {
      const ready = await begin(client, { size: data.length, originalName: 'a.txt' });
      const offer = await offerOf(client, ready);
      const opening = Reader.open(t, offer['url']);
      if (data.length > 0) await sendWindowed(client, ready, data);
      await client.settle();
      const done = await finish(client, ready);
      const reader = await opening;
      const { data: read, whole } = await reader.end();
      assert.ok(whole);
      assert.deepEqual(read, data);
      // 发布之后才开始应答: 就是已发布的文件
      assert.equal(reader.header('etag'), `"${done['sha256']}"`);
      assert.equal(reader.header('content-type'), 'text/plain; charset=utf-8');
    }
  });

  it('类型与显示方式同发布之后: 凭开头的内容认, 不信扩展名', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex');
    const data = Buffer.concat([png, randomBytes(8000)]);
    const ready = await begin(client, { size: data.length, originalName: '假.txt' });
    const offer = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: 6000 });
    const reader = await Reader.open(t, offer['url']);
    assert.equal(reader.header('content-type'), 'image/png');
    assert.match(reader.header('content-disposition') ?? '', /^inline/);
    reader.leave();
    await sendWindowed(client, { ...ready, offset: 6000 }, data);
    const done = await finish(client, ready);
    assert.equal(done['mimeType'], 'image/png');
  });

  it('改了名的禁止类型: 传到一半就认得出, 读者得到 415', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const shortcut = Buffer.from('4c0000000114020000000000c000000000000046', 'hex');
    const data = Buffer.concat([shortcut, randomBytes(8000)]);
    const ready = await begin(client, { size: data.length, originalName: '照片.jpg' });
    const offer = await offerOf(client, ready);
    await sendWindowed(client, ready, data, { end: 6000 });
    const reader = await Reader.open(t, offer['url']);
    assert.equal(reader.response.statusCode, 415);
  });

  it('二十个读者先后加入, 各自从头到尾收到同样的内容', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const data = randomBytes(4 * MIB + 7);
    const ready = await begin(client, { size: data.length });
    const offer = await offerOf(client, ready);
    const readers: Reader[] = [];
    let offset = await sendWindowed(client, ready, data, { end: 5000 });
    while (readers.length < 20) {
      readers.push(await Reader.open(t, offer['url']));
      const end = offset + 200_000;
      offset = await sendWindowed(client, { ...ready, offset }, data, { end });
    }
    await sendWindowed(client, { ...ready, offset }, data);
    await finish(client, ready);
    const expected = sha256(data);
    for (const reader of readers) {
      const { data: read, whole } = await reader.end();
      assert.ok(whole);
      assert.equal(sha256(read), expected);
    }
  });

  it('HEAD 不等上传: 还没有一个字节也有应答', async (t) => {
    const { ws } = await serve(t);
    const client = await joinOffering(t, ws, '张三');
    const ready = await begin(client, { size: 1000, originalName: '表.csv' });
    const offer = await offerOf(client, ready);
    const head = await fetch(String(offer['url']), { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), '1000');
    assert.equal(head.headers.get('content-type'), 'text/csv; charset=utf-8');
    // 扩展名不对的地址一样没有
    const wrong = await fetch(String(offer['url']).replace('.csv', '.exe'), { method: 'HEAD' });
    assert.equal(wrong.status, 404);
  });
});
