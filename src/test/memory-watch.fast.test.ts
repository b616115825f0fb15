// 内存的水位: 过了就不收, 一步步请走; 先请走谁。等着广播的文字: 最多的先被拒
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TextPace } from '../chat/text-pace.js';
import { AppError } from '../protocol/errors.js';
import { MemoryWatch } from '../transport/memory-watch.js';

const holding = (address: string, bytes: number, isJoined = true, trusted = false) => ({
  visitor: { address, trusted },
  bytes,
  isJoined,
});

describe('内存的水位', () => {
  it('过了水位就不收新连接, 每半秒至多走一步; 降下来就又收', () => {
    let rssBytes = 100;
    const watch = new MemoryWatch({ memoryBytes: 1000, rssBytes: () => rssBytes });
    assert.deepEqual([watch.look(0), watch.isFull], [false, false]);
    rssBytes = 1001;
    assert.deepEqual([watch.look(100), watch.isFull], [true, true]);
    assert.deepEqual([watch.look(200), watch.isFull], [false, true]);
    assert.equal(watch.look(600), true);
    rssBytes = 1000;
    assert.deepEqual([watch.look(1200), watch.isFull], [false, false]);
  });

  it('请走占得最多的地址里还没加入的; 都加入了的, 只请走最大的一条', () => {
    const quiet = holding('10.0.0.1', 50, false);
    const waiting = [holding('10.0.0.2', 40, false), holding('10.0.0.2', 30, false)];
    const joined = holding('10.0.0.2', 60);
    assert.deepEqual(MemoryWatch.victims([quiet, ...waiting, joined]), waiting);
    assert.deepEqual(MemoryWatch.victims([holding('10.0.0.2', 10), joined]), [joined]);
    assert.deepEqual(MemoryWatch.victims([]), []);
  });

  it('受信任的地址最后才轮到', () => {
    const office = holding('10.0.0.1', 1000, false, true);
    const stranger = holding('10.0.0.2', 1);
    assert.deepEqual(MemoryWatch.victims([office, stranger]), [stranger]);
    assert.deepEqual(MemoryWatch.victims([office]), [office]);
  });
});

describe('等着广播的文字', () => {
  const pace = (pendingBytes: number): TextPace =>
    new TextPace({
      quota: { spend() {}, hold: () => ({ release() {} }), fits: () => true },
      perPerson: { setting: 'chat.textBytesPerSecond', perSecond: 0, burst: 0 },
      pendingBytes,
      now: () => 0,
    });
  const speaker = (person: string, address: string, trusted = false) => ({
    person,
    visitor: { address, trusted },
  });

  it('积压时最多的先被拒: 一个地址换多少个人也至多占一半, 别人照常', () => {
    const shares = pace(1000);
    let refused = 0;
    for (let index = 0; index < 20; index += 1) {
      const flooder = speaker(`甲${index}`, '10.0.0.1');
      try {
        shares.admit(flooder, 100);
        shares.waiting(flooder, 100);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'server_busy');
        refused += 1;
      }
    }
    assert.equal(refused, 15, '至多五条等着');
    shares.admit(speaker('乙', '10.0.0.2'), 100);
    const done = shares.waiting(speaker('甲0', '10.0.0.1'), 0);
    done();
  });

  it('送出之后就不再算; 受信任的地址里各算各的', () => {
    const shares = pace(1000);
    const office = (person: string) => speaker(person, '10.0.0.1', true);
    const sent = ['甲', '乙', '丙'].map((person) => {
      shares.admit(office(person), 250);
      return shares.waiting(office(person), 250);
    });
    assert.throws(() => shares.admit(office('甲'), 250));
    shares.admit(office('丁'), 250);
    for (const done of sent) done();
    shares.admit(office('甲'), 250);
  });
});
