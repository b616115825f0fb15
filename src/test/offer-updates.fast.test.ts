// file_offer 的进展: 每秒至多一条, 与分片的多少无关; 这里一秒一秒地拨钟, 真服务器见 offer-updates.test.ts
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Offers } from '../files/offers.js';
import type { Transfer } from '../files/transfer.js';
import type { OfferedFile } from '../protocol/messages.js';
import { LOCAL_PARTY, NO_LIMITS } from './quota-tools.js';

const SIZE = 1_000_000;

// 登记处只看这几样
function uploading(fileId: string): { transfer: Transfer; upload: { written: number } } {
  const upload = { uploadId: fileId, size: SIZE, written: 0 };
  const description = { fileId, name: '张三', originalName: 'a.bin' };
  return { transfer: { upload, description } as unknown as Transfer, upload };
}

/** 自己拨的钟: pass 走过几毫秒, 其间满一秒就到一拍 */
function handTurned(t: TestContext): { now: () => number; pass: (ms: number) => void } {
  let nowMs = 5000;
  let tick = (): void => {};
  let dueMs = Number.POSITIVE_INFINITY;
  t.mock.method(globalThis, 'setInterval', (run: () => void, everyMs: number) => {
    assert.equal(everyMs, 1000);
    tick = run;
    dueMs = nowMs + everyMs;
    return { unref: () => undefined };
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    if (nowMs < dueMs) return;
    dueMs += 1000;
    tick();
  };
  return { now: () => nowMs, pass };
}

it('边传边下: 一秒里来了一千个分片, 也只说一次; 没有进展就不说', (t) => {
  const { now, pass } = handTurned(t);
  const told: OfferedFile[] = [];
  const events = { offered: (offer: OfferedFile) => void told.push(offer), closed: () => undefined };
  const offers = new Offers({ enabled: true, events, quota: NO_LIMITS, now });
  const { transfer, upload } = uploading('f1');
  offers.open(transfer, LOCAL_PARTY.visitor);
  for (let second = 0; second < 3; second += 1) {
    for (let chunk = 0; chunk < 1000; chunk += 1) {
      upload.written += 10;
      offers.progress('f1');
      pass(1);
    }
  }
  // 开始的一条, 之后每满一秒一条, 说的是那时的进展
  assert.deepEqual(
    told.map(({ received }) => received),
    [0, 10_000, 20_000, 30_000],
  );
  pass(1000);
  pass(1000);
  assert.equal(told.length, 4, '没有进展');
});
