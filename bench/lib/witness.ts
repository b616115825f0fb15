// 房间里的另一个人: 他收到文件广播的时刻才算传完; 内容照着广播里的地址下载来核对
import { joinChat } from './chat-member.js';
import { hashDownload } from './hash-download.js';
import type { ServerProcess } from './server-process.js';
import type { TestFile } from './test-file.js';
import { nowMs } from './upload-job.js';

/** 从他加入到文件公布出来的限期 (毫秒) */
export const UPLOAD_MS = 300_000;

export interface Announcement {
  /** 下载的路径, 不含主机 */
  readonly path: string;
  readonly sha256: string;
  /** 收到广播的时刻 (nowMs) */
  readonly atMs: number;
}

export interface Witness {
  /** 他加入之后的第一个文件; 超时即抛错 */
  readonly announced: Promise<Announcement>;
  close(): void;
}

export async function watchFile(server: ServerProcess): Promise<Witness> {
  let found: (announcement: Announcement) => void = () => {};
  const announced = new Promise<Announcement>((resolve, reject) => {
    found = resolve;
    setTimeout(() => reject(new Error(`${UPLOAD_MS / 1000} 秒内没有传完`)), UPLOAD_MS).unref();
  });
  // 还没有人等待时就超时不算未捕获
  announced.catch(() => {});
  const { client } = await joinChat(server.target, `见证${process.pid}-${nowMs()}`, (message) => {
    if (message.type !== 'file') return;
    found({ path: new URL(message.url).pathname, sha256: message.sha256, atMs: nowMs() });
  });
  return { announced, close: () => client.close() };
}

export interface Verdict {
  /** 广播里的 SHA-256, 下载来的内容与大小, 都与原文件相同 */
  readonly same: boolean;
  /** 发生器下载一遍并算散列用了多久 */
  readonly downloadSeconds: number;
}

export async function verifyContent(
  server: ServerProcess,
  { path, sha256 }: Announcement,
  file: TestFile,
): Promise<Verdict> {
  const downloaded = await hashDownload(server, path);
  const same = [sha256, downloaded.sha256].every((hash) => hash === file.sha256);
  return { same: same && downloaded.bytes === file.bytes, downloadSeconds: downloaded.elapsedMs / 1000 };
}
