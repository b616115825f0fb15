// 一个 node 进程回收之后还占多少: SIGUSR1 打开它的调试端口, 回收, 再读。会扰动被测者, 所以总在别的读数之后做
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { pause } from './light-member.js';
import { type MemoryUse, memoryUse } from './memory-stats.js';
import type { ServerProcess } from './server-process.js';

const OPEN_MS = 5000;
const REPLY_MS = 30_000;
const TICK_MS = 50;

/** 让调试端口取空闲的; 交给被测进程的环境变量 */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' } as const;

export interface Census {
  /** JS 堆里还活着的字节, 含 ArrayBuffer 的内容 */
  readonly heapBytes: number;
  /** 回收并归还给系统之后的内存 */
  readonly memory: MemoryUse;
}

/** 错误: 打不开调试端口 */
export async function censusOf({ pid, logFile }: Pick<ServerProcess, 'pid' | 'logFile'>): Promise<Census> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await debuggerUrl(logFile), { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  try {
    await ask(socket, 1, 'HeapProfiler.enable');
    // 两遍: 第一遍让终结器跑过, 第二遍才收得走它们留住的
    await ask(socket, 2, 'HeapProfiler.collectGarbage');
    await ask(socket, 3, 'HeapProfiler.collectGarbage');
    const usage = await ask<{ usedSize: number; backingStorageSize?: number }>(
      socket,
      4,
      'Runtime.getHeapUsage',
    );
    return { heapBytes: usage.usedSize + (usage.backingStorageSize ?? 0), memory: memoryUse(pid) };
  } finally {
    socket.terminate();
  }
}

async function debuggerUrl(logFile: string): Promise<string> {
  const deadlineMs = performance.now() + OPEN_MS;
  while (performance.now() < deadlineMs) {
    const url = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (url !== undefined) return url;
    await pause(TICK_MS);
  }
  throw new Error('被测进程没有打开调试端口');
}

function ask<Result>(socket: WebSocket, id: number, method: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method} 没有应答`)), REPLY_MS);
    const receive = (data: unknown): void => {
      const reply = JSON.parse(String(data)) as { id?: number; result: Result };
      if (reply.id !== id) return;
      clearTimeout(timer);
      socket.off('message', receive);
      resolve(reply.result);
    };
    socket.on('message', receive);
    socket.send(JSON.stringify({ id, method }));
  });
}
