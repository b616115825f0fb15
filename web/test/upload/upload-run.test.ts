// 一次上传的运行: 窗口, 失步, 续传, 断线; 对着假的服务器
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { NATIVE_BYTES } from '../../src/net/upload/file-hasher.js';
import { UploadRun } from '../../src/net/upload/upload-run.js';
import type { Checkpoint, RunCommand, RunOutcome, RunReport } from '../../src/net/upload/worker-messages.js';
import { type FakeOptions, FakeServer, UPLOAD_ID } from './fake-server.js';

const CHUNK = 262_144;
// 不能一次读完, 也不是分片的整数倍
const bytes = randomBytes(NATIVE_BYTES + 1_000_001);
const file = new File([bytes], '片.mkv', { type: 'video/x-matroska' });
const credentials = { uploadId: UPLOAD_ID, resumeToken: 't' };
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const roomy: FakeOptions = { chunkBytes: CHUNK, windowBytes: 4 * CHUNK };

interface Finished {
  readonly outcome: RunOutcome;
  readonly reports: readonly RunReport[];
  /** 最后报告的存档 */
  readonly checkpoint: Checkpoint | undefined;
}

function run(server: FakeServer, command: Partial<RunCommand> = {}): Promise<Finished> {
  const reports: RunReport[] = [];
  return new Promise((resolve) => {
    const report = (message: RunReport): void => {
      reports.push(message);
      if (message.type !== 'ended') return;
      const last = reports.filter((one) => one.type === 'progress').at(-1);
      resolve({ outcome: message.outcome, reports, checkpoint: last?.checkpoint });
    };
    const ports = { connect: server.connect, report, now: () => performance.now() };
    new UploadRun({ type: 'run', runId: 'r', file, url: 'ws://x', binary: true, ...command }, ports).start();
  });
}

describe('一次上传的运行', () => {
  it('内容与校验都对; 未确认的从不超过窗口', async () => {
    const server = new FakeServer({ ...roomy, windowBytes: 3 * CHUNK });
    const { outcome } = await run(server);
    assert.deepEqual(outcome, { kind: 'done' });
    assert.ok(Buffer.from(bytes).equals(server.received));
    assert.equal(server.ended?.['sha256'], sha256(bytes));
    assert.ok(server.maxPending <= 3 * CHUNK, `${server.maxPending}`);
    const { size, encoding, mimeType } = server.starts[0] ?? {};
    assert.deepEqual([size, encoding, mimeType], [file.size, 'binary', 'video/x-matroska']);
  });

  it('失步: 路上的分片各报一次 offset_mismatch, 只重新开始一次, 内容不乱', async () => {
    const server = new FakeServer({ ...roomy, onChunk: (count) => count === 5 });
    const { outcome } = await run(server);
    assert.deepEqual(outcome, { kind: 'done' });
    assert.ok(Buffer.from(bytes).equals(server.received));
    assert.equal(server.ended?.['sha256'], sha256(bytes));
    assert.equal(server.starts.length, 2);
    assert.equal(server.starts[1]?.['uploadId'], UPLOAD_ID);
  });

  it('总是失步而没有进展: 停下来报告, 不会没完没了', async () => {
    const stuck = new FakeServer({
      ...roomy,
      onChunk: (_, self) => {
        self.reply(self.error('offset_mismatch', UPLOAD_ID));
        return true;
      },
    });
    const { outcome } = await run(stuck);
    assert.equal(outcome.kind === 'refused' ? outcome.code : outcome.kind, 'offset_mismatch');
    assert.ok(stuck.starts.length <= 6);
  });

  it('断线: 报告存档; 下一次从服务器的 offset 继续, 校验接着算', async () => {
    const first = new FakeServer({
      ...roomy,
      onChunk: (count, self) => {
        if (count === 12) self.cut();
        return false;
      },
    });
    const cut = await run(first);
    assert.deepEqual(cut.outcome, { kind: 'cut' });
    const second = new FakeServer({ ...roomy, held: first.received });
    const done = await run(second, { credentials, checkpoint: cut.checkpoint });
    assert.deepEqual(done.outcome, { kind: 'done' });
    assert.ok(Buffer.from(bytes).equals(second.received));
    assert.equal(second.ended?.['sha256'], sha256(bytes));
    assert.equal(second.starts[0]?.['originalName'], undefined, '凭令牌续传');
  });

  it('服务器收下的比存档多, 或比存档少, 校验都对', async () => {
    const checkpoint = { offset: 3_000_000, digest: sha256(bytes.subarray(0, 3_000_000)) };
    for (const heldBytes of [0, 1_000_000, 3_000_000, 7_000_001, bytes.length]) {
      const server = new FakeServer({ ...roomy, held: bytes.subarray(0, heldBytes) });
      const { outcome } = await run(server, { credentials, checkpoint });
      assert.deepEqual(outcome, { kind: 'done' }, `${heldBytes}`);
      assert.equal(server.ended?.['sha256'], sha256(bytes));
    }
  });

  it('刷新后选了别的文件: 一个字节都没有发就停下', async () => {
    const server = new FakeServer({ ...roomy, held: bytes.subarray(0, 100) });
    const checkpoint = { offset: 100, digest: sha256(randomBytes(100)) };
    const { outcome } = await run(server, { credentials, checkpoint });
    assert.deepEqual(outcome, { kind: 'different_file' });
    assert.equal(server.starts.length, 0);
  });

  it('服务器已没有这个上传: lost, 不是失败', async () => {
    const server = new FakeServer({
      ...roomy,
      answer: (message, self) => self.error('upload_unknown', String(message['clientId'])),
    });
    assert.deepEqual((await run(server, { credentials })).outcome, { kind: 'lost' });
  });

  it('传到一半被停放 (upload_unknown): 在同一条连接上续传', async () => {
    const server = new FakeServer({
      ...roomy,
      onChunk: (count, self) => {
        if (count !== 7) return false;
        self.reply(self.error('upload_unknown', UPLOAD_ID));
        return true;
      },
    });
    assert.deepEqual((await run(server)).outcome, { kind: 'done' });
    assert.ok(Buffer.from(bytes).equals(server.received));
  });

  it('名额用完: 交给页面退避', async () => {
    const server = new FakeServer({
      ...roomy,
      answer: (message, self) => self.error('server_busy', String(message['clientId'])),
    });
    const { outcome } = await run(server);
    assert.deepEqual(outcome, { kind: 'refused', code: 'server_busy', message: '', retryable: true });
  });

  it('文件读不了: unreadable', async () => {
    const broken = new File([bytes], 'a.bin');
    broken.slice = () => {
      throw new DOMException('改动过', 'NotReadableError');
    };
    assert.equal((await run(new FakeServer(roomy), { file: broken })).outcome.kind, 'unreadable');
  });
});
