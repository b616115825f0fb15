// 发过的 clientId 的过滤器: 说没发过就一定没发过; 误判只是多问一次日志
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SentIds } from '../chat/sent-ids.js';

it('过滤器: 记过的一个不漏; 一万个之后, 没记过的误判不到二十分之一', () => {
  const patterns = [
    (index: number) => `c${index}`,
    (index: number) => `成员-${index}`,
    (index: number) => index.toString(36).padStart(32, '0'),
  ];
  for (const idOf of patterns) {
    const sent = new SentIds();
    for (let index = 0; index < 10_000; index += 1) sent.add(idOf(index));
    for (let index = 0; index < 10_000; index += 1) assert.ok(sent.mayContain(idOf(index)), idOf(index));
    const others = Array.from({ length: 10_000 }, (_, index) => idOf(1_000_000 + index));
    const wrong = others.filter((id) => sent.mayContain(id)).length;
    assert.ok(wrong < 500, `${idOf(0)}: 误判 ${wrong}`);
  }
});
