// 一次运行里的秒传: 一个分片也不发; 断线, 没有, 答错, 服务器不提供, 都照常传完
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { sha256 } from '../../../src/test/client.js';
import { begin, randomBytes } from '../../../src/test/uploading.js';
import { assertShared, bytes, file, fileOnDisk, open, type Page, run } from './running.js';
import { Wire } from './wire.js';

/** 服务器已有 content (同样的名字没有关系) */
async function stocked(t: TestContext, content: Uint8Array): Promise<Page> {
  const page = await open(t);
  await run(t, new Wire(), { url: page.url, file: new File([new Uint8Array(content)], '原件.mkv') });
  await page.client.next('file');
  return page;
}

const other = randomBytes(bytes.length, 7);

describe('一次运行里的秒传', () => {
  it('已有的内容: 一个分片也不发, 也不发 file_end, 广播恰好一次', async (t) => {
    const { client, url } = await stocked(t, bytes);
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: true });
    assert.deepEqual([wire.chunks, wire.ended], [0, undefined]);
    assert.equal((await client.next('file'))['sha256'], sha256(bytes));
    await client.settle();
    assert.equal(client.of('file').length, 2);
  });

  it('同样大小而内容不同: 照常传, 校验不重算也对', async (t) => {
    const { client, url } = await stocked(t, other);
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
  });

  it('服务器没有说支持: 不问, 照常传', async (t) => {
    const { client, url } = await stocked(t, bytes);
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url, instant: false });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
  });

  it('传了一半的也可以秒传', async (t) => {
    const { client, url } = await stocked(t, bytes);
    const ready = await begin(client, { originalName: file.name, size: file.size });
    const credentials = { uploadId: String(ready['uploadId']), resumeToken: String(ready['resumeToken']) };
    const wire = new Wire();
    const { outcome } = await run(t, wire, { url, credentials });
    assert.deepEqual(outcome, { kind: 'done', instant: true });
    assert.equal(wire.chunks, 0);
  });

  it('问的时候, 答的时候断线: 再来时从存档接着算, 仍是秒传', async (t) => {
    const { client, url } = await stocked(t, bytes);
    for (const lost of ['file_hash', 'file_proof']) {
      const cutting = new Wire(undefined, ({ type }) => type !== lost);
      const cut = await run(t, cutting, { url });
      assert.deepEqual(cut.outcome, { kind: 'cut' }, lost);
      assert.equal(cut.checkpoint?.offset, bytes.length, '算过的都在存档里');
      const wire = new Wire();
      const { credentials, checkpoint } = cut;
      const { outcome } = await run(t, wire, { url, credentials, checkpoint });
      assert.deepEqual(outcome, { kind: 'done', instant: true }, lost);
      assert.equal(wire.chunks, 0);
      await client.next('file');
    }
  });

  it('抽查答错: 上传仍在, 照常传完', async (t) => {
    const { client, url } = await stocked(t, bytes);
    const wire = new Wire(undefined, (message) => {
      if (message['type'] === 'file_proof') message['hashes'] = Array(3).fill('0'.repeat(64));
      return true;
    });
    const { outcome } = await run(t, wire, { url });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    await assertShared(client, wire);
  });

  it('算到一半文件被改动: unreadable, 不会把别的内容当成它', async (t) => {
    const { url } = await stocked(t, bytes);
    const { onDisk, file: changing } = await fileOnDisk(t);
    await appendFile(onDisk, '改');
    assert.equal((await run(t, new Wire(), { url, file: changing })).outcome.kind, 'unreadable');
  });
});
