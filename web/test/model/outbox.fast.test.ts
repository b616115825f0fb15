// 发件箱: 同样的文字对得上先后, 有上限
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_OUTGOING, Outbox } from '../../src/model/outbox.js';

test('同样的文字发两次: 广播先配最早的一条', () => {
  const outbox = new Outbox();
  outbox.add('a', '好');
  outbox.add('b', '好');
  assert.equal(outbox.matchBroadcast('好'), 'a');
  assert.equal(outbox.matchBroadcast('好'), 'b');
  assert.equal(outbox.matchBroadcast('好'), undefined);
  // 看到广播还不等于有了 ack, 仍要留着重发
  assert.equal(outbox.size, 2);
});

test('失败的不与广播相配; 重试之后原因清掉', () => {
  const outbox = new Outbox();
  outbox.add('a', '好');
  outbox.fail('a', { code: 'rate_limited', message: '太快' });
  assert.equal(outbox.matchBroadcast('好'), undefined);
  assert.equal(outbox.get('a')?.error?.code, 'rate_limited');
  outbox.retry('a');
  assert.equal(outbox.get('a')?.state, 'sending');
  assert.equal(outbox.get('a')?.error, undefined);
});

test('服务器此刻收不下的: 留着原因, 仍与广播相配, 次序不变', () => {
  const outbox = new Outbox();
  outbox.add('a', '好');
  outbox.add('b', '另一句');
  outbox.wait('a', { code: 'storage_full', message: '磁盘满了' });
  assert.deepEqual([outbox.items[0]?.state, outbox.items[0]?.error?.code], ['waiting', 'storage_full']);
  assert.equal(outbox.matchBroadcast('好'), 'a');
});

test('满了就不收, 腾出一条又能收', () => {
  const outbox = new Outbox();
  for (let index = 0; index < MAX_OUTGOING; index += 1) assert.ok(outbox.add(`c${index}`, '好'));
  assert.equal(outbox.add('more', '好'), false);
  outbox.remove('c0');
  assert.equal(outbox.add('more', '好'), true);
});

test('次序就是写下的次序, 失败与重试不改变它', () => {
  const outbox = new Outbox();
  for (const id of ['a', 'b', 'c']) outbox.add(id, id);
  outbox.fail('a', { code: 'internal', message: '' });
  outbox.retry('a');
  assert.deepEqual(
    outbox.items.map(({ clientId }) => clientId),
    ['a', 'b', 'c'],
  );
});
