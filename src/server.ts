// 装配: 配置 -> 存储 -> 领域 -> 传输; 唯一认识所有人的地方
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Dispatcher } from './chat/handlers.js';
import type { FileDoor } from './chat/ports.js';
import { Presence } from './chat/presence.js';
import { Room } from './chat/room.js';
import { Sessions } from './chat/sessions.js';
import type { Config } from './config.js';
import { BlockPool } from './files/block-pool.js';
import { Intake } from './files/intake.js';
import { type BlockedContent, TypePolicy } from './files/policy.js';
import { Space } from './files/space.js';
import { Uploads } from './files/uploads.js';
import { WindowBudget } from './files/window-budget.js';
import type { Logger } from './log.js';
import type { Limits } from './protocol/messages.js';
import { MAX_NAME_CODE_POINTS } from './protocol/user-name.js';
import { Blobs } from './store/blobs.js';
import { HashPool } from './store/hash-pool.js';
import { MemoryLog } from './store/message-log.js';
import { StorageFolder } from './store/storage-folder.js';
import { Thumbnails } from './store/thumbnails.js';
import { DiskJournal } from './store/upload-journal.js';
import { App } from './transport/app.js';
import { DownloadRoute } from './transport/download-route.js';
import { loadNative } from './transport/native.js';
import { OriginRules } from './transport/origin.js';
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
// 轮询停机进展的间隔 (毫秒)
const STOP_POLL_MS = 20;

/** 启动一个服务器。错误: 原生文件载不进, 存储目录不可写, 端口被占用, 证书读不了 */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  const native = await loadNative();
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const now = (): number => performance.now();
  const reportInternal = (error: unknown): string => {
    const errorId = randomUUID();
    log.error({ errorId, err: error }, '意外的错误');
    return errorId;
  };

  // 存储
  const folder = await StorageFolder.open(config.storage.path);
  const hashes = new HashPool(config.files.hashWorkers);
  const thumbnails = new Thumbnails({
    maxPixels: config.files.thumbPixels,
    maxQueue: config.files.thumbQueue,
  });
  const blobs = new Blobs(folder, hashes, thumbnails, { fsync: config.storage.fsyncOnPublish });
  const messageLog = new MemoryLog({
    maxMessages: config.chat.historyMessages,
    maxBytes: config.chat.historyBytes,
  });

  // 聊天
  const app = new App(native, config.server);
  const sessions = new Sessions(config.chat, now);
  const presence = new Presence(app, () => sessions.onlineCount, config.chat.presenceTickMs);
  const limits = limitsOf(config);
  const room = new Room({ publisher: app, sessions, presence, log: messageLog, limits, now: Date.now });

  // 文件
  const { windowBudgetBytes, idleTimeoutMs, maxActive, perSession, maxPartials } = config.uploads;
  const { chunkBytes, fileBytes, frameBytes, windowBytes } = config.files;
  const space = new Space(config.storage, await folder.usedBytes(), () => folder.freeBytes(), now);
  const intake = new Intake({
    fileBytes,
    blobs,
    pool: new BlockPool(MAX_FREE_BLOCKS),
    budget: new WindowBudget(windowBudgetBytes, windowBytes, chunkBytes),
    types: new TypePolicy({
      blockedExtensions: config.files.blockedExtensions,
      blockedContent: config.files.blockedContent as readonly BlockedContent[],
    }),
    space,
    announce: (file) => room.announce(file),
  });
  const partialTtlMs = config.files.partialTtlHours * HOUR_MS;
  const uploads = new Uploads(
    { chunkBytes, maxActive, perSession, maxPartials, idleTimeoutMs, partialTtlMs },
    { intake, journal: new DiskJournal(folder), log: log.child({ part: 'uploads' }), now },
  );
  await uploads.recover();
  const files = fileDoor(intake, uploads);

  // 传输
  const origins = new OriginRules({ ...config.server, tls: config.server.tls.certFile !== '' });
  const dispatcher = new Dispatcher({
    room,
    files,
    frameBytes,
    floodStrikes: config.chat.floodStrikes,
    now,
    stopping: isStopping,
    reportInternal,
  });
  const ws = new WsEdge(
    { ...config.server, messagesPerSecond: config.chat.messagesPerSecond, frameBytes },
    { room, sessions, dispatcher, files, origins, stopping: isStopping, reportInternal, now },
  );
  const uploadRoute = new UploadRoute(
    { fileBytes, filesPerRequest: config.http.filesPerRequest, maxActive },
    { intake, sessions, origins, stopping: isStopping, reportInternal },
  );
  const downloads = new DownloadRoute(blobs, config.downloads.maxActive, reportInternal);
  app.mount({
    ws,
    uploads: uploadRoute,
    downloads,
    statics: await StaticFiles.load(WEB_FOLDER, reportInternal),
    sessions,
    stopping: isStopping,
    reportInternal,
  });
  const port = await app.listen();

  const background = (task: Promise<void>): void => void task.catch(reportInternal);
  const timers = [
    setInterval(() => sessions.sweep(), SWEEP_SESSIONS_MS),
    setInterval(() => background(uploads.parkIdle()), PARK_UPLOADS_MS),
    setInterval(() => background(uploads.sweep()), HOUR_MS),
  ];

  async function shutdown(): Promise<void> {
    stopping = true;
    app.stopListening();
    for (const timer of timers) clearInterval(timer);
    // 先把上传写到可续传的位置, 再告诉客户端: 它们一重连就能接着传
    await Promise.all([uploads.stop(), intake.stop(), uploadRoute.stop()]);
    presence.flush();
    ws.closeAll('stopping');
    await waitUntil(() => ws.connectionCount === 0 && downloads.active === 0, config.server.stopGraceMs);
    ws.stop();
    presence.stop();
    app.close();
    await hashes.stop();
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

function limitsOf({ files, chat }: Config): Limits {
  return {
    fileBytes: files.fileBytes,
    frameBytes: files.frameBytes,
    chunkBytes: files.chunkBytes,
    windowBytes: files.windowBytes,
    textBytes: chat.textBytes,
    nameLength: MAX_NAME_CODE_POINTS,
  };
}

function fileDoor(intake: Intake, uploads: Uploads): FileDoor {
  return {
    receive: (_owner, name, message) => intake.receive(name, message),
    start: (owner, name, message) => uploads.start(owner, name, message),
    resume: (owner, message) => uploads.resume(owner, message),
    chunk: (owner, message) => uploads.chunk(owner, message),
    end: (owner, message) => uploads.end(owner, message),
    cancel: (owner, message) => uploads.cancel(owner, message),
    detach: (owner) => uploads.detach(owner),
  };
}

async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
  }
}
