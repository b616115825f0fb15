// 装配存储: 占住目录, 收走零碎, 打开文件与消息日志; 关闭时倒过来
import type { Config } from '../config.js';
import { Space } from '../files/space.js';
import type { Logger } from '../log.js';
import { Blobs } from '../store/blobs.js';
import { HashPool } from '../store/hash-pool.js';
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

export async function openStorage({ config, log: logger, now }: Runtime): Promise<Storage> {
  const folder = await StorageFolder.open(config.storage.path);
  const unlock = await lockStorage(folder.root);
  const removed = await tidyStorage(folder);
  if (removed > 0) logger.info({ removed }, '收走上次崩溃留下的零碎');
  const { hashWorkers, thumbPixels, thumbQueue } = config.files;
  const hashes = new HashPool(hashWorkers);
  const thumbnails = new Thumbnails({ maxPixels: thumbPixels, maxQueue: thumbQueue });
  const blobs = new Blobs(folder, hashes, thumbnails, { fsync: config.storage.fsyncOnPublish });
  const space = new Space(config.storage, folder.usedBytes(), () => folder.freeBytes(), now);
  const secret = await loadSessionSecret(folder.sessionSecret);
  const log = await openHistory(config, logger, {
    folder,
    removeFile: async (file) => space.release(await blobs.remove(file)),
  }).catch(async (error: unknown) => {
    await hashes.stop();
    await unlock();
    throw error;
  });
  blobs.shareContents(log, new SoundCopies(hashes, logger.child({ part: 'store' })));
  return { folder, hashes, blobs, space, log, secret, unlock };
}

export async function closeStorage({ log, hashes, unlock }: Storage): Promise<void> {
  await log.stop();
  await hashes.stop();
  await unlock();
}

function openHistory(
  { chat, history }: Config,
  logger: Logger,
  { folder, removeFile }: { folder: StorageFolder; removeFile: DiskLogOptions['removeFile'] },
): Promise<History> {
  const tail = { maxMessages: chat.historyMessages, maxBytes: chat.historyBytes };
  if (history.store === 'memory') return Promise.resolve(new MemoryLog(tail));
  return DiskLog.open({
    folder: folder.historyFolder,
    tail,
    pendingBytes: history.pendingBytes,
    maxSearches: history.maxSearches,
    sync: history.sync,
    retention: history,
    removeFile,
    logger: logger.child({ part: 'history' }),
  });
}
