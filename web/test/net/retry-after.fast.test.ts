// 服务器说过多久再来: 只听合理的
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { retryAfterMs } from '../../src/net/retry-after.js';

it('过多久再来: 照说的, 至多五分钟; 没有说, 说得不像话的为 0', () => {
  assert.equal(retryAfterMs({ retryAfterMs: 1500 }), 1500);
  assert.equal(retryAfterMs({ retryAfterMs: 1e12 }), 300_000);
  for (const odd of [{}, { retryAfterMs: -1 }, { retryAfterMs: '7' }, { retryAfterMs: Number.NaN }])
    assert.equal(retryAfterMs(odd), 0);
});
