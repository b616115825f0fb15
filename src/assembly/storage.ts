// 装配存储: 占住目录, 收走零碎, 打开文件与消息日志; 关闭时倒过来
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Space } from '../files/space.js';
import type { Logger } from '../log.js';
import type { DailyShare } from '../quota/daily-share.js';
import { Blobs } from '../store/blobs.js';
import { HashPool } from '../store/hash-pool.js';
import { DATABASE_NAME } from '../store/history/database.js';
import type { History } from '../store/history/history.js';
import { ScrubState } from '../store/scrub-state.js';
import type { Scrubber } from '../store/scrubber.js';
import { loadSessionSecret } from '../store/session-secret.js';
import { SoundCopies } from '../store/sound-copies.js';
import { StorageFolder } from '../store/storage-folder.js';
import { lockStorage } from '../store/storage-lock.js';
import { Thumbnails } from '../store/thumbnails.js';
import { tidyStorage } from '../store/tidy.js';
import { createDaily } from './daily.js';
import { openHistory } from './history.js';
import type { Runtime } from './runtime.js';
import { createScrubber } from './scrub.js';

export interface Storage {
  readonly folder: StorageFolder;
  readonly hashes: HashPool;
  readonly blobs: Blobs;
  readonly space: Space;
  readonly log: History;
  readonly daily: DailyShare;
  readonly secret: Uint8Array;
  /** 开始监听之后才 start */
  readonly scrubber: Scrubber;
  /** 写完, 关上消息日志 */
  readonly closeLog: () => Promise<void>;
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

async function openParts(runtime: Runtime, folder: StorageFolder): Promise<Omit<Storage, 'unlock'>> {
  const { config, log: logger, quota, now } = runtime;
  const hadDatabase = existsSync(path.join(folder.historyFolder, DATABASE_NAME));
  const { hashWorkers, thumbPixels, thumbQueue } = config.files;
  const hashes = new HashPool(hashWorkers);
  const thumbnails = new Thumbnails({ maxPixels: thumbPixels, maxQueue: thumbQueue, quota, now });
  const blobs = new Blobs(folder, hashes, thumbnails, { fsync: config.storage.fsyncOnPublish });
  const space = new Space(config.storage, folder.usedBytes(), () => folder.freeBytes(), now);
  // 先于别的写入: 历史丢了而拒绝启动的, 磁盘上什么也没有动
  const history = await openHistory(runtime, {
    folder,
    removeFile: async (file) => space.release(await blobs.remove(file)),
  }).catch(async (error: unknown) => {
    await hashes.stop();
    throw error;
  });
  const { log, close: closeLog } = history;
  try {
    const removed = await tidyStorage(folder);
    if (removed > 0) logger.info({ removed }, '收走上次崩溃留下的零碎');
    const secret = await openSecret(folder, hadDatabase, logger);
    await history.prove();
    const storeLog = logger.child({ part: 'store' });
    const scrub = await ScrubState.load(folder.scrubRecord, storeLog);
    const copies = new SoundCopies(hashes, storeLog, (file, stats) => scrub.mark(stats, path.basename(file)));
    blobs.shareContents({ contents: log, copies, scrub, freed: (bytes) => space.release(bytes) });
    const scrubber = createScrubber(runtime, { folder, hashes, copies, state: scrub, log: storeLog });
    const daily = createDaily(config, logger, log, await folder.diskBytes());
    return { folder, hashes, blobs, space, log, daily, closeLog, secret, scrubber };
  } catch (error) {
    await log.stop();
    await hashes.stop();
    throw error;
  }
}

async function openSecret(folder: StorageFolder, hadDatabase: boolean, logger: Logger): Promise<Uint8Array> {
  const file = folder.sessionSecret;
  const { secret, isNew } = await loadSessionSecret(file);
  // 有消息数据库的目录, 会话密钥也该在
  if (isNew && hadDatabase) logger.warn({ file }, '会话密钥没有了或坏了, 已换新的: 在场的人须重新加入');
  return secret;
}

export async function closeStorage({ closeLog, hashes, scrubber, unlock }: Storage): Promise<void> {
  await scrubber.stop();
  await closeLog();
  await hashes.stop();
  await unlock();
}
