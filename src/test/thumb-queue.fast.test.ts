// 缩略图的排队: 各人各地址各排各的, 小的在先, 大的不会永远让下去, 满了让给排得少的
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Party } from '../files/ports.js';
import { ThumbQueue, TOO_LATE } from '../store/thumb-queue.js';
import { NO_LIMITS } from './quota-tools.js';

const LARGE = 64_000_000;
const SMALL = 1_000_000;

function from(address: string, sessionKey = ''): Party {
  return { sessionKey, visitor: { address, trusted: false } };
}

/** 一个占着的队: 放开之后, order 是各件做的次序 */
function busy(maxQueue = 64): {
  queue: ThumbQueue;
  order: string[];
  clock: { nowMs: number };
  add: (name: string, party: Party, pixels: number) => Promise<unknown>;
  release: () => void;
} {
  const clock = { nowMs: 0 };
  const queue = new ThumbQueue({ maxQueue, quota: NO_LIMITS, now: () => clock.nowMs });
  const order: string[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  void queue.run(from('0.0.0.0'), SMALL, () => gate);
  const add = (name: string, party: Party, pixels: number): Promise<unknown> =>
    queue.run(party, pixels, async () => void order.push(name));
  return { queue, order, clock, add, release };
}

test('缩略图的排队: 一个地址排了一串大图, 后来的别的地址只等正在做的那一张', async () => {
  const { order, add, release } = busy();
  const flood = Array.from({ length: 10 }, (_, index) =>
    add(`甲${index}`, from('1.1.1.1', `s${index}`), LARGE),
  );
  const mine = add('乙', from('2.2.2.2'), SMALL);
  release();
  await Promise.all([...flood, mine]);
  assert.equal(order[0], '乙');
});

test('缩略图的排队: 同一个受信任的地址里, 一个人排得多的自己等', async () => {
  const { order, add, release } = busy();
  const office = { address: '10.0.0.1', trusted: true };
  const flood = Array.from({ length: 5 }, (_, index) =>
    add(`甲${index}`, { sessionKey: '甲', visitor: office }, LARGE),
  );
  const mine = add('乙', { sessionKey: '乙', visitor: office }, LARGE);
  release();
  await Promise.all([...flood, mine]);
  assert.deepEqual(order.slice(0, 3), ['甲0', '乙', '甲1']);
});

test('缩略图的排队: 小图先做, 但不断来的小图挡不住先来的大图', async () => {
  const { order, clock, add, release } = busy();
  const all = [add('大', from('1.1.1.1'), LARGE), add('小', from('2.2.2.2'), SMALL)];
  clock.nowMs = 1000;
  all.push(add('晚来的小', from('3.3.3.3'), SMALL));
  release();
  await Promise.all(all);
  assert.deepEqual(order, ['小', '大', '晚来的小']);
});

test('缩略图的排队: 满了让排得最多的人的最后一张走, 一个人至多占八分之一', async () => {
  const { order, add, release } = busy(8);
  const flood = Array.from({ length: 8 }, (_, index) => add(`甲${index}`, from('1.1.1.1'), LARGE));
  const mine = add('乙', from('2.2.2.2'), LARGE);
  assert.equal(await flood[7], TOO_LATE);
  // 八分之一是一张
  const first = add('丙1', from('3.3.3.3', '丙'), SMALL);
  assert.equal(await add('丙2', from('3.3.3.3', '丙'), SMALL), TOO_LATE);
  release();
  await Promise.all([mine, first]);
  assert.ok(order.includes('乙') && order.includes('丙1'));
});

test('缩略图的排队: 等得太久的不再做, 已经开始的等它做完; 前一件失败也不碍事', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const queue = new ThumbQueue({ maxQueue: 8, quota: NO_LIMITS, now: () => 0 });
  let finish = (): void => {};
  const begun = queue.run(
    from('1.1.1.1'),
    SMALL,
    () =>
      new Promise<string>((_resolve, reject) => {
        finish = () => reject(new Error('坏了'));
      }),
    1000,
  );
  const late = queue.run(from('2.2.2.2'), SMALL, async () => '二', 1000);
  const patient = queue.run(from('3.3.3.3'), SMALL, async () => '三');
  t.mock.timers.tick(1000);
  assert.equal(await late, TOO_LATE);
  finish();
  await assert.rejects(begun, /坏了/);
  assert.equal(await patient, '三');
});
