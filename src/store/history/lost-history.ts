// 历史该在而不在: 凭什么说有过历史, 怎样才算没有了数据库, 怎样把坏的移到一旁
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { DATABASE_NAME } from './database.js';
import type { ProvenHistory } from './history-proof.js';
import { listSegments, segmentPath } from './journal.js';

// 数据库连同它的预写日志与共享内存: 一起移走, 抢救的人要全套
const DATABASE_FILES = [DATABASE_NAME, `${DATABASE_NAME}-wal`, `${DATABASE_NAME}-shm`];

export function isDatabaseFile(name: string): boolean {
  return DATABASE_FILES.includes(name);
}

/** 没有数据库, 或只有零字节 (SQLite 会把它当成新的)。错误: 系统错误 */
export function isBlankDatabase(folder: string): boolean {
  return (statSync(path.join(folder, DATABASE_NAME), { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** 预写文件里有内容: 只有写过消息的目录才有 */
export function hasJournal(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const found = listSegments(folder).map((segment) => statSync(segmentPath(folder, segment)));
  return found.some((stats) => stats.isFile() && stats.size > 0);
}

/** 一行: 丢了什么, 凭什么说丢了。proven 没有则是凭预写文件 */
export function describeLoss(folder: string, proven: ProvenHistory | undefined): string {
  const file = path.join(folder, DATABASE_NAME);
  const state = existsSync(file) ? '是空的' : '没有了';
  if (proven === undefined) return `消息历史丢了: ${file} ${state}, 而预写文件里有消息`;
  const extent = proven.seq > 0 ? `, 至少到第 ${proven.seq} 条` : '';
  return `消息历史丢了: ${file} ${state}, 而这里有过历史 (自 ${proven.since}${extent})`;
}

/** 数据库移到一旁 (同一文件夹里改名, 不删除), 返回新的名字。预写文件留着: 里面的消息还要收。错误: 系统错误 */
export function setAsideDatabase(folder: string): string[] {
  // 冒号在 Windows 的文件名里不合法
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const present = new Set(readdirSync(folder));
  return DATABASE_FILES.filter((name) => present.has(name)).map((name) => {
    const kept = `damaged-${stamp}-${name}`;
    renameSync(path.join(folder, name), path.join(folder, kept));
    return kept;
  });
}
