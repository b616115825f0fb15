// 旁人的进程: 父进程经 IPC 给 BystanderOptions, 得到 ready; 再说 stop, 得到 Testimony, 然后自己退出
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Bystander, type BystanderOptions, type Testimony } from './bystander.js';

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

process.once('message', (options: BystanderOptions) => {
  const bystander = new Bystander(options);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  // 记下的是两次之间隔了多久: 去掉本来的间隔, 余下的是迟到
  const late = (ns: number): number => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
  process.once('message', async () => {
    const report = await bystander.stop();
    delay.disable();
    const testimony: Testimony = {
      report,
      lateP95Ms: late(delay.percentile(95)),
      lateMaxMs: late(delay.max),
    };
    process.send?.(testimony, () => process.exit(0));
  });
  void bystander.start().then(() => {
    delay.enable();
    process.send?.('ready');
  });
});
// 父进程没了: 自己也走
process.once('disconnect', () => process.exit(1));
