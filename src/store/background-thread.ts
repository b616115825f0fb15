// 两核机器上让事件循环先走: 校验, 搜索与翻页的线程让着它
// 消息日志的写线程不让: 它的活很少, 而每个 ack 都等着它, 做缩略图之类把两个核占满时会饿上几百毫秒
import { setPriority } from 'node:os';

// Linux 的 nice 值: 与主线程争同一个核时约得十分之一, 有空闲的核时不受影响
const BACKGROUND_NICE = 10;

/** 在工作线程里调用。只在 Linux 上有效 (nice 值可按线程设, 0 号就是自己); 别处会改到整个进程, 什么也不做 */
export function yieldToMainThread(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, BACKGROUND_NICE);
  } catch {
    // 容器不许改: 只是不那么快, 照常运行
  }
}
