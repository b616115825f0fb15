// 分组, 分隔线, 与窗口的算术
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outgoing } from '../../src/model/outbox.js';
import type { MessageItem } from '../../src/model/timeline.js';
import { LogWindow } from '../../src/view/log/log-window.js';
import { MAX_ROWS } from '../../src/view/log/range.js';
import { type Entries, rowsOf, sameRow } from '../../src/view/log/rows.js';

const NOON = new Date(2026, 10, 22, 12, 0, 0).getTime();

function item(seq: number, name = '张三', time = NOON + seq): MessageItem {
  const message = { type: 'text' as const, id: `i${seq}`, seq, time, name, message: `第 ${seq} 条` };
  return { kind: 'message', key: `m${seq}`, order: seq, time, message };
}

function outgoing(clientId: string, time = NOON): Outgoing {
  return { clientId, message: '在路上', time, state: 'sending', shown: false };
}

function entries(items: MessageItem[], extra: Partial<Entries> = {}): Entries {
  return { items, offers: [], pending: [], ownName: '我', unreadKey: undefined, ...extra };
}

function many(from: number, to: number): MessageItem[] {
  return Array.from({ length: to - from }, (_, index) => item(from + index));
}

test('分组: 同一个人同一分钟为一组, 换人, 换分钟, 换日都另起', () => {
  const items = [
    item(1),
    item(2),
    item(3, '李四'),
    item(4, '李四', NOON + 60_000),
    item(5, '李四', NOON + 86_400_000),
  ];
  const rows = rowsOf(entries(items), 0, 5);
  assert.deepEqual(
    rows.map(({ kind, first }) => `${kind} ${first}`),
    ['day true', 'message true', 'message false', 'message true', 'message true', 'day true', 'message true'],
  );
});

test('分组: 窗口从中间开始时看得到前一条', () => {
  const rows = rowsOf(entries([item(1), item(2), item(3)]), 1, 3);
  assert.deepEqual(
    rows.map(({ first }) => first),
    [false, false],
  );
});

test('发送中的接在最后, 与自己刚确认的同组; 确认后键不变', () => {
  const mine = item(1, '我');
  const sending = rowsOf(entries([mine], { pending: [outgoing('c1')] }), 0, 2);
  assert.deepEqual(sending.map(({ key, first, mine: own }) => [key, first, own]).slice(1), [
    ['m1', true, true],
    ['c1', false, true],
  ]);
  const confirmed = rowsOf(entries([mine, { ...item(2, '我'), key: 'c1' }]), 0, 2);
  assert.equal(confirmed.at(-1)?.key, 'c1');
});

test('未读: 分隔线在那一条之前, 并另起一组', () => {
  const rows = rowsOf(entries([item(1), item(2)], { unreadKey: 'm2' }), 0, 2);
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['day', 'message', 'unread', 'message'],
  );
  assert.equal(rows.at(-1)?.first, true);
});

test('没有变化的行相等, 不必重画', () => {
  const items = [item(1), item(2)];
  const [before, after] = [rowsOf(entries(items), 0, 2), rowsOf(entries([...items]), 0, 2)];
  assert.ok(before.every((row, index) => sameRow(row, after[index]!)));
});

test('窗口: 跟随底部时总含最后一条, 行数有上限', () => {
  const view = new LogWindow();
  for (let count = 0; count < 3000; count += 7) {
    view.update(entries(many(0, count)), true);
    assert.equal(view.range.end, count);
    assert.ok(view.range.end - view.range.start <= MAX_ROWS);
    assert.ok(view.range.end - view.range.start >= Math.min(count, 60));
  }
});

test('窗口: 停着看时起点不动, 新来的接到上限为止', () => {
  const view = new LogWindow();
  view.update(entries(many(0, 1000)), true);
  const { start } = view.range;
  view.update(entries(many(0, 1010)), false);
  assert.deepEqual(view.range, { start, end: 1010 });
  view.update(entries(many(0, 5000)), false);
  assert.deepEqual(view.range, { start, end: start + MAX_ROWS });
  assert.equal(view.atEnd, false);
});

test('窗口: 开头补了一页历史, 仍指着原来的那些条', () => {
  const view = new LogWindow();
  view.update(entries(many(50, 80)), false);
  assert.equal(view.range.start, 0);
  view.update(entries(many(0, 80)), false);
  assert.deepEqual(view.range, { start: 50, end: 80 });
});

test('窗口: 模型从开头删掉一截, 跟着往前挪', () => {
  const view = new LogWindow();
  const all = many(0, 2000);
  view.update(entries(all), true);
  const key = all[view.range.start]?.key;
  view.update(entries(all.slice(500)), false);
  assert.equal(all.slice(500)[view.range.start]?.key, key);
});

test('窗口: 一直向上翻到头, 再一直向下翻到底', () => {
  const view = new LogWindow();
  const all = entries(many(0, 2000));
  view.update(all, true);
  let steps = 0;
  while (view.shift(all, { above: 0, below: 9999 })) steps += 1;
  assert.ok(view.atStart && steps < 50);
  while (view.shift(all, { above: 9999, below: 0 })) assert.ok(view.range.end - view.range.start <= MAX_ROWS);
  assert.ok(view.atEnd);
});

test('窗口: 屏幕很高时多画一些, 但不超过上限', () => {
  const view = new LogWindow();
  for (let count = 1000; count < 3000; count += 1) {
    view.update(entries(many(0, 1000 + (count % 500))), true);
    view.widen();
    assert.ok(view.range.end - view.range.start <= MAX_ROWS);
  }
  assert.equal(view.widen(), false);
});

test('换人: 同一个名字而 from 不同, 从那一条起另起一组并标出是谁; 没有 from 的旧记录不算', () => {
  const from = (seq: number, tag: string | undefined): MessageItem => {
    const { message, ...rest } = item(seq);
    return { ...rest, message: { ...message, ...(tag === undefined ? {} : { from: tag }) } };
  };
  const items = [
    from(1, 'aaaa1111'),
    from(2, undefined),
    from(3, 'bbbb2222'),
    from(4, 'bbbb2222'),
    item(5, '李四'),
  ];
  const rows = rowsOf(entries(items), 1, 5);
  const shown = rows.map((row) => (row.kind === 'message' ? `${row.tag} ${row.first}` : row.kind));
  assert.deepEqual(shown, ['undefined false', 'bbbb2222 true', 'bbbb2222 false', 'undefined true']);
});
