// 一次运行里的秒传: 一个分片也不发; 断线, 没有, 答错, 服务器不提供, 都照常传完
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { sha256 } from '../../../src/test/client.js';
import { randomBytes } from '../../../src/test/uploading.js';
import { assertShared, bytes, fileOnDisk, open, type Page, run } from './running.js';
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
  it('已有的内容: 一个分片也不发, 广播恰好一次; 问, 答的时候断线, 再来时接着算, 仍是秒传', async (t) => {
    const { client, url } = await stocked(t, bytes);
    const wire = new Wire();
    assert.deepEqual((await run(t, wire, { url, instant: true })).outcome, { kind: 'done', instant: true });
    assert.deepEqual([wire.chunks, wire.ended], [0, undefined]);
    assert.equal((await client.next('file'))['sha256'], sha256(bytes));
    for (const lost of ['file_hash', 'file_proof']) {
      const cut = await run(t, new Wire(undefined, ({ type }) => type !== lost), { url, instant: true });
      assert.deepEqual(cut.outcome, { kind: 'cut' }, lost);
      assert.equal(cut.checkpoint?.offset, bytes.length, '算过的都在存档里');
      const again = new Wire();
      const { credentials, checkpoint } = cut;
      const { outcome } = await run(t, again, { url, instant: true, credentials, checkpoint });
      assert.deepEqual([outcome, again.chunks], [{ kind: 'done', instant: true }, 0], lost);
    }
    await client.settle();
    assert.equal(client.of('file').length, 4);
  });

  it('同样大小而内容不同, 抽查答错: 上传仍在, 照常传完, 校验不重算也对', async (t) => {
    const { client, url } = await stocked(t, other);
    const first = new Wire();
    assert.deepEqual((await run(t, first, { url, instant: true })).outcome, { kind: 'done', instant: false });
    await assertShared(client, first);
    const wrong = new Wire(undefined, (message) => {
      if (message['type'] === 'file_proof') message['hashes'] = Array(3).fill('0'.repeat(64));
      return true;
    });
    assert.deepEqual((await run(t, wrong, { url, instant: true })).outcome, { kind: 'done', instant: false });
    await assertShared(client, wrong);
  });

  it('服务器没有说支持就不问; 算到一半文件被改动是 unreadable', async (t) => {
    const { url } = await stocked(t, bytes);
    const asked: unknown[] = [];
    const wire = new Wire(undefined, ({ type }) => asked.push(type) > 0);
    const { outcome } = await run(t, wire, { url, instant: false });
    assert.deepEqual(outcome, { kind: 'done', instant: false });
    assert.deepEqual(asked, ['file_start', 'file_end']);
    const { onDisk, file: changing } = await fileOnDisk(t);
    const changed = new Wire(undefined, ({ type }) => {
      // file_start 之后才读: 那时文件已经不是选中的那个了
      if (type === 'file_start') appendFileSync(onDisk, '改');
      return true;
    });
    assert.equal((await run(t, changed, { url, instant: true, file: changing })).outcome.kind, 'unreadable');
  });
});
