// 一次下载: 读一块, 写一块, 写不进就等; 总长已知, 从不分块编码
import { BodyWriter } from './body-writer.js';
import type { DownloadPlan } from './download-plan.js';
import type { DownloadSource } from './download-source.js';
import type { Exchange } from './http.js';

// 512 KiB 一读: 比 256 KiB 省约三成 CPU, 再大不再省, 而每个下载都留着一块
const READ_BYTES = 512 * 1024;
// 闲置时留住的读缓冲个数
const MAX_FREE_BUFFERS = 16;
const freeBuffers: Buffer[] = [];

/** 发送计划中的一段; 兑现时已发完, 或连接已断。副作用: 用完关闭 source。错误 (应随后 exchange.fail): 读不出, 或文件短于记录 */
export async function sendBlob(
  exchange: Exchange,
  source: DownloadSource,
  plan: DownloadPlan,
): Promise<void> {
  let buffer: Buffer | undefined;
  const writer = new BodyWriter(exchange, plan.length);
  const head = (): void => exchange.begin(plan.status, plan.headers);
  try {
    let sent = 0;
    while (sent < plan.length && !exchange.over) {
      const position = plan.start + sent;
      // 边传边下的可能等很久: 对方一走就不再等
      exchange.onAbort = () => source.abandon();
      if (!source.isReady(position)) {
        giveBuffer(buffer);
        buffer = undefined;
        if (!(await source.prepare(position))) return;
      }
      buffer ??= takeBuffer(plan.length);
      const want = Math.min(buffer.length, plan.length - sent);
      const count = await source.read(buffer.subarray(0, want), position);
      if (exchange.over) return;
      // 文件被外力截短
      if (count === 0) throw new Error(`文件短于记录: 缺第 ${position} 字节`);
      await writer.write(buffer.subarray(0, count), sent, sent === 0 ? head : undefined);
      sent += count;
    }
  } finally {
    giveBuffer(buffer);
    await source.close();
  }
}

function takeBuffer(length: number): Buffer {
  if (length < READ_BYTES) return Buffer.allocUnsafe(length);
  return freeBuffers.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
}

function giveBuffer(buffer: Buffer | undefined): void {
  if (buffer?.length === READ_BYTES && freeBuffers.length < MAX_FREE_BUFFERS) freeBuffers.push(buffer);
}
