// 一次受测的上传: 起发生器, 开始观察, 跑, 读出用量
import { Generator } from './generator.js';
import { type Usage, watchUsage } from './process-stats.js';
import type { ServerProcess } from './server-process.js';
import type { TestFile } from './test-file.js';
import type { Door, UploadJob, UploadResult } from './upload-job.js';

/** 应答之后再等这么久才读 CPU: 服务器收尾 (关文件, 写日志) 的开销也算它的 */
const SETTLE_MS = 100;

export interface UploadRun {
  readonly result: UploadResult;
  /** 不知道 pid 时没有 */
  readonly usage: Usage | undefined;
}

export type UploadVariant = Partial<Pick<UploadJob, 'sendBytes' | 'announcedBytes' | 'chunkBytes'>>;

let serial = 0;

export function uploadJob(
  server: ServerProcess,
  door: Door,
  file: TestFile,
  variant: UploadVariant = {},
): UploadJob {
  serial += 1;
  const sendBytes = variant.sendBytes ?? file.bytes;
  return {
    door,
    target: server.target,
    // 名字每次不同: 上一次的连接可能还没有下线, 重名会被拒
    userName: `上传${process.pid}-${serial}`,
    filePath: file.path,
    fileBytes: file.bytes,
    sendBytes,
    announcedBytes: variant.announcedBytes === undefined ? sendBytes : variant.announcedBytes,
    repeat: false,
    ...(variant.chunkBytes === undefined ? {} : { chunkBytes: variant.chunkBytes }),
  };
}

/** 被服务器拒绝不算错误, 看 result.outcome; 发生器自己的故障才抛出 */
export async function runUpload(server: ServerProcess, job: UploadJob): Promise<UploadRun> {
  const generator = await Generator.start<UploadResult>('upload', job);
  try {
    const stop = server.pid === 0 ? undefined : watchUsage(server.pid);
    const result = await generator.run();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return { result, usage: stop?.() };
  } finally {
    await generator.close();
  }
}

/** 只有成功才有意义的场合: 不是 done 就报错 */
export async function mustUpload(server: ServerProcess, job: UploadJob): Promise<UploadRun> {
  const run = await runUpload(server, job);
  if (run.result.outcome === 'done') return run;
  throw new Error(`${server.name} 的 ${job.door} 上传失败: ${run.result.outcome}`);
}
