// 把服务器上的一个文件下载一遍, 算出 SHA-256; 验收用, 不计时间
import type { DownloadJob, DownloadResult } from './download-job.js';
import { Generator } from './generator.js';
import type { ServerProcess } from './server-process.js';

/** 错误: 应答不是 200, 或停滞 */
export async function hashDownload(server: ServerProcess, path: string): Promise<DownloadResult> {
  const job: DownloadJob = { target: server.target, path, times: 1, hash: true };
  const generator = await Generator.start<DownloadResult>('download', job);
  try {
    return await generator.run();
  } finally {
    await generator.close();
  }
}
