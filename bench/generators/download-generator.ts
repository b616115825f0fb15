// 下载发生器进程: 只收不存的快速接收端; 需要时顺带算 SHA-256 (那时不计时间)
import { createHash } from 'node:crypto';
import type { DownloadJob, DownloadResult } from '../lib/download-job.js';
import { type GeneratorTask, serveGenerator } from '../lib/generator-child.js';
import { HttpExchange } from '../lib/http-client.js';

/** 这么久 (毫秒) 没有收到字节就断开: 服务器卡住时压测报错而不是挂住 */
const STALL_TIMEOUT_MS = 30_000;

async function download(job: DownloadJob): Promise<DownloadResult> {
  const hash = job.hash ? createHash('sha256') : undefined;
  const startedMs = performance.now();
  let bytes = 0;
  for (let index = 0; index < job.times; index += 1) {
    const exchange = await HttpExchange.open(job.target, (part) => {
      stall.refresh();
      hash?.update(part);
    });
    const stall = setTimeout(() => exchange.close(), STALL_TIMEOUT_MS);
    const request = `GET ${job.path} HTTP/1.1\r\nHost: ${job.target.host}:${job.target.port}\r\nConnection: close\r\n\r\n`;
    await exchange.write([Buffer.from(request)]);
    const response = await exchange.response;
    clearTimeout(stall);
    exchange.close();
    if (response.status !== 200) throw new Error(`GET ${job.path} 得到 ${response.status}`);
    bytes += response.bodyBytes;
  }
  const sha256 = hash?.digest('hex');
  return { bytes, elapsedMs: performance.now() - startedMs, ...(sha256 === undefined ? {} : { sha256 }) };
}

serveGenerator<DownloadJob, DownloadResult>(
  async (job): Promise<GeneratorTask<DownloadResult>> => ({ run: () => download(job) }),
);
