// 装配: 配置 -> 存储 -> 领域 -> 传输; 唯一认识所有人的地方
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Archive } from './chat/archive.js';
import { Dispatcher } from './chat/handlers.js';
import { OfferBoard } from './chat/offer-board.js';
import type { FileDoor, Publisher } from './chat/ports.js';
import { Presence } from './chat/presence.js';
import { Room } from './chat/room.js';
import { SessionTokens } from './chat/session-tokens.js';
import { Sessions } from './chat/sessions.js';
import type { Config } from './config.js';
import { BlockPool } from './files/block-pool.js';
import { InstantSend } from './files/instant-send.js';
import { Intake } from './files/intake.js';
import { Offers } from './files/offers.js';
import { type BlockedContent, TypePolicy } from './files/policy.js';
import { reconcile } from './files/reconcile.js';
import { Space } from './files/space.js';
import { Uploads } from './files/uploads.js';
import { WindowBudget } from './files/window-budget.js';
import type { Logger } from './log.js';
import { type Limits, SERVER_FEATURES } from './protocol/messages.js';
import { MAX_NAME_CODE_POINTS } from './protocol/user-name.js';
import { Blobs } from './store/blobs.js';
import { HashPool } from './store/hash-pool.js';
import { DiskLog, type DiskLogOptions } from './store/history/disk-log.js';
import type { History } from './store/history/history.js';
import { MemoryLog } from './store/history/memory-log.js';
import { loadSessionSecret } from './store/session-secret.js';
import { StorageFolder } from './store/storage-folder.js';
import { lockStorage } from './store/storage-lock.js';
import { Thumbnails } from './store/thumbnails.js';
import { tidyStorage } from './store/tidy.js';
import { DiskJournal } from './store/upload-journal.js';
import { App, type Routes } from './transport/app.js';
import { ArchiveRoute } from './transport/archive-route.js';
import { DownloadRoute } from './transport/download-route.js';
import { loadNative } from './transport/native.js';
import { OriginRules } from './transport/origin.js';
import { requireFreePort } from './transport/port-probe.js';
import { StaticFiles } from './transport/static.js';
import { UploadRoute } from './transport/upload-route.js';
import { WsEdge } from './transport/ws.js';

export interface Server {
  readonly port: number;
  /** 优雅停止; 可重复调用, 兑现后不再占用端口与磁盘 */
  stop(): Promise<void>;
}

const WEB_FOLDER = fileURLToPath(new URL('./web', import.meta.url));
const HOUR_MS = 3_600_000;
const SWEEP_SESSIONS_MS = 10_000;
const PARK_UPLOADS_MS = 5_000;
// 闲置时留住的写入块: 128 * 256 KiB = 32 MiB
const MAX_FREE_BLOCKS = 128;
// file_chunk 除数据外的字节数, 含各种语言序列化器爱加的空格
const CHUNK_ENVELOPE_BYTES = 160;
// 关闭帧送出之后到强制断开 (毫秒); uWS 不报告对方何时真正断开
const STOP_LINGER_MS = 200;
// 停机时查看下载是否结束的间隔 (毫秒)
const STOP_POLL_MS = 20;

/** 各部分共用的几样东西 */
interface Runtime {
  readonly config: Config;
  readonly log: Logger;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  readonly stopping: () => boolean;
  /** 记录意外的错误, 返回可报给用户的编号 */
  readonly reportInternal: (error: unknown) => string;
}

/** 启动一个服务器。错误: 原生文件载不进, 存储目录不可写, 端口被占用, 证书读不了 */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  const native = await loadNative();
  // 先于存储: 误开的第二个服务器不该去对账第一个正在写的文件
  await requireFreePort(config.server.host, config.server.port);
  let stopping = false;
  const runtime = createRuntime(config, log, () => stopping);
  const app = new App(native, config.server);
  const storage = await openStorage(runtime);
  const chat = createChat(runtime, storage, app);
  const files = await createFiles(runtime, storage, chat);
  const edge = await createEdge(runtime, storage, chat, files);
  app.mount(edge);
  const port = await app.listen().catch(async (error: unknown) => {
    // 没能启动也要放开一切: 测试与内嵌者的进程还要继续
    edge.ws.stop();
    await closeStorage(storage);
    throw error;
  });
  const timers = startTimers(runtime, chat.sessions, files.uploads);

  async function shutdown(): Promise<void> {
    stopping = true;
    app.stopListening();
    for (const timer of timers) clearInterval(timer);
    await settle(runtime, files, edge);
    chat.presence.flush();
    edge.ws.closeAll('stopping');
    // 留一点时间送出关闭帧与最后的应答: 立即关掉还有未读数据的套接字会变成 RST, 对方就看不到 1001
    await sleep(Math.min(STOP_LINGER_MS, config.server.stopGraceMs));
    await drainDownloads(edge, config.server.stopGraceMs);
    edge.ws.stop();
    chat.presence.stop();
    app.close();
    await closeStorage(storage);
  }

  let stopped: Promise<void> | undefined;
  return {
    port,
    stop: () => {
      stopped ??= shutdown();
      return stopped;
    },
  };
}

function createRuntime(config: Config, log: Logger, stopping: () => boolean): Runtime {
  const reportInternal = (error: unknown): string => {
    const errorId = randomUUID();
    log.error({ errorId, err: error }, '意外的错误');
    return errorId;
  };
  return { config, log, now: () => performance.now(), stopping, reportInternal };
}

interface Storage {
  readonly folder: StorageFolder;
  readonly hashes: HashPool;
  readonly blobs: Blobs;
  readonly space: Space;
  readonly log: History;
  readonly secret: Uint8Array;
  /** 归还存储目录 */
  readonly unlock: () => Promise<void>;
}

async function openStorage({ config, log: logger, now }: Runtime): Promise<Storage> {
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
  blobs.shareContents(log);
  return { folder, hashes, blobs, space, log, secret, unlock };
}

async function closeStorage({ log, hashes, unlock }: Storage): Promise<void> {
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

interface Chat {
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly offers: OfferBoard;
  readonly room: Room;
  readonly archive: Archive;
}

function createChat({ config, now }: Runtime, { log, secret }: Storage, publisher: Publisher): Chat {
  const sessions = new Sessions(config.chat, new SessionTokens(secret), now);
  const presence = new Presence(publisher, () => sessions.onlineCount, config.chat.presenceTickMs);
  const offers = new OfferBoard(publisher, presence);
  const limits = limitsOf(config);
  const features = featuresOf(config);
  const archive = new Archive(log);
  const shared = { publisher, sessions, presence, offers, log, archive };
  const room = new Room({ ...shared, limits, features, now: Date.now });
  return { sessions, presence, offers, room, archive };
}

interface Files {
  readonly intake: Intake;
  readonly uploads: Uploads;
  readonly offers: Offers;
  readonly types: TypePolicy;
}

async function createFiles(
  runtime: Runtime,
  storage: Storage,
  { room, offers: board }: Chat,
): Promise<Files> {
  const { config, now } = runtime;
  const { folder, blobs, log: history } = storage;
  const log = runtime.log.child({ part: 'uploads' });
  const { blockedExtensions, blockedContent, partialTtlHours, instantSend: enabled } = config.files;
  const types = new TypePolicy({
    blockedExtensions,
    blockedContent: blockedContent as readonly BlockedContent[],
  });
  const intake = createIntake(config, storage, room, types);
  const { chunkBytes } = limitsOf(config);
  const offers = new Offers({ enabled: config.files.offers, events: board, now });
  const instant = new InstantSend({ enabled, contents: history, blobs, types, log });
  const uploads = new Uploads(
    { ...config.uploads, chunkBytes, partialTtlMs: partialTtlHours * HOUR_MS },
    { intake, instant, journal: new DiskJournal(folder), offers, log, now },
  );
  // 不落盘的日志重启后什么都不认得: 不补播, 免得每次启动都把全部文件再播一遍
  if (config.history.store === 'disk') {
    await reconcile({ published: blobs, announced: history, announce: room.announce.bind(room), log });
  }
  await uploads.recover();
  return { intake, uploads, offers, types };
}

function createIntake(
  config: Config,
  { blobs, space, log: history }: Storage,
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
    announce: (file, sentBy, time) => room.announce(file, sentBy, time),
    findAnnounced: (fileId) => history.findFile(fileId),
    findSent: async (sentBy) => {
      const entry = await room.findSent(sentBy);
      return entry?.kind === 'file' ? entry : undefined;
    },
  });
}

async function createEdge(
  { config, now, stopping, reportInternal }: Runtime,
  { blobs }: Storage,
  { sessions, room, archive }: Chat,
  { intake, uploads, offers, types }: Files,
): Promise<Routes> {
  const { fileBytes, frameBytes } = config.files;
  const { floodStrikes, messagesPerSecond } = config.chat;
  const { maxActive } = config.uploads;
  const { filesPerRequest } = config.http;
  const files = fileDoor(intake, uploads);
  const origins = new OriginRules({ ...config.server, tls: config.server.tls.certFile !== '' });
  const shared = { sessions, origins, stopping, reportInternal };
  const dispatcher = new Dispatcher({ room, files, frameBytes, floodStrikes, now, stopping, reportInternal });
  return {
    ws: new WsEdge(
      { ...config.server, messagesPerSecond, frameBytes },
      { ...shared, room, dispatcher, files, now },
    ),
    archive: new ArchiveRoute({ ...shared, archive }),
    uploads: new UploadRoute({ fileBytes, filesPerRequest, maxActive }, { ...shared, intake }),
    downloads: new DownloadRoute(config.downloads, { blobs, offers, now, reportInternal }),
    statics: await StaticFiles.load(WEB_FOLDER, {
      report: reportInternal,
      isSecure: (header) => origins.isSecure(header),
    }),
    sessions,
    limits: {
      limits: limitsOf(config),
      blockedExtensions: types.blockedExtensions,
      features: featuresOf(config),
    },
    stopping,
    reportInternal,
  };
}

function startTimers({ reportInternal }: Runtime, sessions: Sessions, uploads: Uploads): NodeJS.Timeout[] {
  const background = (task: Promise<void>): void => void task.catch(reportInternal);
  return [
    setInterval(() => sessions.sweep(), SWEEP_SESSIONS_MS),
    setInterval(() => background(uploads.parkIdle()), PARK_UPLOADS_MS),
    setInterval(() => background(uploads.sweep()), HOUR_MS),
  ];
}

// 停机的第一步: 把上传写到可续传的位置, 再告诉客户端, 它们一重连就能接着传。磁盘出错或卡住都不能拖住停机
async function settle({ config, reportInternal }: Runtime, files: Files, edge: Routes): Promise<void> {
  const settled = Promise.all([files.uploads.stop(), files.intake.stop(), edge.uploads.stop()]);
  await Promise.race([
    settled.then(() => {}, reportInternal),
    sleep(config.server.stopGraceMs, undefined, { ref: false }),
  ]);
}

// 快要下完的让它下完; 到时还没完的, 客户端可凭 Range 接着下
async function drainDownloads({ downloads }: Routes, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  while (downloads.active > 0 && performance.now() < deadline) await sleep(STOP_POLL_MS);
}

function limitsOf({ files, chat }: Config): Limits {
  return {
    fileBytes: files.fileBytes,
    frameBytes: files.frameBytes,
    chunkBytes: Math.min(files.chunkBytes, base64Capacity(files.frameBytes)),
    windowBytes: files.windowBytes,
    textBytes: chat.textBytes,
    nameLength: MAX_NAME_CODE_POINTS,
  };
}

// 关掉的能力不列出: 客户端据此决定要不要试
function featuresOf({ files }: Config): string[] {
  const off = new Set([...(files.instantSend ? [] : ['instant']), ...(files.offers ? [] : ['offer'])]);
  return SERVER_FEATURES.filter((feature) => !off.has(feature));
}

// 照 chunkBytes 切的分片写成 Base64 也要装得进一帧: 单帧上限调小时, 建议的分片跟着变小
function base64Capacity(frameBytes: number): number {
  return Math.floor(((frameBytes - CHUNK_ENVELOPE_BYTES) * 3) / 4);
}

function fileDoor(intake: Intake, uploads: Uploads): FileDoor {
  return {
    receive: (_owner, name, message, sentBy) => intake.receive(name, message, sentBy),
    start: (owner, name, message) => uploads.start(owner, name, message),
    resume: (owner, message) => uploads.resume(owner, message),
    chunk: (owner, message) => uploads.chunk(owner, message),
    end: (owner, message) => uploads.end(owner, message),
    cancel: (owner, message) => uploads.cancel(owner, message),
    identify: (owner, message) => uploads.identify(owner, message),
    prove: (owner, message) => uploads.prove(owner, message),
    detach: (owner) => uploads.detach(owner),
  };
}
