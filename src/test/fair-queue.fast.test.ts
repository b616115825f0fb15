// 轮流的队: 各地址轮流, 地址里各人轮流; 谁也占不满别人的
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../protocol/errors.js';
import { FairQueue } from '../quota/fair-queue.js';
import { quotaLimits } from '../quota/limits.js';
import { LocalQuota } from '../quota/local-quota.js';
import type { Asker } from '../quota/ports.js';

interface Limits {
  readonly running?: number;
  readonly guests?: number;
  readonly perPerson?: number;
  readonly waitingPerPerson?: number;
  readonly perAddress?: number;
  readonly waitingPerAddress?: number;
}

function setUp(limits: Limits = {}) {
  const { running = 4, guests = 4, perPerson = 2, waitingPerPerson = 8 } = limits;
  const { perAddress = 4, waitingPerAddress = 16 } = limits;
  const values = new Map([
    ['address.reads', perAddress],
    ['address.waitingReads', waitingPerAddress],
  ]);
  const quota = new LocalQuota({
    limits: quotaLimits((setting) => values.get(setting) ?? 0),
    now: () => 0,
    refused: () => {},
  });
  const named = (setting: string, limit: number) => ({ setting, limit });
  const queue = new FairQueue(
    {
      running: named('history.maxReads', running),
      guests,
      perPerson: named('history.readsPerPerson', perPerson),
      waitingPerPerson: named('history.waitingPerPerson', waitingPerPerson),
      share: 'reads',
      waitingShare: 'waitingReads',
    },
    quota,
  );
  return new Asked(queue);
}

/** 问了的: 正在做的由 finish 做完 */
class Asked {
  readonly queue: FairQueue;
  /** 轮到的次序 */
  readonly started: string[] = [];
  readonly refused: [name: string, facts: object][] = [];
  readonly #finish: (() => void)[] = [];

  constructor(queue: FairQueue) {
    this.queue = queue;
  }

  ask(name: string, asker: Partial<Asker> = {}): void {
    const visitor = { address: '192.0.2.1', trusted: false };
    const whole = { visitor, person: name, isGuest: false, gone: false, ...asker };
    const task = (): Promise<void> => {
      this.started.push(name);
      return new Promise((resolve) => this.#finish.push(resolve));
    };
    this.queue.run(whole, task).catch((error: unknown) => {
      assert.ok(error instanceof AppError && error.code === 'server_busy', String(error));
      this.refused.push([name, error.facts]);
    });
  }

  /** 最早的一个做完了, 轮到的也开始了 */
  async finish(): Promise<void> {
    this.#finish.shift()?.();
    await settled();
  }

  async finishAll(): Promise<void> {
    while (this.#finish.length > 0) await this.finish();
  }
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const from = (address: string, trusted = false) => ({ visitor: { address, trusted } });

test('轮流: 一个地址问得再多, 别的地址紧接着就轮到', async () => {
  const asked = setUp({ running: 2 });
  for (const index of range(1, 10)) asked.ask(`甲${index}`, { person: `甲${index}` });
  asked.ask('乙', from('192.0.2.2'));
  asked.ask('丙', from('192.0.2.3'));
  assert.deepEqual(asked.started, ['甲1', '甲2']);
  for (const _ of range(1, 4)) await asked.finish();
  assert.deepEqual(asked.started.slice(2, 6).sort(), ['乙', '丙', '甲3', '甲4'].sort());
});

test('轮流: 一个地址里, 一个人问得再多, 别的人紧接着就轮到', async () => {
  const asked = setUp({ running: 1 });
  for (const _ of range(1, 5)) asked.ask('甲', { person: '甲' });
  asked.ask('乙');
  asked.ask('丙');
  await asked.finishAll();
  assert.deepEqual(asked.started, ['甲', '甲', '乙', '丙', '甲', '甲', '甲']);
});

test('同时: 一个人至多两个, 一个地址至多四个, 其余等着而不是被拒', async () => {
  const asked = setUp({ running: 16 });
  for (const person of ['甲', '乙', '丙']) for (const _ of range(1, 3)) asked.ask(person);
  assert.deepEqual(asked.started, ['甲', '甲', '乙', '乙']);
  await asked.finishAll();
  assert.equal(asked.started.length, 9);
  assert.deepEqual([asked.refused, asked.queue.waiting], [[], 0]);
});

test('没有会话的人合计有自己的上限, 占不满有会话的', () => {
  const asked = setUp({ running: 4, guests: 1 });
  for (const index of range(1, 5)) asked.ask('过客', { ...from(`192.0.2.${index}`), isGuest: true });
  asked.ask('甲', from('192.0.2.9'));
  assert.deepEqual(asked.started, ['过客', '甲']);
});

test('受信任的地址不按地址计数, 每个人仍有自己的上限', () => {
  const asked = setUp({ running: 16 });
  for (const index of range(1, 6)) asked.ask(`甲${index}`, from('192.0.2.1', true));
  for (const _ of range(1, 3)) asked.ask('甲', from('192.0.2.1', true));
  assert.equal(asked.started.filter((name) => name !== '甲').length, 6);
  assert.equal(asked.started.filter((name) => name === '甲').length, 2);
});

test('等着的满了: 同一个人再问, 不答他最早的一个, 并说是哪一项', async () => {
  const asked = setUp({ running: 1, waitingPerPerson: 2 });
  for (const index of range(1, 4)) asked.ask(`第${index}问`, { person: '甲' });
  await settled();
  const facts = { setting: 'history.waitingPerPerson', limit: 2, retryAfterMs: 1000 };
  assert.deepEqual(asked.refused, [['第2问', facts]]);
  await asked.finishAll();
  assert.deepEqual(asked.started, ['第1问', '第3问', '第4问']);
});

test('一个地址等着的满了: 让的是问得最多的人; 人人只有一个时, 后来的被拒', async () => {
  const asked = setUp({ running: 1, waitingPerAddress: 3 });
  for (const _ of range(1, 4)) asked.ask('甲', { person: '甲' });
  asked.ask('乙');
  asked.ask('丙');
  await settled();
  assert.deepEqual(
    asked.refused.map(([name]) => name),
    ['甲', '甲'],
  );
  asked.ask('丁');
  await settled();
  const facts = { setting: 'address.waitingReads', limit: 3, retryAfterMs: 1000 };
  assert.deepEqual(asked.refused.at(-1), ['丁', facts]);
  // 别的地址不受影响
  asked.ask('戊', from('192.0.2.2'));
  await asked.finishAll();
  assert.deepEqual(asked.started.slice(1).sort(), ['甲', '乙', '丙', '戊'].sort());
});

test('走了的人轮到时不做, 也不留下什么', async () => {
  const asked = setUp({ running: 1 });
  asked.ask('甲');
  const leaver = { gone: false };
  asked.queue
    .run(
      {
        ...from('192.0.2.2'),
        person: '乙',
        isGuest: false,
        get gone() {
          return leaver.gone;
        },
      },
      async () => void asked.started.push('乙'),
    )
    .catch(() => {});
  leaver.gone = true;
  asked.ask('丙', from('192.0.2.3'));
  await asked.finishAll();
  assert.deepEqual([asked.started, asked.queue.waiting], [['甲', '丙'], 0]);
});

test('做的时候出了错 (同步抛出的也是): 错误给问的人, 位子归还', async () => {
  const asked = setUp({ running: 1 });
  const asker = { ...from('192.0.2.1'), person: '甲', isGuest: false, gone: false };
  const broken = asked.queue.run(asker, () => {
    throw new Error('坏了');
  });
  await assert.rejects(broken, /坏了/);
  asked.ask('乙');
  assert.deepEqual(asked.started, ['乙']);
});
