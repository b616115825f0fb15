// 两核机器上让事件循环先走: 写盘的线程池与垃圾回收的线程都让着它; 自己建的线程各自决定让不让 (store/)
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

// Linux 的 nice 值: 与主线程争同一个核时约得十分之一, 有空闲的核时不受影响
const BACKGROUND_NICE = 10;

/**
 * 调低本进程除主线程外所有线程的优先级。在服务器启动之前调用: 消息日志的写线程那时还没建, 它不能让 (每个 ack 都等着它)。
 * 只在 Linux 上有效 (nice 值可按线程设); 别处什么也不做。
 */
export async function favorMainThread(): Promise<void> {
  if (process.platform !== 'linux') return;
  // 线程池到第一次用才建, 一次建齐。它有 4 个线程 (libuv 的默认值): 每个上传, 每个下载同时至多一次读写在它的队里
  // (至多 1 MiB), 先来先服务, 谁也饿不着谁; 缩略图一次一张; 消息日志与校验在自己的线程里同步读写, 不经过它。
  // 量过 16 个: 每 GB 的 CPU 不变; 多出的线程只是与主线程争核。入口是 ES 模块, 到这里池早已建好: 只能由环境变量改
  await stat('/');
  for (const threadId of readdirSync('/proc/self/task').map(Number)) {
    if (threadId === process.pid) continue;
    try {
      setPriority(threadId, BACKGROUND_NICE);
    } catch {
      // 列出之后刚好结束的线程, 或容器不许改: 只是不那么快, 照常运行
    }
  }
}
