// 标签页之间的点名
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type RollChannel, TabRollCall } from '../../src/net/upload/tab-roll-call.js';

type Message = Parameters<RollChannel['postMessage']>[0];

/** 同一间屋子里的频道: 除自己以外都收得到, 同 BroadcastChannel */
function room(): () => RollChannel {
  const members = new Set<RollChannel>();
  return () => {
    const self: RollChannel = {
      onmessage: null,
      postMessage: (message: Message) => {
        const event = { data: message } as MessageEvent<Message>;
        for (const other of members) if (other !== self) queueMicrotask(() => other.onmessage?.(event));
      },
      close: () => void members.delete(self),
    };
    members.add(self);
    return self;
  };
}

/** 点名要等 300 毫秒: 换成假的时钟 */
async function callRoll(t: TestContext, tab: TabRollCall): Promise<string[]> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answer = tab.others();
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(300);
  return [...(await answer)].sort();
}

describe('标签页点名', () => {
  it('活着的都答应, 关掉的不答应, 自己不算', async (t) => {
    const join = room();
    const ignore = (): void => {};
    const asker = new TabRollCall('甲', join(), ignore);
    new TabRollCall('乙', join(), ignore);
    const closed = new TabRollCall('丙', join(), ignore);
    closed.stop();
    assert.deepEqual(await callRoll(t, asker), ['乙']);
  });

  it('复制出来的标签页编号相同: 原来的那页还活着, 所以上传归它', async (t) => {
    const join = room();
    new TabRollCall('甲', join(), () => {});
    assert.deepEqual(await callRoll(t, new TabRollCall('甲', join(), () => {})), ['甲']);
  });

  it('一页开始续传, 别的页都知道', async () => {
    const join = room();
    const heard: string[] = [];
    const claimer = new TabRollCall('甲', join(), (uploadId) => heard.push(`甲 ${uploadId}`));
    new TabRollCall('乙', join(), (uploadId) => heard.push(`乙 ${uploadId}`));
    claimer.claim('u1');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, ['乙 u1']);
  });

  it('浏览器没有 BroadcastChannel: 当作只有自己', async () => {
    assert.deepEqual([...(await new TabRollCall('甲', undefined, () => {}).others())], []);
  });
});
