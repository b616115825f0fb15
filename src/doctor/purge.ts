// 把一场灌水收回去: 某个地址 (网段) 或名字自某时起发的文字与文件; 先说要清除什么, --apply 才动手, 之前留下副本
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import Database from 'libsql';
import { explainStray } from '../store/disk-errors.js';
import { DATABASE_NAME, userVersion } from '../store/history/database.js';
import { DiskLog } from '../store/history/disk-log.js';
import { hasJournal, isBlankDatabase } from '../store/history/lost-history.js';
import { PROVENANCE_VERSION } from '../store/history/schema.js';
import { lockStorage } from '../store/storage-lock.js';
import { requireFolder } from './doctor.js';
import { findUploads, setAside } from './purge-files.js';
import { deleteRows, findRows, type PurgeRows, scrubDeleted } from './purge-rows.js';
import { type PurgeTarget, parseSince, parseTarget } from './purge-target.js';

export interface PurgeOptions {
  readonly storage: string;
  /** 地址, 网段或名字 */
  readonly purge: string;
  /** ISO 8601, 或 2h, 3d */
  readonly since: string | undefined;
  /** 动手; 否则只说要清除什么 */
  readonly apply: boolean;
  readonly json: boolean;
  readonly print: (text: string) => void;
  readonly progress: (text: string) => void;
}

interface Found extends PurgeRows {
  readonly target: PurgeTarget;
  readonly sinceMs: number;
  readonly uploads: Awaited<ReturnType<typeof findUploads>>;
}

const NO_LIMITS = { maxMessages: 0, maxAgeDays: 0, maxBytes: 0, keepDays: 0 };
// 报告里至多列出这么多个名字
const MAX_NAMES = 10;
const MIB = 1024 * 1024;

/** 退出码: 0 说完了或清除完了, 2 做不了 */
export async function runPurge(options: PurgeOptions): Promise<0 | 2> {
  const { storage, apply, json, print, progress } = options;
  try {
    if (options.since === undefined) throw new Error('--purge 须与 --since 一起给出');
    const target = parseTarget(options.purge);
    const sinceMs = parseSince(options.since, Date.now());
    await requireFolder(storage);
    const unlock = await lockStorage(storage);
    try {
      await settleJournal(path.join(storage, 'history'), apply);
      const found = await find(storage, target, sinceMs);
      const box = apply && isAny(found) ? await purge(storage, found) : undefined;
      print(json ? `${JSON.stringify(summaryOf(found, box), null, 2)}\n` : report(found, { apply, box }));
      return 0;
    } finally {
      await unlock();
    }
  } catch (error) {
    const known = explainStray(error);
    progress(`清除做不了: ${known instanceof Error ? known.message : String(known)}`);
    return 2;
  }
}

// 没有好好停下的, 预写文件里还有: 先照服务器启动时那样收进数据库, 否则会漏
async function settleJournal(folder: string, apply: boolean): Promise<void> {
  if (isBlankDatabase(folder)) throw new Error('没有消息数据库');
  if (!hasJournal(folder)) return;
  if (!apply)
    throw new Error('上次没有好好停下, 还有消息没收进数据库; 加上 --apply 会先收进来, 或启动再停下一次');
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const log = await DiskLog.open({
    ...{ folder, logger, retention: NO_LIMITS, sync: true, maxSearches: 1, pendingBytes: MIB },
    tail: { maxMessages: 1, maxBytes: MIB },
    removeFile: async () => {},
  });
  await log.stop();
}

async function find(storage: string, target: PurgeTarget, sinceMs: number): Promise<Found> {
  const rows = withDatabase(storage, (database) => {
    if (userVersion(database) < PROVENANCE_VERSION)
      throw new Error('消息数据库是旧版的, 还没有记地址; 请先以这个版本启动再停下一次');
    return findRows(database, target, sinceMs);
  });
  const fileIds = new Set(rows.files.map(({ id }) => id));
  const uploads = await findUploads(storage, target, { sinceMs, fileIds });
  return { ...rows, target, sinceMs, uploads };
}

// 文件先于行: 停在中间时再来一次就清得完; 反过来的话, 没有消息的文件下次启动会被补播。返回副本所在
async function purge(storage: string, { seqs, files, uploads }: Found): Promise<string> {
  // 冒号在 Windows 的文件名里不合法
  const box = path.join('lost+found', `purge-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`);
  await mkdir(path.join(storage, box, 'history'), { recursive: true });
  withDatabase(storage, (database) =>
    database.prepare('VACUUM INTO ?').run([path.join(storage, box, 'history', DATABASE_NAME)]),
  );
  await setAside(storage, box, { files, uploads });
  withDatabase(storage, (database) => {
    deleteRows(database, seqs);
    scrubDeleted(database);
  });
  return box;
}

function isAny({ seqs, uploads }: Found): boolean {
  return seqs.length + uploads.length > 0;
}

function summaryOf(found: Found, box: string | undefined): object {
  const { seqs, files, uploads, names, firstMs, lastMs, target, sinceMs } = found;
  return {
    target: target.label,
    since: new Date(sinceMs).toISOString(),
    texts: seqs.length - files.length,
    files: files.length,
    fileBytes: files.reduce((sum, { size }) => sum + size, 0),
    uploads: uploads.filter(({ isDone }) => !isDone).length,
    names: Object.fromEntries(names),
    ...(firstMs === undefined ? {} : { first: new Date(firstMs).toISOString() }),
    ...(lastMs === undefined ? {} : { last: new Date(lastMs).toISOString() }),
    ...(box === undefined ? {} : { kept: box }),
  };
}

function report(
  found: Found,
  { apply, box }: { readonly apply: boolean; readonly box?: string | undefined },
): string {
  const { seqs, files, uploads, names, firstMs, lastMs, target, sinceMs } = found;
  const head = `${target.label}, 自 ${new Date(sinceMs).toISOString()}`;
  if (!isAny(found)) return `${head}: 没有要清除的\n`;
  const mib = (files.reduce((sum, { size }) => sum + size, 0) / MIB).toFixed(1);
  const open = uploads.filter(({ isDone }) => !isDone).length;
  const top = [...names].sort((a, b) => b[1] - a[1]).slice(0, MAX_NAMES);
  const span = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString());
  return [
    `${head}: ${seqs.length - files.length} 条文字, ${files.length} 个文件 (${mib} MiB), ${open} 个没传完的上传`,
    `最早 ${span(firstMs)}, 最晚 ${span(lastMs)}`,
    `用过 ${names.size} 个名字: ${top.map(([name, count]) => `${name} (${count})`).join(', ')}`,
    ...(apply
      ? [`已清除; 副本与移走的文件在 ${box}: 确认不反悔了就删掉它, 那时才腾出空间`]
      : ['这是试行, 什么也没有改; 加上 --apply 才清除']),
    '',
  ].join('\n');
}

function withDatabase<T>(storage: string, task: (database: Database.Database) => T): T {
  const database = new Database(path.join(storage, 'history', DATABASE_NAME));
  try {
    return task(database);
  } finally {
    database.close();
  }
}
