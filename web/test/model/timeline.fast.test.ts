// 聊天记录的模型: 不重不漏, 有序, 有上限
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ITEMS, type RoomMessage, Timeline, type TimelineItem } from '../../src/model/timeline.js';

function text(seq: number): RoomMessage {
  return { type: 'text', id: `i${seq}`, seq, time: seq * 1000, name: '张三', message: `第 ${seq} 条` };
}

function seqs(timeline: Timeline): number[] {
  return timeline.items.flatMap((item) => (item.kind === 'message' ? [item.message.seq] : []));
}

function lastOf(timeline: Timeline): TimelineItem {
  const item = timeline.items.at(-1);
  assert.ok(item !== undefined);
  return item;
}

test('乱序与重复送来的, 排好序, 各只一条', () => {
  const timeline = new Timeline();
  timeline.setEpoch('e1');
  for (const seq of [5, 3, 5, 4, 1, 3, 2, 6]) timeline.add(text(seq));
  timeline.addHistory([text(0), text(1), text(6)]);
  assert.deepEqual(seqs(timeline), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(timeline.firstSeq, 0);
});

test('历史不算新到: arrived 只说播出的', () => {
  const timeline = new Timeline();
  const arrived: number[] = [];
  timeline.arrived.subscribe(({ message }) => arrived.push(message.seq), new AbortController().signal);
  timeline.addHistory([text(1), text(2)]);
  timeline.add(text(3));
  timeline.add(text(3));
  assert.deepEqual(arrived, [3]);
});

test('换了 epoch: 旧的留在上面, 隔一条提示, seq 可以重来', () => {
  const timeline = new Timeline();
  timeline.setEpoch('e1');
  timeline.add(text(7));
  assert.equal(timeline.setEpoch('e2'), true);
  timeline.add(text(1));
  timeline.add(text(7));
  assert.deepEqual(
    timeline.items.map(({ kind }) => kind),
    ['message', 'notice', 'message', 'message'],
  );
  assert.equal(timeline.firstSeq, 1);
});

test('上限: 停在底部时一万条上下, 往上翻看时两万条上下', () => {
  const timeline = new Timeline();
  for (let seq = 1; seq <= 15_000; seq += 1) timeline.add(text(seq));
  assert.ok(timeline.items.length <= 11_000);
  assert.equal(seqs(timeline).at(-1), 15_000);
  assert.equal(timeline.hasOlder, true);
  timeline.pinned = false;
  for (let seq = 15_001; seq <= 60_000; seq += 1) timeline.add(text(seq));
  assert.ok(timeline.items.length <= MAX_ITEMS + 1000);
});

test('进出: 连续的合成一行, 每个名字只留最后的去向', () => {
  const timeline = new Timeline();
  timeline.addPresence(['张三', '李四'], []);
  timeline.addPresence([], ['张三']);
  timeline.addPresence(['王五', '李四'], []);
  assert.equal(timeline.items.length, 1);
  const { joined, joinedCount, left, leftCount } = { ...lastOf(timeline), kind: 'presence' } as Extract<
    TimelineItem,
    { kind: 'presence' }
  >;
  assert.deepEqual([joined, joinedCount], [['王五', '李四'], 2]);
  assert.deepEqual([left, leftCount], [['张三'], 1]);
});

test('进出: 一千人来去, 名字有上限, 人数照实', () => {
  const timeline = new Timeline();
  for (let index = 0; index < 1000; index += 1) timeline.addPresence([`用户${index}`], []);
  const item = lastOf(timeline);
  assert.ok(item.kind === 'presence');
  assert.equal(item.joinedCount, 1000);
  assert.equal(item.joined.length, 50);
});

test('进出: 一百二十人来了又走, 名单之外的也不会两边都算', () => {
  const timeline = new Timeline();
  const names = Array.from({ length: 120 }, (_, index) => `用户${index}`);
  timeline.addPresence(names, []);
  timeline.addPresence([], names);
  const item = lastOf(timeline);
  assert.ok(item.kind === 'presence');
  assert.deepEqual([item.joinedCount, item.joined.length], [0, 0]);
  assert.deepEqual([item.leftCount, item.left.length], [120, 50]);
});

test('进出: 记的名字有上限, 之外的只计数, 两万人来去也不多不少', () => {
  const timeline = new Timeline();
  const names = Array.from({ length: 20_000 }, (_, index) => `用户${index}`);
  timeline.addPresence(names, []);
  const joined = lastOf(timeline);
  assert.ok(joined.kind === 'presence');
  assert.equal(joined.joinedCount, 20_000);
  timeline.addPresence([], names);
  const item = lastOf(timeline);
  assert.ok(item.kind === 'presence');
  // 记得名字的一万人只算离开; 其余一万人不知道是谁, 来去各算一次
  assert.deepEqual([item.joined.length, item.joinedCount, item.leftCount], [0, 10_000, 20_000]);
});

test('进出: 说过话之后另起一行', () => {
  const timeline = new Timeline();
  timeline.addPresence(['张三'], []);
  timeline.add(text(1));
  timeline.addPresence(['李四'], []);
  assert.deepEqual(
    timeline.items.map(({ kind }) => kind),
    ['presence', 'message', 'presence'],
  );
});
