// 当日份额: 一个地址一天至多用掉存储的几成; 过了的钟头不算, 重启之后接着算, 换地址挤不掉自己的记录
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../protocol/errors.js';
import { DailyShare, textCost } from '../quota/daily-share.js';

const HOUR_MS = 3_600_000;
const LIMITS = { percent: 5, entries: 10, textBytes: 0, fileBytes: 1000 };

function share(clock = { nowMs: 100 * HOUR_MS }): DailyShare {
  return new DailyShare(
    LIMITS,
    () => clock.nowMs,
    () => {},
  );
}

const visitor = (address: string, trusted = false) => ({ address, trusted });

function say(daily: DailyShare, address: string): void {
  daily.require(visitor(address), textCost(1));
  daily.count(visitor(address), textCost(1));
}

/** 说到被拒为止, 返回说了几句 */
function sayAll(daily: DailyShare, address: string): number {
  for (let count = 0; ; count += 1) {
    try {
      say(daily, address);
    } catch {
      return count;
    }
  }
}

function refusal(task: () => unknown): AppError {
  try {
    task();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('没有拒绝');
}

test('一个地址用完了自己的一份就被拒, 说出哪一项, 多久之后再来; 别的地址照常', () => {
  const clock = { nowMs: 100.5 * HOUR_MS };
  const daily = share(clock);
  assert.equal(sayAll(daily, '192.0.2.1'), 10);
  const { code, retryable, facts, message } = refusal(() => say(daily, '192.0.2.1'));
  assert.deepEqual([code, retryable], ['rate_limited', true]);
  assert.match(message, /今天的一份用完了, 约 25 小时后再有/);
  assert.deepEqual(facts, { setting: 'address.dailyPercent', limit: 5, retryAfterMs: 24.5 * HOUR_MS });
  say(daily, '192.0.2.2');
  clock.nowMs += 24.5 * HOUR_MS;
  say(daily, '192.0.2.1');
});

test('受信任的地址不计', () => {
  const daily = share();
  const trusted = visitor('192.0.2.1', true);
  for (let count = 0; count < 100; count += 1) {
    daily.require(trusted, textCost(1));
    daily.count(trusted, textCost(1));
  }
  daily.reserve(trusted, 1_000_000).settle(1_000_000);
});

test('IPv6: 一个 /64 一份, /56 合计四份, /48 合计十六份', () => {
  const daily = share();
  // 同一个 /56 里的五个 /64
  const same = [0, 1, 2, 3, 4].map((low) => sayAll(daily, `2001:db8:0:${low}`));
  assert.deepEqual(same, [10, 10, 10, 10, 0]);
  // 同一个 /48 里别的 /56
  const others = Array.from({ length: 14 }, (_, index) => sayAll(daily, `2001:db8:0:${index + 1}00`));
  assert.equal(
    others.reduce((sum, count) => sum + count, 0),
    120,
  );
});

test('文件: 收之前占住, 没有发出来的还回去, 发布了的按实际的记; 同时的几个合起来也不超过', () => {
  const daily = share();
  const cancelled = daily.reserve(visitor('a'), 600);
  assert.equal(refusal(() => daily.reserve(visitor('a'), 600)).code, 'rate_limited');
  cancelled.release();
  cancelled.release();
  const stream = daily.reserve(visitor('a'), 1000);
  stream.settle(100);
  stream.release();
  daily.reserve(visitor('a'), 900);
  assert.equal(refusal(() => daily.reserve(visitor('a'), 1)).code, 'rate_limited');
});

test('重启之后接着算; 一天以前的不算', () => {
  const daily = share();
  const usage = { address: '192.0.2.1', textBytes: 0, fileBytes: 0 };
  daily.restore([
    { ...usage, hour: 75, entries: 9 },
    { ...usage, hour: 77, entries: 9 },
  ]);
  assert.equal(sayAll(daily, '192.0.2.1'), 1);
});

test('几万个地址各说一句, 也挤不掉用满了的那个', () => {
  const daily = share();
  sayAll(daily, 'greedy');
  for (let count = 0; count < 70_000; count += 1) say(daily, `address ${count}`);
  assert.equal(sayAll(daily, 'greedy'), 0);
});
