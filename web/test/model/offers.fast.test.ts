// 正在上传的文件: 有上限; 自己这一页传的不再列一遍
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileOfferMessage } from '../../../src/protocol/messages.js';
import { Offers, offersOfOthers } from '../../src/model/offers.js';
import type { Transfer } from '../../src/model/transfers.js';

function offer(id: string, name = '李四', received = 0) {
  return {
    type: 'file_offer' as const,
    id,
    name,
    originalName: `${id}.mkv`,
    size: 100,
    url: `http://h/${id}`,
    received,
    state: 'sending' as const,
  };
}

function transfer(extra: Partial<Transfer>): Transfer {
  return {
    id: 't',
    name: 'a',
    size: 100,
    state: 'sending',
    sent: 0,
    bytesPerSecond: 0,
    checked: 0,
    ...extra,
  };
}

function ids(offers: Offers, transfers: readonly Transfer[]): string[] {
  return offersOfOthers(offers.items, transfers, '张三').map(({ id }) => id);
}

test('后来的盖住先前的, 第一次听说的时刻与次序不变; 有上限', () => {
  const offers = new Offers();
  offers.put(offer('甲'), 1);
  offers.put(offer('乙'), 2);
  offers.put(offer('甲', '李四', 50), 3);
  assert.deepEqual(
    offers.items.map(({ id, received, time }) => [id, received, time]),
    [
      ['甲', 50, 1],
      ['乙', 0, 2],
    ],
  );
  for (let index = 0; index < 1000; index += 1) offers.put(offer(`${index}`));
  assert.equal(offers.items.length, 256);
});

test('上传者此刻怎样照服务器说的; 不说的 (旧的服务器), 不认得的都算正在传', () => {
  const offers = new Offers();
  const { state: _, ...silent } = offer('丁');
  offers.put({ ...offer('甲'), state: 'paused' });
  offers.put({ ...offer('乙'), state: 'waiting' });
  offers.put({ ...offer('丙'), state: 'asleep' } as unknown as FileOfferMessage);
  offers.put(silent as FileOfferMessage);
  assert.deepEqual(
    offers.items.map(({ state }) => state),
    ['paused', 'waiting', 'sending', 'sending'],
  );
});

test('自己这一页传的不列: 凭 fileId; 还不知道 fileId 时凭名字与大小', () => {
  const offers = new Offers();
  offers.put(offer('甲', '张三'));
  offers.put(offer('乙', '李四'));
  assert.deepEqual(ids(offers, [transfer({ fileId: '甲' })]), ['乙']);
  assert.deepEqual(ids(offers, [transfer({})]), ['乙']);
  assert.deepEqual(ids(offers, [transfer({ size: 99 })]), ['甲', '乙']);
  assert.deepEqual(ids(offers, []), ['甲', '乙'], '自己的另一个窗口传的要列');
});
