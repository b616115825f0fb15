// 单独看着的一段: 两头各自再取, 不超过上限; 键与聊天记录里的相同
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Excerpt, MAX_EXCERPT } from '../../src/model/excerpt.js';
import { type RoomMessage, Timeline } from '../../src/model/timeline.js';

function message(seq: number): RoomMessage {
  return { type: 'text', id: `i${seq}`, seq, time: seq, name: '李四', message: `第 ${seq} 条` };
}

function items(from: number, to: number, timeline = new Timeline()) {
  return Array.from({ length: to - from }, (_, index) => timeline.itemOf(message(from + index)));
}

test('向两头取, 满了从另一头丢, 丢了的一头还能再取回来', () => {
  const excerpt = new Excerpt();
  excerpt.open(items(5000, 5000 + MAX_EXCERPT), { hasOlder: true, hasNewer: false });
  excerpt.addOlder(items(4950, 5000), false);
  assert.equal(excerpt.items.length, MAX_EXCERPT);
  assert.deepEqual([excerpt.firstSeq, excerpt.hasOlder, excerpt.hasNewer], [4950, false, true]);
  excerpt.addNewer(items(4950 + MAX_EXCERPT, 5000 + MAX_EXCERPT), true);
  assert.deepEqual([excerpt.firstSeq, excerpt.lastSeq], [5000, 4999 + MAX_EXCERPT]);
  assert.equal(excerpt.hasOlder, true);
});

test('没有打开时一条也没有; 关上就什么都不留', () => {
  const excerpt = new Excerpt();
  assert.equal(excerpt.isOpen, false);
  excerpt.open(items(1, 3), { hasOlder: true, hasNewer: true });
  assert.equal(excerpt.isOpen, true);
  excerpt.close();
  assert.deepEqual([excerpt.isOpen, excerpt.hasOlder, excerpt.hasNewer], [false, false, false]);
});

test('键与并回聊天记录之后的相同: 眼前的行还是同一行', () => {
  const timeline = new Timeline();
  timeline.setEpoch('e');
  timeline.add(message(10), '发送中的键');
  const apart = items(8, 12, timeline);
  assert.equal(apart[2]?.key, '发送中的键', '已在记录里的就是那一项');
  timeline.addHistory(apart.map((item) => item.message));
  const merged = timeline.items.filter((item) => item.kind === 'message').map(({ key }) => key);
  assert.deepEqual(
    merged,
    apart.map(({ key }) => key),
  );
});

test('缺口的说明插在缺口处, 哪怕更新的消息已经先到', () => {
  const timeline = new Timeline();
  timeline.setEpoch('e');
  timeline.add(message(3));
  timeline.add(message(9));
  timeline.addNotice('gap', 3);
  assert.deepEqual(
    timeline.items.map((item) => (item.kind === 'message' ? item.message.seq : item.kind)),
    [3, 'notice', 9],
  );
});
