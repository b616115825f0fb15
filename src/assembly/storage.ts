// 装配存储: 占住目录, 收走零碎, 打开文件与消息日志; 关闭时倒过来
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.js';
import { Space } from '../files/space.js';
import type { Logger } from '../log.js';
import { Blobs } from '../store/blobs.js';
import { HashPool } from '../store/hash-pool.js';
import { DATABASE_NAME } from '../store/history/database.js';
import { DiskLog, type DiskLogOptions } from '../store/history/disk-log.js';
import type { History } from '../store/history/history.js';
import { MemoryLog } from '../store/history/memory-log.js';
import { loadSessionSecret } from '../store/session-secret.js';
import { SoundCopies } from '../store/sound-copies.js';
import { StorageFolder } from '../store/storage-folder.js';
import { lockStorage } from '../store/storage-lock.js';
import { Thumbnails } from '../store/thumbnails.js';
import { tidyStorage } from '../store/tidy.js';
import type { Runtime } from './runtime.js';

export interface Storage {
  readonly folder: StorageFolder;
  readonly hashes: HashPool;
  readonly blobs: Blobs;
  readonly space: Space;
  readonly log: History;
  readonly secret: Uint8Array;
  /** 归还存储目录 */
  readonly unlock: () => Promise<void>;
}

/** 错误: 用不了 (一行中文), 那时已归还目录 */
export async function openStorage(runtime: Runtime): Promise<Storage> {
  const folder = await StorageFolder.open(runtime.config.storage.path);
  const unlock = await lockStorage(folder.root);
  try {
    return { ...(await openParts(runtime, folder)), unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openParts(
  { config, log: logger, now }: Runtime,
  folder: StorageFolder,
): Promise<Omit<Storage, 'unlock'>> {
  const removed = await tidyStorage(folder);
  if (removed > 0) logger.info({ removed }, '收走上次崩溃留下的零碎');
  const secret = await openSecret(folder, logger);
  const { hashWorkers, thumbPixels, thumbQueue } = config.files;
  const hashes = new HashPool(hashWorkers);
  const thumbnails = new Thumbnails({ maxPixels: thumbPixels, maxQueue: thumbQueue });
  const blobs = new Blobs(folder, hashes, thumbnails, { fsync: config.storage.fsyncOnPublish });
  const space = new Space(config.storage, folder.usedBytes(), () => folder.freeBytes(), now);
  const log = await openHistory(config, logger, {
    folder,
    removeFile: async (file) => space.release(await blobs.remove(file)),
  }).catch(async (error: unknown) => {
    await hashes.stop();
    throw error;
  });
  blobs.shareContents(log, new SoundCopies(hashes, logger.child({ part: 'store' })));
  return { folder, hashes, blobs, space, log, secret };
}

async function openSecret(folder: StorageFolder, logger: Logger): Promise<Uint8Array> {
  const file = folder.sessionSecret;
  const { secret, isNew } = await loadSessionSecret(file);
  // 有消息数据库的目录, 会话密钥也该在
  if (isNew && existsSync(path.join(folder.historyFolder, DATABASE_NAME)))
    logger.warn({ file }, '会话密钥没有了或坏了, 已换新的: 在场的人须重新加入');
  return secret;
}

export async function closeStorage({ log, hashes, unlock }: Storage): Promise<void> {
  await log.stop();
  await hashes.stop();
  await unlock();
}

async function openHistory(
  { chat, history }: Config,
  logger: Logger,
  { folder, removeFile }: { folder: StorageFolder; removeFile: DiskLogOptions['removeFile'] },
): Promise<History> {
  const tail = { maxMessages: chat.historyMessages, maxBytes: chat.historyBytes };
  if (history.store === 'memory') return new MemoryLog(tail);
  const log = await DiskLog.open({
    folder: folder.historyFolder,
    tail,
    pendingBytes: history.pendingBytes,
    maxSearches: history.maxSearches,
    sync: history.sync,
    retention: history,
    removeFile,
    logger: logger.child({ part: 'history' }),
  });
  if (log.isNew) await warnLostHistory(folder, logger);
  return log;
}

// 从没有消息日志的旧版升级也是这样: 说清楚, 让人自己判断
async function warnLostHistory(folder: StorageFolder, logger: Logger): Promise<void> {
  const { length: files } = await folder.listFiles();
  if (files === 0) return;
  logger.warn(
    { files, folder: folder.historyFolder },
    '消息数据库是新建的, 而 files/ 里已有文件: 历史从头开始, 文件各补播一次; 若不是刚从旧版升级, 请停机后从备份恢复 history/',
  );
}
