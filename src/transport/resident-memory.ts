// 进程的常驻内存: Linux 上 Node 每次都要打开 /proc/self/stat, 描述符用尽时它抛 EMFILE; 那时沿用上一次的

/** 读常驻内存的函数 (字节), 不抛错; 一次也没读到时是 0 */
export function residentMemory(read: () => number = () => process.memoryUsage.rss()): () => number {
  let lastBytes = 0;
  return () => {
    try {
      lastBytes = read();
    } catch {
      // 只差一会儿: 水位的检查不能因此拖垮进程
    }
    return lastBytes;
  };
}
