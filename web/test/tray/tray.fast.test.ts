// 传输列表的说明, 汇总, 取舍, 按钮与自动消失
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setLanguage } from '../../src/i18n/bilingual.js';
import { type Transfer, type TransferState, Transfers } from '../../src/model/transfers.js';
import { errorText } from '../../src/view/kit/error-text.js';
import { DoneExpiry } from '../../src/view/tray/expiry.js';
import { summaryText } from '../../src/view/tray/header.js';
import { describeTransfer, fractionOf } from '../../src/view/tray/progress-text.js';
import { verbsOf } from '../../src/view/tray/row-actions.js';
import { Batch, chooseRows, summarize } from '../../src/view/tray/summary.js';

const MB = 1024 * 1024;

function transfer(state: TransferState, rest: Partial<Transfer> = {}): Transfer {
  return { id: state, name: 'a.bin', size: 100 * MB, state, sent: 0, bytesPerSecond: 0, checked: 0, ...rest };
}

test('说明: 发送中写进度, 速度, 剩余时间; 没有速度时只说发送中', () => {
  const sending = transfer('sending', { sent: 20 * MB, bytesPerSecond: 4 * MB });
  assert.equal(describeTransfer(sending), '20 MB / 100 MB · 4 MB/s · 还剩 20 秒');
  assert.equal(describeTransfer(transfer('sending')), '0 B / 100 MB · 发送中');
});

test('说明: 失败写出原因与怎么办, 英文也是', (t) => {
  const error = { code: 'file_too_large', message: '文件超过大小上限', retryable: false } as const;
  assert.equal(
    describeTransfer(transfer('failed', { error })),
    '失败: 文件超过大小上限; 可以压缩或拆分之后再发',
  );
  setLanguage('en');
  t.after(() => setLanguage('zh'));
  assert.equal(describeTransfer(transfer('failed', { error })), 'Failed: The file is over the size limit');
});

test('错误: 服务器说得更细就用它的; 不认识的代码不崩溃', () => {
  assert.equal(errorText('name_taken', '这个用户名正被使用, 请换一个'), '这个用户名正被使用, 请换一个');
  assert.match(errorText('storage_full', '服务器存储空间不足: 剩 3 MB'), /剩 3 MB; 请联系管理员/);
  // 更新的服务器可能有新的代码; 原型上的名字也不算认识
  assert.equal(errorText('constructor' as 'internal', '新的错误'), '新的错误');
});

test('比例: 总在 0 与 1 之间, 空文件不是 NaN', () => {
  assert.equal(fractionOf(transfer('sending', { size: 0 })), 0);
  assert.equal(fractionOf(transfer('sending', { sent: 500 * MB })), 1);
  assert.equal(fractionOf(transfer('done')), 1);
});

test('汇总: 一项完成时总进度不倒退', () => {
  const before = summarize([transfer('sending', { sent: 99 * MB }), transfer('queued')]);
  const after = summarize([transfer('done'), transfer('queued')], 100 * MB);
  assert.deepEqual([before.active, before.queued], [1, 1]);
  assert.deepEqual([after.active, after.queued], [0, 1]);
  assert.ok(after.fraction >= before.fraction);
  assert.equal(summarize([]).fraction, 0);
});

test('汇总: 以前完成的不充进度; 排队的不算正在传输', () => {
  const transfers = new Transfers();
  const batch = new Batch();
  const say = (): string => {
    const { items, finishedBytes } = transfers;
    return summaryText(summarize(items, batch.doneBytes(items, finishedBytes)), items.length);
  };
  transfers.add(transfer('sending', { id: '旧的', sent: 99 * MB }));
  assert.equal(say(), '1 个正在传输, 共 100 MB, 99 %');
  transfers.update('旧的', { state: 'done', sent: 100 * MB });
  assert.equal(say(), '1 个文件');
  for (let index = 0; index < 500; index++) {
    transfers.add(transfer(index < 2 ? 'sending' : 'queued', { id: `新${index}`, size: MB }));
  }
  assert.equal(say(), '2 个正在传输, 498 个排队, 共 500 MB, 0 %');
  // 完成的只留最近 20 项, 挤掉的也仍算在这一批里
  for (let index = 0; index < 400; index++) transfers.update(`新${index}`, { state: 'done' });
  assert.equal(say(), '100 个排队, 共 500 MB, 80 %');
  for (const { id, state } of transfers.items) if (state === 'done') transfers.remove(id);
  assert.equal(say(), '100 个排队, 共 500 MB, 80 %');
});

test('取舍: 在动的在前, 要人处理的其次, 失败与完成的在后; 同类的次序不变', () => {
  const queued = Array.from({ length: 100 }, (_, index) => transfer('queued', { id: `q${index}` }));
  const ended = [transfer('done'), transfer('failed')];
  const rows = chooseRows([...ended, ...queued, transfer('paused'), transfer('sending')], 4);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['sending', 'paused', 'q0', 'q1'],
  );
  const few = chooseRows([...ended, transfer('queued'), transfer('waiting')]);
  assert.deepEqual(
    few.map(({ id }) => id),
    ['waiting', 'queued', 'done', 'failed'],
  );
});

test('按钮: 重试也没有用的只能移除; 留着句柄的可以直接继续', () => {
  const error = { code: 'file_type_forbidden', message: '', retryable: false } as const;
  assert.deepEqual(verbsOf(transfer('failed', { error })), ['remove']);
  assert.deepEqual(verbsOf(transfer('failed')), ['retry', 'remove']);
  assert.deepEqual(verbsOf(transfer('needs_file')), ['choose', 'cancel']);
  assert.deepEqual(verbsOf(transfer('needs_file', { hasHandle: true })), [
    'resumeByHandle',
    'choose',
    'cancel',
  ]);
});

test('自动消失: 完成满 30 秒的不再显示, 失败的一直在', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const life = new AbortController();
  let redraws = 0;
  const expiry = new DoneExpiry(() => {
    redraws += 1;
  }, life.signal);
  const list = [transfer('done'), transfer('failed')];
  assert.equal(expiry.visible(list).length, 2);
  t.mock.timers.tick(29_999);
  assert.equal(redraws, 0);
  t.mock.timers.tick(1);
  assert.equal(redraws, 1);
  assert.deepEqual(
    expiry.visible(list).map(({ state }) => state),
    ['failed'],
  );
  // 界面拆除之后没有定时器留下
  expiry.visible([transfer('done', { id: 'again' })]);
  life.abort();
  t.mock.timers.tick(60_000);
  assert.equal(redraws, 1);
});
