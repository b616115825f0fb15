// 一次受测的边传边下: 上传开始 1 秒之后放出读者, 看它们比上传者晚多久收完
import { joinChat } from './chat-member.js';
import type { FollowJob, FollowResult } from './follow-job.js';
import { Generator } from './generator.js';
import { watchUsage } from './process-stats.js';
import type { ServerProcess } from './server-process.js';
import type { TestFile } from './test-file.js';
import { nowMs, type UploadResult } from './upload-job.js';
import { uploadJob } from './upload-round.js';

/** 读者比上传晚开始这么久 (毫秒) */
const HEAD_START_MS = 1000;

export interface FollowRun {
  readonly uploadSeconds: number;
  /** 最后一个读者收满, 比上传者得到 file_done 晚多少秒; 没有读者时为 0 */
  readonly lagSeconds: number;
  readonly sameContent: boolean;
  /** 服务器的 CPU 秒数 */
  readonly cpuSeconds: number;
  readonly peakGrowthBytes: number;
}

export interface FollowVariant {
  readonly readers: number;
  /** 读者算 SHA-256: 与服务器争同样的核, 所以比速度时不算 */
  readonly hash: boolean;
  /** null: 全速 */
  readonly bytesPerSecond: number | null;
}

/** 错误: 上传失败, 读者的连接断了 */
export async function runFollow(
  server: ServerProcess,
  file: TestFile,
  { readers, hash, bytesPerSecond }: FollowVariant,
): Promise<FollowRun> {
  const watcher = await watchOffer(server);
  const job = { ...uploadJob(server, 'binary', file), bytesPerSecond };
  const uploader = await Generator.start<UploadResult>('upload', job);
  try {
    const usage = watchUsage(server.pid);
    const uploading = uploader.run().then((result) => ({ result, atMs: nowMs() }));
    const reading =
      readers === 0 ? undefined : readAlong(server, { path: await watcher.path, readers, hash });
    const [{ result, atMs }, read] = await Promise.all([uploading, reading]);
    if (result.outcome !== 'done') throw new Error(`上传失败: ${result.outcome}`);
    const hashes = [result.sha256, ...(read?.sha256 ?? [])];
    return {
      uploadSeconds: result.elapsedMs / 1000,
      lagSeconds: read === undefined ? 0 : (read.atMs - atMs) / 1000,
      sameContent: hashes.every((hash) => hash === file.sha256),
      ...usage(),
    };
  } finally {
    watcher.close();
    await uploader.close();
  }
}

async function readAlong(
  server: ServerProcess,
  task: Omit<FollowJob, 'target'>,
): Promise<FollowResult & { readonly atMs: number }> {
  const startAtMs = nowMs() + HEAD_START_MS;
  const generator = await Generator.start<FollowResult>('follow', { ...task, target: server.target });
  try {
    await new Promise((resolve) => setTimeout(resolve, startAtMs - nowMs()));
    const result = await generator.run();
    return { ...result, atMs: nowMs() };
  } finally {
    await generator.close();
  }
}

/** 房间里的另一个人: 凭 file_offer 得知链接 */
async function watchOffer(server: ServerProcess): Promise<{ path: Promise<string>; close(): void }> {
  let found: (path: string) => void = () => {};
  const path = new Promise<string>((resolve) => {
    found = resolve;
  });
  const { client } = await joinChat(
    server.target,
    `读者${process.pid}-${nowMs()}`,
    (message) => {
      if (message.type === 'file_offer') found(new URL(message.url).pathname);
    },
    ['batch', 'offer'],
  );
  return { path, close: () => client.close() };
}
