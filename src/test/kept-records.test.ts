// 留在磁盘上的记录: 谁满了谁让位
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsByAddress } from '../assembly/quota.js';
import { loadConfig } from '../config.js';
import { KeptRecords } from '../files/kept-records.js';
import { LocalQuota } from '../quota/local-quota.js';
import type { Visitor } from '../quota/ports.js';

const from = (address: string, trusted = false): Visitor => ({ address, trusted });
const NOBODY = { isFull: true, victim: undefined };

function records(limit: number, perAddress: number): KeptRecords {
  const config = loadConfig({ env: {}, args: [], overrides: { address: { partials: perAddress } } });
  const quota = new LocalQuota({ limits: limitsByAddress(config), now: () => 0, refused: () => {} });
  return new KeptRecords({ limit, share: 'partials', quota });
}

/** 各收下一份, 都放着 */
function keep(kept: KeptRecords, ids: string, visitor: Visitor | undefined): void {
  for (const id of ids) {
    kept.add(id, visitor);
    kept.rest(id);
  }
}

test('记录: 一个地址满了, 走的是他自己最旧的; 别人不受影响', () => {
  const kept = records(100, 3);
  keep(kept, 'abc', from('1.1.1.1'));
  keep(kept, 'z', from('2.2.2.2'));
  assert.deepEqual(kept.room(from('1.1.1.1')), { isFull: true, victim: 'a' });
  assert.deepEqual(kept.room(from('2.2.2.2')), { isFull: false });
  kept.remove('b');
  assert.deepEqual(kept.room(from('1.1.1.1')), { isFull: false });
});

test('记录: 总数满了, 走的是最贪的地址最旧的; 正在用的不走, 用完放下的排到最后', () => {
  const kept = records(5, 4);
  keep(kept, 'y', from('2.2.2.2'));
  keep(kept, 'abcd', from('1.1.1.1'));
  kept.use('a');
  assert.deepEqual(kept.room(from('3.3.3.3')), { isFull: true, victim: 'b' });
  kept.rest('a');
  assert.deepEqual(kept.room(from('3.3.3.3')), { isFull: true, victim: 'b' });
  for (const id of 'abcdy') kept.use(id);
  assert.deepEqual(kept.room(from('3.3.3.3')), NOBODY);
});

test('记录: 不知道地址的旧记录与受信任的合起来算一个地址, 不占份额', () => {
  const kept = records(4, 2);
  keep(kept, 'abc', undefined);
  keep(kept, 'd', from('10.0.0.1', true));
  assert.deepEqual(kept.room(from('10.0.0.1', true)), { isFull: true, victim: 'a' });
  assert.equal(kept.size, 4);
});

test('记录: 重启时比份额还多的 (设置调小过) 都收下, 再来一个才让', () => {
  const kept = records(100, 2);
  keep(kept, 'abc', from('1.1.1.1'));
  assert.equal(kept.size, 3);
  assert.deepEqual(kept.room(from('1.1.1.1')), { isFull: true, victim: 'a' });
});
