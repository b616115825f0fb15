// 数步数, 不看钟: 线性时间的承诺在多慢的机器上结论都一样
import assert from 'node:assert/strict';
import { Session } from 'node:inspector';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

// 大一倍的输入至多多做这么多倍的步骤: 线性是 2, 平方是 4
const LINEAR_RATIO = 2.2;
// 与输入无关的零头 (断言, 第一次编译)
const SPARE_STEPS = 200;

// 引用时就开始: 已经编译过的函数不再补上计数, 所以要在它们第一次运行之前
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/**
 * 输入大一倍, 步骤至多约多一倍。步骤是 V8 数出的每一块代码执行的次数, 与机器快慢无关。
 * 原生的部分 (正则, indexOf) 数不到: work 可以返回自己数的, 也总用 huge 再跑一遍, 平方时间在那里要几小时,
 * 由测试的期限拦下。
 */
export function assertLinear(
  work: (size: number) => unknown,
  { size, huge }: { readonly size: number; readonly huge: number },
): void {
  // 先跑一遍: 只做一次的准备不算
  work(size);
  const once = stepsOf(() => work(size));
  const twice = stepsOf(() => work(2 * size));
  assert.ok(twice <= LINEAR_RATIO * once + SPARE_STEPS, `大一倍的输入, 步骤由 ${once} 变成 ${twice}`);
  work(huge);
}

function stepsOf(work: () => unknown): number {
  // 取一次就归零
  takeCounts();
  const counted = work();
  return takeCounts() + (typeof counted === 'number' ? counted : 0);
}

function takeCounts(): number {
  let steps = 0;
  // 同一个线程里的回调是同步的
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    assert.equal(error, null);
    steps = total(coverage);
  });
  return steps;
}

// Node 自己的不算: 与输入无关的零头
function total({ result }: Coverage): number {
  const own = result.filter(({ url }) => url.startsWith('file:'));
  const ranges = own.flatMap(({ functions }) => functions.flatMap((each) => each.ranges));
  return ranges.reduce((sum, { count }) => sum + count, 0);
}
