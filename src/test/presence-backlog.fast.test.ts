// 基础客户端的进出: 先进先出, 每秒有界, 一个不少
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Change, PresenceBacklog } from '../chat/presence-backlog.js';

const TICK_MS = 20;

function changes(count: number): Change[] {
  return Array.from({ length: count }, (_, index) => ({ action: 'join', name: `用户${index}` }));
}

/** 照拍子取到空为止; 返回每一拍取到的个数与全部的名字 */
function drain(backlog: PresenceBacklog, listeners: number): { counts: number[]; names: string[] } {
  const counts: number[] = [];
  const names: string[] = [];
  // 有界: 取不空就是测试失败
  for (let nowMs = TICK_MS; backlog.size > 0 && nowMs < 10_000_000; nowMs += TICK_MS) {
    const taken = backlog.take(nowMs, listeners);
    counts.push(taken.length);
    names.push(...taken.map(({ name }) => name));
  }
  return { counts, names };
}

function mostPerSecond(counts: readonly number[]): number {
  const ticks = 1000 / TICK_MS;
  const sums = counts.map((_, start) => counts.slice(start, start + ticks).reduce((sum, n) => sum + n, 0));
  return Math.max(...sums);
}

function fill(count: number): PresenceBacklog {
  const backlog = new PresenceBacklog(0);
  for (const change of changes(count)) backlog.push(change);
  return backlog;
}

it('进出的积压: 一万个变化一个不少, 次序不变', () => {
  const { names } = drain(fill(10_000), 10);
  assert.deepEqual(
    names,
    changes(10_000).map(({ name }) => name),
  );
});

it('进出的积压: 每个客户端平均每秒至多 1000 帧, 另有一秒的突发; 拍子长到一秒也用得满', () => {
  const { counts } = drain(fill(10_000), 10);
  assert.ok(mostPerSecond(counts) <= 2000, String(mostPerSecond(counts)));
  assert.ok(mostPerSecond(counts) >= 1000, '配额没有用满');
  const slow = fill(5000);
  for (let second = 1; second <= 5; second += 1) slow.take(second * 1000, 10);
  assert.equal(slow.size, 0);
});

it('进出的积压: 听众越多, 每秒越少, 合计至多 50 万次送达; 再多也在前进', () => {
  const thousand = mostPerSecond(drain(fill(5000), 1000).counts);
  assert.ok(thousand <= 1000 && thousand >= 500, String(thousand));
  assert.equal(drain(fill(20), 10_000_000).names.length, 20);
});

it('进出的积压: 超过上限的不等配额, 内存有界', () => {
  const backlog = fill(25_000);
  backlog.take(0, 10_000);
  assert.ok(backlog.size <= 20_000);
});
