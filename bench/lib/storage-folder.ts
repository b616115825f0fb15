// 被测服务器的存储目录: 列出, 清理, 刷盘; 不依赖它内部怎么摆放
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** 达到此大小的文件视为上传的内容; 消息日志等小文件不动 */
const CONTENT_BYTES = 1024 * 1024;

/** 递归列出普通文件: 路径 -> 字节数 */
export function listFiles(folder: string): Map<string, number> {
  const files = new Map<string, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // 列出与查看之间文件可能已被服务器删去
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) files.set(path, stats.size);
  }
  return files;
}

/** 轮与轮之间删去上传的内容, 再刷盘: 两者都不能落进下一次测量 */
export function deleteContent(folder: string): void {
  for (const [path, bytes] of listFiles(folder)) {
    if (bytes >= CONTENT_BYTES) rmSync(path, { force: true });
  }
  execFileSync('sync');
}

export function freeBytes(folder: string): number {
  const stats = statfsSync(folder);
  return stats.bavail * stats.bsize;
}

/** 整个删去 (压测自己建的目录) */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
