// 一次上传的运行: 窗口, 失步, 续传, 断线, 被拒; 对着真服务器, 岔子出在网线上
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Client, sha256 } from '../../../src/test/client.js';
import { begin, finish, randomBytes, resume } from '../../../src/test/uploading.js';
import { CutProxy } from '../cut-proxy.js';
import { assertShared, bytes, CHUNK, file, fileOnDisk, held, open, run, transferUrl } from './running.js';
import { Wire } from './wire.js';

describe('一次上传的运行', () => {
  it('内容与校验都对; 未确认的从不超过窗口', async (t) => {
    const windowBytes = 3 * CHUNK;
    const { client, url } = await open(t, { files: { chunkBytes: CHUNK, windowBytes } });
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
    assert.ok(wire.maxUnacknowledged <= windowBytes, `${wire.maxUnacknowledged}`);
    // 超过窗口会被服务器打断, 那就不止一次
    assert.equal(wire.starts.length, 1);
    const { size, encoding, mimeType } = wire.starts[0] ?? {};
    assert.deepEqual([size, encoding, mimeType], [file.size, 'binary', 'video/x-matroska']);
  });

  it('丢了一个分片: 后面的各报一次 offset_mismatch, 只重新开始一次, 内容不乱', async (t) => {
    const { client, url } = await open(t);
    const wire = new Wire(({ count }) => (count === 5 ? 'drop' : 'pass'));
    const { outcome, offsets, credentials } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
    assert.deepEqual(offsets, [0, 4 * CHUNK]);
    assert.equal(wire.starts[1]?.['uploadId'], credentials?.uploadId);
  });

  it('总是失步而没有进展: 停下来报告, 不会没完没了', async (t) => {
    const { url } = await open(t);
    // 每次重新开始之后的第一个都丢
    const wire = new Wire(({ offset, ready }) => (offset === ready.offset ? 'drop' : 'pass'));
    const { outcome } = await run(t, wire, { url });
    assert.equal(outcome.kind === 'refused' ? outcome.code : outcome.kind, 'offset_mismatch');
    assert.ok(wire.starts.length <= 6, `${wire.starts.length}`);
  });

  it('断线: 报告存档; 下一次从服务器的 offset 继续, 校验接着算', async (t) => {
    const { client, url, port } = await open(t);
    const proxy = await CutProxy.start(t, port);
    const cutting = new Wire(({ count }) => {
      if (count === 12) proxy.cut();
      return 'pass';
    });
    const cut = await run(t, cutting, { url: transferUrl(proxy.ws, client) });
    assert.deepEqual(cut.outcome, { kind: 'cut' });
    const { credentials, checkpoint } = cut;
    assert.notEqual(checkpoint?.state, undefined);
    const wire = new Wire();
    const done = await run(t, wire, { url, credentials, checkpoint });
    assert.deepEqual(done.outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
    // 发得出第 12 个, 前 8 个就已确认
    assert.ok((done.offsets[0] ?? 0) >= 8 * CHUNK, `${done.offsets}`);
    assert.equal(wire.starts[0]?.['originalName'], undefined, '凭令牌续传');
  });

  it('服务器收下的比存档多, 或比存档少, 校验都对', async (t) => {
    const { client, url } = await open(t);
    const checkpoint = { offset: 3_000_000, digest: sha256(bytes.subarray(0, 3_000_000)) };
    for (const heldBytes of [0, 1_000_000, 3_000_000, 7_000_001, bytes.length]) {
      const wire = new Wire();
      const credentials = await held(client, heldBytes);
      const { outcome, offsets } = await run(t, wire, { url, credentials, checkpoint });
      assert.deepEqual(outcome, { kind: 'done', instant: false }, `${heldBytes}`);
      assert.deepEqual(offsets, [heldBytes]);
      await assertShared(client, wire);
    }
  });

  it('刷新后选了别的文件: 一个字节都没有发就停下', async (t) => {
    const { client, url } = await open(t);
    const credentials = await held(client, 100);
    const checkpoint = { offset: 100, digest: sha256(randomBytes(100, 2)) };
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url, credentials, checkpoint });
    assert.deepEqual(outcome, { kind: 'different_file' });
    assert.equal(wire.connections, 0);
  });

  it('服务器已没有这个上传: lost, 不是失败', async (t) => {
    const { client, url } = await open(t);
    const credentials = await held(client, CHUNK);
    client.send({ type: 'file_cancel', uploadId: credentials.uploadId });
    await client.next('file_cancelled');
    assert.deepEqual((await run(t, new Wire(), { url, credentials })).outcome, { kind: 'lost' });
  });

  it('传到一半被别的连接接管 (upload_unknown): 在同一条连接上要回来', async (t) => {
    const { client, ws, url } = await open(t);
    const taker = await Client.join(t, ws, '李四');
    const wire = new Wire(({ count, ready }) => (count === 7 ? resume(taker, { ...ready }) : 'pass'));
    const { outcome, offsets } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    assertBackOnce(offsets);
    assert.equal(wire.connections, 1);
    await assertShared(client, wire);
  });

  it('传到一半被停放 (upload_unknown): 在同一条连接上续传', async (t) => {
    const uploads = { maxActive: 1, idleTimeoutMs: 1 };
    const { client, ws, url } = await open(t, { uploads, chat: { messagesPerSecond: 0 } });
    const rival = await Client.join(t, ws, '李四');
    const wire = new Wire(({ count }) => (count === 7 ? squeeze(rival) : 'pass'));
    const { outcome, offsets } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    assertBackOnce(offsets);
    assert.equal(wire.connections, 1);
    await client.next(({ type, originalName }) => type === 'file' && originalName === '挤.bin');
    await assertShared(client, wire);
  });

  it('名额用完: 交给页面退避', async (t) => {
    const { client, url } = await open(t, { uploads: { maxActive: 1 } });
    await begin(client);
    const { outcome } = await run(t, new Wire(), { url });
    const { kind, code, retryable } = { code: '', retryable: false, ...outcome };
    assert.deepEqual([kind, code, retryable], ['refused', 'server_busy', true]);
  });

  it('内容不收: 说出原因, 路上的分片不会把它盖掉', async (t) => {
    const { url } = await open(t);
    const program = new File(['MZ', bytes], '片.mkv');
    const { outcome } = await run(t, new Wire(), { url, file: program });
    const { kind, code, retryable } = { code: '', retryable: true, ...outcome };
    assert.deepEqual([kind, code, retryable], ['refused', 'file_type_forbidden', false]);
  });

  it('文件读不了: unreadable', async (t) => {
    const { url } = await open(t);
    const { onDisk, file } = await fileOnDisk(t);
    await rm(onDisk);
    assert.equal((await run(t, new Wire(), { url, file })).outcome.kind, 'unreadable');
  });

  it('传到一半, 或刚读完就被改动: unreadable, 不会发布前后不一的内容', async (t) => {
    const { client, url } = await open(t);
    const last = Math.ceil(bytes.length / CHUNK);
    for (const changedAt of [5, last]) {
      const { onDisk, file } = await fileOnDisk(t);
      const wire = new Wire(({ count }) => {
        // 同步: 发出这个分片之后, 读下一段之前就已改动
        if (count === changedAt) appendFileSync(onDisk, '改');
        return 'pass';
      });
      assert.equal((await run(t, wire, { url, file })).outcome.kind, 'unreadable', `${changedAt}`);
      assert.equal(wire.ended, undefined);
    }
    await client.settle();
    assert.equal(client.of('file').length, 0);
  });
});

// 发得出第 7 个, 前 3 个就已确认; 其后的与夺走它的连接之间没有次序可言
function assertBackOnce([first, second, ...more]: readonly number[]): void {
  assert.deepEqual([first, more], [0, []]);
  assert.ok(second !== undefined && second >= 3 * CHUNK && second <= 6 * CHUNK, `${second}`);
}

/** 挤掉唯一的名额, 用完就还; 对方停了超过 idleTimeoutMs 才挤得掉, 所以问到行为止 */
async function squeeze(rival: Client): Promise<void> {
  for (;;) {
    rival.send({ type: 'file_start', clientId: '挤', originalName: '挤.bin' });
    const reply = await rival.next(({ type }) => type === 'file_ready' || type === 'error');
    if (reply.type === 'file_ready') return void (await finish(rival, reply));
    assert.equal(reply['code'], 'server_busy');
  }
}
