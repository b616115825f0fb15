// 一帧拆成逐条的消息: batch 里的与单独送达的一模一样, 次序不变
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesIn } from '../../src/net/frame.js';

const texts = ['一', '二', '三'].map((message, index) => {
  return { type: 'text', id: `m${index}`, seq: 41 + index, time: 1, name: '张三', message };
});
const file = { type: 'file', id: 'f1', seq: 44, time: 1, name: '李四', originalName: 'a.txt' };

test('batch 拆开之后, 与逐帧送达的完全相同', () => {
  const messages = [...texts, file];
  const alone = messages.flatMap((message) => messagesIn(JSON.stringify(message)));
  assert.deepEqual(alone, messages);
  assert.deepEqual(messagesIn(JSON.stringify({ type: 'batch', messages })), alone);
});

test('不是 batch 的恰好一条; 不认识的也原样给出', () => {
  for (const type of ['welcome', 'history', 'poll']) {
    assert.deepEqual(messagesIn(JSON.stringify({ type, messages: texts })), [{ type, messages: texts }]);
  }
});
