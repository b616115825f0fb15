// 旁人的进程: 父进程经 IPC 给 BystanderOptions, 得到 ready; 再说 stop, 得到 Report, 然后自己退出
import { Bystander, type BystanderOptions } from './bystander.js';

process.once('message', (options: BystanderOptions) => {
  const bystander = new Bystander(options);
  process.once('message', async () => {
    process.send?.(await bystander.stop(), () => process.exit(0));
  });
  void bystander.start().then(() => process.send?.('ready'));
});
// 父进程没了: 自己也走
process.once('disconnect', () => process.exit(1));
