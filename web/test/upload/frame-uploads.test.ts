// 小文件的单帧: 一次一个, 断线重发, 忙时退避
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ErrorMessage } from '../../../src/protocol/messages.js';
import type { Identity } from '../../src/model/connection.js';
import { Transfers } from '../../src/model/transfers.js';
import { FrameUploads } from '../../src/net/upload/frame-uploads.js';
import { Upload } from '../../src/net/upload/upload.js';

const limits = { fileBytes: 0, frameBytes: 0, chunkBytes: 0, windowBytes: 0, textBytes: 0, nameLength: 0 };
const identity: Identity = { name: '张三', session: 's', limits, features: [] };

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const transfers = new Transfers();
  const sent: Record<string, unknown>[] = [];
  const state = { online: true };
  const frames = new FrameUploads({
    identity: () => (state.online ? identity : undefined),
    sendFrame: (message) => {
      sent.push(message as Record<string, unknown>);
      return state.online;
    },
    done: () => {},
  });
  t.after(() => frames.stop());
  const add = (id: string): Upload => {
    // 空文件不用 FileReader, Node 里没有它
    const upload = new Upload({ id, name: `${id}.txt`, size: 0, file: new File([], `${id}.txt`) }, transfers);
    upload.list('queued');
    frames.enqueue(upload);
    return upload;
  };
  return { frames, sent, state, add };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ack = (clientId: string) => ({ type: 'ack', clientId, id: 'x', seq: 1, time: 1 }) as const;
function refused(ref: string, retryable: boolean): ErrorMessage {
  const code = retryable ? 'rate_limited' : 'file_type_forbidden';
  // 索引签名 (附带的事实) 里没有 boolean, 字面量须断言
  return { type: 'error', code, message: '说明', ref, retryable } as ErrorMessage;
}

describe('小文件的单帧', () => {
  it('一次只有一帧在路上; ack 之后隔 100 毫秒才发下一帧', async (t) => {
    const { frames, sent, add } = setUp(t);
    const [first] = [add('a'), add('b')];
    await settle();
    assert.deepEqual(
      sent.map(({ clientId }) => clientId),
      ['a'],
    );
    assert.equal(frames.handleAck(ack('a')), true);
    assert.equal(first?.state, 'done');
    t.mock.timers.tick(99);
    await settle();
    assert.equal(sent.length, 1);
    t.mock.timers.tick(1);
    await settle();
    assert.deepEqual(
      sent.map(({ clientId }) => clientId),
      ['a', 'b'],
    );
  });

  it('断线后重连: 用同一个 clientId 重发', async (t) => {
    const { frames, sent, state, add } = setUp(t);
    const upload = add('a');
    await settle();
    state.online = false;
    frames.offline();
    assert.equal(upload.state, 'waiting');
    state.online = true;
    frames.online();
    await settle();
    assert.deepEqual(
      sent.map(({ clientId }) => clientId),
      ['a', 'a'],
    );
  });

  it('太频繁: 等一会儿再发; 不收的类型: 失败, 不妨碍后面的', async (t) => {
    const { frames, sent, add } = setUp(t);
    const [first, second] = [add('a'), add('b')];
    await settle();
    assert.equal(frames.handleError(refused('a', true)), true);
    assert.equal(first?.state, 'waiting');
    t.mock.timers.tick(500);
    await settle();
    assert.equal(sent.length, 2);
    frames.handleError(refused('a', false));
    assert.equal(first?.state, 'failed');
    t.mock.timers.tick(100);
    await settle();
    assert.equal(second?.state, 'sending');
  });

  it('别人的 ack 与错误不认', async (t) => {
    const { frames, add } = setUp(t);
    add('a');
    await settle();
    assert.equal(frames.handleAck(ack('文字')), false);
    assert.equal(frames.handleError(refused('文字', false)), false);
  });

  it('没有应答: 半分钟后用同一个 clientId 再问', async (t) => {
    const { sent, add } = setUp(t);
    add('a');
    await settle();
    t.mock.timers.tick(30_000);
    await settle();
    assert.deepEqual(
      sent.map(({ clientId }) => clientId),
      ['a', 'a'],
    );
  });
});
