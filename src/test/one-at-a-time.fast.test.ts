import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OneAtATime } from '../store/one-at-a-time.js';

interface Held {
  readonly task: () => Promise<string>;
  readonly finish: (result: string) => void;
  begun: boolean;
}

/** 由测试决定何时做完的一件事 */
function held(): Held {
  let finish: (result: string) => void = () => {};
  const result = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const one: Held = {
    begun: false,
    finish,
    task: () => {
      one.begun = true;
      return result;
    },
  };
  return one;
}

test('一次一件: 前一件做完才开始下一件, 前一件失败也不碍事', async () => {
  const turns = new OneAtATime();
  const first = held();
  const running = turns.run(first.task);
  const second = turns.run(async () => {
    assert.ok(first.begun);
    throw new Error('坏了');
  });
  const third = turns.run(async () => '三');
  first.finish('一');
  assert.equal(await running, '一');
  await assert.rejects(second, /坏了/);
  assert.equal(await third, '三');
});
