// 发消息的步子对着服务器自己的令牌桶: 用得满, 不被拒; 时钟是假的
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { burstOf, RateLimit } from '../../../src/chat/rate-limit.js';
import { Pace, type PaceUse } from '../../src/net/pace.js';

const SECOND_MS = 1000;

/** 一个会话: 服务器的桶, 共用它的几个窗口, 与推得动的时钟 */
class Bucket {
  nowMs = 0;
  accepted = 0;
  refused = 0;
  readonly #rate: number;
  readonly #limit: RateLimit;

  constructor(rate: number) {
    this.#rate = rate;
    this.#limit = new RateLimit(rate);
  }

  window(): Pace {
    const pace = new Pace(() => this.nowMs);
    pace.learn({ messagesPerSecond: this.#rate, messagesBurst: burstOf(this.#rate) });
    return pace;
  }

  /** 轮到了就发一条, 晚 lateMs 才到; 返回发了没有 */
  offer(pace: Pace, use: PaceUse, lateMs = 0): boolean {
    if (pace.waitMs(use) > 0) return false;
    pace.spent();
    if (this.#limit.take(this.nowMs + lateMs)) this.accepted += 1;
    else {
      this.refused += 1;
      pace.refused(use);
    }
    return true;
  }

  /** 每毫秒都想发, 想多少发多少, 直到 endMs */
  run(endMs: number, step: (ms: number) => boolean): void {
    for (; this.nowMs < endMs; this.nowMs += 1) while (step(this.nowMs));
  }
}

describe('发消息的步子', () => {
  for (const rate of [1, 5, 20, 200]) {
    it(`每秒 ${rate} 条: 一分钟里用得满, 一条也不被拒, 文件与文字都是`, () => {
      for (const use of ['talk', 'files'] as const) {
        const bucket = new Bucket(rate);
        const pace = bucket.window();
        bucket.run(60 * SECOND_MS, () => bucket.offer(pace, use));
        assert.equal(bucket.refused, 0);
        assert.ok(bucket.accepted >= 60 * rate, `${use} ${bucket.accepted}`);
      }
    });
  }

  it('路上的抖动把几条挤到一起, 也不被拒', () => {
    for (const use of ['talk', 'files'] as const) {
      const bucket = new Bucket(20);
      const pace = bucket.window();
      // 每 200 毫秒的都在那一刻才到
      bucket.run(60 * SECOND_MS, (ms) => bucket.offer(pace, use, 200 - (ms % 200)));
      assert.equal(bucket.refused, 0, use);
    }
  });

  it('一直在传文件: 忽然说的几句话不必等, 也不被拒', () => {
    const bucket = new Bucket(20);
    const pace = bucket.window();
    bucket.run(60 * SECOND_MS, (ms) => {
      // 每十秒一口气三句
      if (ms % (10 * SECOND_MS) === 9999 && pace.waitMs('files') > 0) {
        for (let said = 0; said < 3; said += 1) assert.ok(bucket.offer(pace, 'talk'));
      }
      return bucket.offer(pace, 'files');
    });
    assert.equal(bucket.refused, 0);
  });

  it('同一会话的两个窗口一起传: 各让一半, 都在走, 被拒的不到两成', () => {
    const bucket = new Bucket(20);
    const windows = [bucket.window(), bucket.window()];
    const sent = [0, 0];
    bucket.run(120 * SECOND_MS, (ms) => {
      for (const [index, pace] of windows.entries()) {
        // 路上的快慢不一 (伪随机, 至多 40 毫秒), 谁先到不一定
        const lateMs = ((ms + index) * 7919) % 41;
        if (bucket.offer(pace, 'files', lateMs)) sent[index] = (sent[index] ?? 0) + 1;
      }
      return false;
    });
    assert.ok(bucket.accepted > 0.8 * 20 * 120, `只用了 ${bucket.accepted}`);
    assert.ok(bucket.refused < 0.2 * bucket.accepted, `被拒 ${bucket.refused}, 收下 ${bucket.accepted}`);
    assert.ok(Math.min(...sent) > 600, String(sent));
  });

  it('不限的从不等; 没有说速率的照从前: 文件每秒 10 帧, 文字不等, 被拒了等一秒', () => {
    const free = new Bucket(0).window();
    for (let count = 0; count < 10_000; count += 1) {
      assert.equal(free.waitMs('files'), 0);
      free.spent();
    }
    let nowMs = 0;
    const pace = new Pace(() => nowMs);
    pace.learn({});
    assert.deepEqual([pace.waitMs('files'), pace.waitMs('talk')], [0, 0]);
    pace.spent();
    assert.deepEqual([pace.waitMs('files'), pace.waitMs('talk')], [100, 0]);
    assert.equal(pace.refused('talk'), 1000);
    nowMs = 200;
    assert.equal(pace.waitMs('files'), 0);
  });
});
