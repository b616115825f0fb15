// 传输列表的说明, 汇总, 取舍, 按钮与自动消失
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setLanguage } from '../../src/i18n/bilingual.js';
import type { Transfer, TransferState } from '../../src/model/transfers.js';
import { errorText } from '../../src/view/kit/error-text.js';
import { DoneExpiry } from '../../src/view/tray/expiry.js';
import { describeTransfer, fractionOf } from '../../src/view/tray/progress-text.js';
import { verbsOf } from '../../src/view/tray/row-actions.js';
import { chooseRows, summarize } from '../../src/view/tray/summary.js';

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
  const after = summarize([transfer('done'), transfer('queued')]);
  assert.equal(before.active, 2);
  assert.equal(after.active, 1);
  assert.ok(after.fraction >= before.fraction);
  assert.equal(summarize([]).fraction, 0);
});

test('取舍: 太多时先画在动的与要人处理的, 次序不变', () => {
  const queued = Array.from({ length: 100 }, (_, index) => transfer('queued', { id: `q${index}` }));
  const rows = chooseRows([...queued, transfer('failed'), transfer('sending')], 3);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['q0', 'failed', 'sending'],
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
