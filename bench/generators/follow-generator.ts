// 跟读发生器进程: 同时几个下载跟着同一个上传, 各算各的 SHA-256; 全部收满才回报
import { createHash } from 'node:crypto';
import type { FollowJob, FollowResult } from '../lib/follow-job.js';
import { type GeneratorTask, serveGenerator } from '../lib/generator-child.js';
import { HttpExchange } from '../lib/http-client.js';

async function follow(job: FollowJob): Promise<string[]> {
  const hash = job.hash ? createHash('sha256') : undefined;
  const exchange = await HttpExchange.open(job.target, (part) => hash?.update(part));
  const request = `GET ${job.path} HTTP/1.1\r\nHost: ${job.target.host}:${job.target.port}\r\nConnection: close\r\n\r\n`;
  await exchange.write([Buffer.from(request)]);
  const response = await exchange.response;
  exchange.close();
  if (response.status !== 200) throw new Error(`GET ${job.path} 得到 ${response.status}`);
  return hash === undefined ? [] : [hash.digest('hex')];
}

serveGenerator<FollowJob, FollowResult>(
  async (job): Promise<GeneratorTask<FollowResult>> => ({
    async run() {
      const hashes = await Promise.all(Array.from({ length: job.readers }, () => follow(job)));
      return { sha256: hashes.flat() };
    },
  }),
);
