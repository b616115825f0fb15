// 按地址的配额: 桶活得比连接久, IPv6 的各段, 受信任的不计, 说得出是哪一项与多久之后再来
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitsByAddress } from '../assembly/quota.js';
import { loadConfig } from '../config.js';
import { AppError } from '../protocol/errors.js';
import { blocksOf } from '../quota/blocks.js';
import { Buckets } from '../quota/buckets.js';
import type { QuotaLimits } from '../quota/limits.js';
import { LocalQuota } from '../quota/local-quota.js';

const STRANGER = { address: '203.0.113.7', trusted: false };
const OTHER = { address: '203.0.113.8', trusted: false };
const DEFAULTS = limitsByAddress(loadConfig({ env: {}, args: [] }));

function quotaWith(change: (limits: QuotaLimits) => QuotaLimits) {
  const clock = { nowMs: 0 };
  const refusals: string[] = [];
  const quota = new LocalQuota({
    limits: change(DEFAULTS),
    now: () => clock.nowMs,
    refused: ({ address }, setting) => refusals.push(`${address} ${setting}`),
  });
  return { quota, clock, refusals };
}

const messages = (perSecond: number, burst: number) => (limits: QuotaLimits) => ({
  ...limits,
  rates: { ...limits.rates, messages: { setting: 'address.messagesPerSecond', perSecond, burst } },
});
const requests = (limit: number) => (limits: QuotaLimits) => ({
  ...limits,
  shares: { ...limits.shares, requests: { setting: 'address.requests', limit } },
});

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('没有拒绝');
}

describe('按地址的速率', () => {
  it('桶空了就 rate_limited, 说出设置, 它的值与多久之后再来; 到时恰好又有', () => {
    const { quota, clock, refusals } = quotaWith(messages(10, 3));
    for (let count = 0; count < 3; count += 1) quota.spend(STRANGER, 'messages');
    const { code, facts } = refusal(() => quota.spend(STRANGER, 'messages'));
    assert.equal(code, 'rate_limited');
    assert.deepEqual(facts, { setting: 'address.messagesPerSecond', limit: 10, retryAfterMs: 100 });
    assert.deepEqual(refusals, ['203.0.113.7 address.messagesPerSecond']);
    quota.spend(OTHER, 'messages');
    clock.nowMs = 100;
    quota.spend(STRANGER, 'messages');
    assert.throws(() => quota.spend(STRANGER, 'messages'));
  });

  it('受信任的地址与值为 0 的设置不限', () => {
    const { quota } = quotaWith(messages(1, 1));
    for (let count = 0; count < 100; count += 1) quota.spend({ ...STRANGER, trusted: true }, 'messages');
    const free = quotaWith(messages(0, 0));
    for (let count = 0; count < 100; count += 1) free.quota.spend(STRANGER, 'messages');
  });

  it('一次要的比桶还大: 满桶就给, 之后欠着: 还清了才再给', () => {
    const { quota, clock } = quotaWith(messages(10, 5));
    quota.spend(STRANGER, 'messages', 50);
    clock.nowMs = 4599;
    assert.throws(() => quota.spend(STRANGER, 'messages'));
    clock.nowMs = 4600;
    quota.spend(STRANGER, 'messages', 1);
  });

  it('记得住的键有上限: 来过几十万个地址也只记最近的', () => {
    const buckets = new Buckets({ setting: '', perSecond: 1, burst: 10 });
    for (let index = 0; index < 200_000; index += 1) buckets.take(`10.${index}`, 5, 0);
    assert.ok(buckets.size <= 65_536);
    assert.equal(buckets.waitMs('10.199999', 10, 0), 5000, '最近的还记得');
  });
});

describe('按地址的份额', () => {
  it('占满就 server_busy, 归还之后又有; 归还两次只算一次', () => {
    const { quota } = quotaWith(requests(2));
    const first = quota.hold(STRANGER, 'requests');
    quota.hold(STRANGER, 'requests');
    const { code, facts } = refusal(() => quota.hold(STRANGER, 'requests'));
    assert.equal(code, 'server_busy');
    assert.deepEqual(facts, { setting: 'address.requests', limit: 2, retryAfterMs: 1000 });
    quota.hold(OTHER, 'requests');
    first.release();
    first.release();
    quota.hold(STRANGER, 'requests');
    assert.throws(() => quota.hold(STRANGER, 'requests'));
  });

  it('IPv6: 一个 /64 一份, 一个 /56 四份, 一个 /48 十六份', () => {
    const { quota } = quotaWith(requests(1));
    const at = (address: string) => ({ address, trusted: false });
    // 第四组的低 8 位不同: 同一个 /56
    for (const subnet of ['100', '101', '102', '103']) {
      quota.hold(at(`2001:db8:1:${subnet}`), 'requests');
      assert.throws(() => quota.hold(at(`2001:db8:1:${subnet}`), 'requests'), '同一个 /64 只有一份');
    }
    assert.throws(() => quota.hold(at('2001:db8:1:104'), 'requests'), '这个 /56 的四份用完了');
    for (const subnet of ['200', '201', '202', '203', '300', '301', '302', '303', '400', '401', '402', '403'])
      quota.hold(at(`2001:db8:1:${subnet}`), 'requests');
    assert.throws(() => quota.hold(at('2001:db8:1:500'), 'requests'), '这个 /48 的十六份用完了');
    quota.hold(at('2001:db8:2:500'), 'requests');
  });

  it('各段的键', () => {
    assert.deepEqual(blocksOf('10.0.0.1'), [{ key: '10.0.0.1', shares: 1 }]);
    assert.deepEqual(
      blocksOf('2001:db8:0:12ab').map(({ key }) => key),
      ['2001:db8:0:12ab', '2001:db8:0:12/56', '2001:db8:0/48'],
    );
  });
});

describe('按地址的上限由设置得出', () => {
  it('缺省值: 一个办公室的人一齐回来也进得来; 压测时消息不限', () => {
    assert.ok(DEFAULTS.rates.connects.burst >= 2 * DEFAULTS.shares.connections.limit);
    const bench = loadConfig({ env: { SLUICE_MESSAGES_PER_SECOND: '0' }, args: [] });
    assert.equal(limitsByAddress(bench).rates.messages.perSecond, 0);
    const { quota } = quotaWith(() => limitsByAddress(bench));
    for (let count = 0; count < 10_000; count += 1) quota.spend(STRANGER, 'textBytes', 1000);
  });
});
