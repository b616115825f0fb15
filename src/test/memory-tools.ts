// 撞内存上限用的工具: 读进程的内存, 让磁盘停住, 只收不读的下载, 停不下来的请求体
import { execFileSync } from 'node:child_process';
import { close, open } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunningProcess } from './harness.js';
import { formHeaders, multipart, processBytes, publishOne } from './http-tools.js';
import { RawClient } from './raw.js';

const POLL_MS = 20;
// 远大于正常所需, 不是计时断言
const WAIT_MS = 60_000;
/** libuv 线程池的线程数; 4 是它的默认值 */
export const POOL_THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);

/** 子进程的内存, 相对于 reset 的那一刻 */
export class MemoryMeter {
  readonly #pid: number;
  #baseBytes = 0;

  constructor({ child }: RunningProcess) {
    this.#pid = child.pid ?? 0;
  }

  /** 从此刻起算; 内核记的峰值也归零 */
  async reset(): Promise<void> {
    await writeFile(`/proc/${this.#pid}/clear_refs`, '5');
    this.#baseBytes = await processBytes(this.#pid, 'VmRSS');
  }

  async grownBytes(): Promise<number> {
    return (await processBytes(this.#pid, 'VmRSS')) - this.#baseBytes;
  }

  async peakBytes(): Promise<number> {
    return (await processBytes(this.#pid, 'VmHWM')) - this.#baseBytes;
  }

  /** 等到增长落进 [atLeast, atMost]; 等不到就报错 */
  async until(what: string, atLeast: number, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const grown = await this.grownBytes();
      if (grown >= atLeast && grown <= atMost) return;
      if (Date.now() > deadline) {
        throw new Error(`${what}: 增长 ${grown} 字节, 应在 ${atLeast} 与 ${atMost} 之间`);
      }
      await sleep(POLL_MS);
    }
  }
}

/**
 * 让服务器的磁盘停住: 把一个已发布的文件换成没人写的管道, 线程池的每个线程都卡在打开它上。
 * 要占这么多个下载的名额。调用返回的函数即恢复
 */
export async function stallDisk(t: TestContext, { http, port, storage }: RunningProcess) {
  const name = new URL(String((await publishOne(http, 'stall.bin', Buffer.alloc(1)))['url'])).pathname;
  const file = path.join(storage, name);
  await rm(file);
  execFileSync('mkfifo', [file]);
  for (let count = 0; count < POOL_THREADS; count += 1) await deafDownload(t, port, name);
  return async (): Promise<void> => {
    // 可读可写地打开: 自己不会卡住, 卡着的都放开
    const fd = await promisify(open)(file, 'r+');
    await promisify(close)(fd);
  };
}

/** 发出一个 GET, 应答一个字节也不读 */
export async function deafDownload(t: TestContext, port: number, name: string): Promise<RawClient> {
  const client = await RawClient.open(t, port);
  client.socket.pause();
  client.write(`GET ${name} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  return client;
}

/** 一个 multipart 请求: 声明很长, 只写开头的 bytes 字节, 不收尾 */
export async function endlessPost(t: TestContext, port: number, bytes: number): Promise<void> {
  const client = await RawClient.open(t, port);
  const marker = Buffer.from('@@@@');
  const frame = multipart([{ data: '大户' }, { fileName: 'endless.bin', data: marker }]);
  const headers = Object.entries({ ...formHeaders(), 'Content-Length': 10 * bytes, Host: 'a' });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  client.write(`POST /api/files HTTP/1.1\r\n${lines}\r\n`);
  client.write(frame.subarray(0, frame.indexOf(marker)));
  client.write(Buffer.alloc(bytes, 1));
}
