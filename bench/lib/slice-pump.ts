// 文件到 socket 的搬运: 两个缓冲轮流, 一个在写出时另一个在读盘
import { read, readv } from 'node:fs';

/** 一个可复用的发送缓冲; 编码方式 (原样, 二进制分片, Base64 分片) 各自实现 */
export interface SliceEncoder {
  /** 一次最多装多少文件字节 */
  readonly sliceBytes: number;
  /** 读盘的落点, 合计 bytes 字节; 让文件内容直接落在帧内, 省去一次复制 */
  targets(bytes: number): Uint8Array[];
  /** targets 已填好 offset 起的 bytes 字节; 返回可直接写出的各段 */
  encode(offset: number, bytes: number): Uint8Array[];
}

export interface PumpPlan {
  readonly fd: number;
  readonly fileBytes: number;
  /** 总共发送的字节; 大于文件时从头再读 (用来超过上限) */
  readonly sendBytes: number;
  readonly encoders: readonly [SliceEncoder, SliceEncoder];
  /** 等到可以发送至 offset 为止 (窗口); 抛错即中止 */
  gate(endOffset: number): Promise<void> | undefined;
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** 返回 true 时提前停下 (对方已拒绝, 或压测时间到) */
  stopped(): boolean;
}

/** 返回已写出的文件字节数 */
export async function pump(plan: PumpPlan): Promise<number> {
  let offset = 0;
  let turn = 0;
  let filled = fill(plan, plan.encoders[0], 0);
  let written: Promise<void> = Promise.resolve();
  while (offset < plan.sendBytes && !plan.stopped()) {
    const encoder = plan.encoders[turn % 2]!;
    const bytes = await filled;
    await plan.gate(offset + bytes);
    if (plan.stopped()) break;
    const previous = written;
    written = plan.write(encoder.encode(offset, bytes));
    offset += bytes;
    turn += 1;
    // 前一次写出完成后, 它的缓冲才能用来读下一段
    await previous;
    filled = fill(plan, plan.encoders[turn % 2]!, offset);
  }
  await Promise.all([written, filled]);
  return offset;
}

async function fill(plan: PumpPlan, encoder: SliceEncoder, offset: number): Promise<number> {
  const position = offset % plan.fileBytes;
  // 不跨文件尾, 也不超过要发送的总量
  const bytes = Math.min(encoder.sliceBytes, plan.sendBytes - offset, plan.fileBytes - position);
  if (bytes <= 0) return 0;
  const targets = encoder.targets(bytes);
  const got = await readInto(plan.fd, targets, position);
  if (got !== bytes) throw new Error(`测试文件读到 ${got} 字节, 应为 ${bytes}: 文件在压测期间被改动`);
  return bytes;
}

function readInto(fd: number, targets: Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, bytes: number): void => (error ? reject(error) : resolve(bytes));
    const only = targets[0]!;
    if (targets.length === 1) read(fd, only, 0, only.length, position, done);
    else readv(fd, targets, position, done);
  });
}
