// 装配文件: 收取的三个入口, 边传边下, 秒传; 启动时与消息日志对账

import type { Room } from '../chat/room.js';
import type { Config } from '../config.js';
import { BlockPool } from '../files/block-pool.js';
import { InstantSend } from '../files/instant-send.js';
import { Intake } from '../files/intake.js';
import { KeyedRequests } from '../files/keyed-requests.js';
import { Offers } from '../files/offers.js';
import { type BlockedContent, TypePolicy } from '../files/policy.js';
import { reconcile } from '../files/reconcile.js';
import { Uploads } from '../files/uploads.js';
import { WindowBudget } from '../files/window-budget.js';
import { DiskKeyedJournal } from '../store/keyed-journal.js';
import { DiskJournal } from '../store/upload-journal.js';
import type { Chat } from './chat.js';
import { limitsOf, type Runtime } from './runtime.js';
import type { Storage } from './storage.js';

const HOUR_MS = 3_600_000;
// 闲置时留住的写入块: 128 * 256 KiB = 32 MiB
const MAX_FREE_BLOCKS = 128;

export interface Files {
  readonly intake: Intake;
  readonly uploads: Uploads;
  readonly offers: Offers;
  readonly keyed: KeyedRequests;
  readonly types: TypePolicy;
}

export async function createFiles(
  runtime: Runtime,
  storage: Storage,
  { room, offers: board }: Chat,
): Promise<Files> {
  const { config, quota, now, reportInternal } = runtime;
  const { folder, blobs, log: history } = storage;
  const log = runtime.log.child({ part: 'uploads' });
  const { blockedExtensions, blockedContent, partialTtlHours, instantSend: enabled } = config.files;
  const types = new TypePolicy({
    blockedExtensions,
    blockedContent: blockedContent as readonly BlockedContent[],
  });
  const intake = createIntake(config, storage, room, types);
  const { chunkBytes } = limitsOf(config);
  const offers = new Offers({ enabled: config.files.offers, events: board, quota, now });
  const instant = new InstantSend({ enabled, contents: history, blobs, types, log });
  const uploads = new Uploads(
    { ...config.uploads, chunkBytes, partialTtlMs: partialTtlHours * HOUR_MS },
    { intake, instant, journal: new DiskJournal(folder), offers, log, quota, report: reportInternal, now },
  );
  // 不落盘的日志重启后什么都不认得: 不补播, 免得每次启动都把全部文件再播一遍
  if (config.history.store === 'disk') {
    await reconcile({ published: blobs, announced: history, announce: room.announce.bind(room), log });
  }
  await uploads.recover();
  const keyed = new KeyedRequests({
    journal: new DiskKeyedJournal(folder),
    quota,
    findAnnounced: (fileId) => history.findFile(fileId),
    now: Date.now,
  });
  await keyed.recover();
  // 之后才删过期的: 列出目录与读元数据之间, 对账看到的不能变
  history.beginRetention();
  return { intake, uploads, offers, keyed, types };
}

function createIntake(
  config: Config,
  { blobs, space, daily, log: history }: Storage,
  room: Room,
  types: TypePolicy,
): Intake {
  const { windowBudgetBytes: totalBytes, maxActive: maxGrants } = config.uploads;
  const { fileBytes, windowBytes } = config.files;
  const minBytes = limitsOf(config).chunkBytes;
  return new Intake({
    fileBytes,
    blobs,
    pool: new BlockPool(MAX_FREE_BLOCKS),
    budget: new WindowBudget({ totalBytes, windowBytes, minBytes, maxGrants }),
    types,
    space,
    announce: (file, provenance, time) => room.announce(file, provenance, time),
    daily,
    requireRoom: () => history.requireRoom(),
    findAnnounced: (fileId) => history.findFile(fileId),
    findSent: async (sentBy) => {
      const entry = await history.findSent(sentBy);
      return entry?.kind === 'file' ? entry : undefined;
    },
  });
}
