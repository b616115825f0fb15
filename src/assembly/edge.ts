// 装配传输: WebSocket 与各条 HTTP 路由, 以及它们通向领域的门
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Dispatcher } from '../chat/handlers.js';
import { LocalTickets } from '../chat/local-tickets.js';
import type { FileDoor } from '../chat/ports.js';
import type { Intake } from '../files/intake.js';
import type { Uploads } from '../files/uploads.js';
import type { Routes } from '../transport/app.js';
import { ArchiveRoute } from '../transport/archive-route.js';
import { DownloadRoute } from '../transport/download-route.js';
import { OriginRules } from '../transport/origin.js';
import { Patrol } from '../transport/patrol.js';
import { Peers } from '../transport/peer.js';
import { residentMemory } from '../transport/resident-memory.js';
import { StaticFiles } from '../transport/static.js';
import { UploadRoute } from '../transport/upload-route.js';
import { WsEdge } from '../transport/ws.js';
import type { Chat } from './chat.js';
import type { Files } from './files.js';
import { featuresOf, limitsOf, type Runtime } from './runtime.js';
import type { Storage } from './storage.js';

const FORWARDED_IGNORED =
  '不理会 X-Forwarded-*: 发来的不是受信任的代理 (只提醒这一次); 它若是你的反向代理, 写进 server.trustedProxies, ' +
  '在本机或内网的也可以打开 server.trustProxy';
const FRAME_CUT = '单帧超过传输上限, 已切断';
const WEB_FOLDER = fileURLToPath(new URL('../web', import.meta.url));

export async function createEdge(
  { config, log, quota, now, stopping, reportInternal }: Runtime,
  { blobs }: Storage,
  { sessions, room, archive }: Chat,
  { intake, uploads, offers, keyed, types }: Files,
): Promise<Routes> {
  const { fileBytes, frameBytes } = config.files;
  const { floodStrikes, messagesPerSecond } = config.chat;
  const { maxActive, idleTimeoutMs } = config.uploads;
  const { filesPerRequest } = config.http;
  const files = fileDoor(intake, uploads);
  const origins = new OriginRules(config.server);
  const peers = new Peers({ ...config.server, tls: config.server.tls.certFile !== '' }, (address) =>
    log.warn({ event: 'forwarded_ignored', address }, FORWARDED_IGNORED),
  );
  const patrol = new Patrol({ now, stallTimeoutMs: config.downloads.stallTimeoutS * 1000 });
  const shared = { sessions, origins, peers, quota, patrol, stopping, reportInternal };
  const tickets = new LocalTickets(now);
  const dispatcher = new Dispatcher({
    ...{ room, files, tickets, quota, floodStrikes, now, stopping, reportInternal },
  });
  return {
    ws: new WsEdge(
      { ...config.server, messagesPerSecond, frameBytes, memoryBytes: memoryMark(config) },
      {
        ...{ ...shared, room, dispatcher, files, tickets, now },
        rssBytes: residentMemory(),
        cutByTransport: (address, reason) => log.info({ event: 'cut', address, reason }, FRAME_CUT),
      },
    ),
    archive: new ArchiveRoute({ ...shared, archive }),
    uploads: new UploadRoute(
      { fileBytes, filesPerRequest, maxActive, idleTimeoutMs },
      { ...shared, intake, keyed },
    ),
    downloads: new DownloadRoute(config.downloads, { ...shared, blobs, offers, now }),
    statics: await StaticFiles.load(WEB_FOLDER, {
      patrol,
      report: reportInternal,
      isSecure: (res, req) => peers.of(res, req).secure,
    }),
    sessions,
    origins,
    peers,
    quota,
    limits: {
      limits: limitsOf(config),
      blockedExtensions: types.blockedExtensions,
      features: featuresOf(config),
    },
    patrol,
    stopping,
    reportInternal,
  };
}

// 没有设的: 机器 (或容器) 内存的一半, 其余留给页缓存与别的进程
function memoryMark({ server }: Runtime['config']): number {
  if (server.memoryBytes > 0) return server.memoryBytes;
  // 没有限额时是 0 或大得离谱的数
  const limitBytes = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limitBytes) / 2;
}

function fileDoor(intake: Intake, uploads: Uploads): FileDoor {
  return {
    receive: (owner, name, message, sentBy) => intake.receive(owner, name, message, sentBy),
    start: (owner, name, message) => uploads.start(owner, name, message),
    resume: (owner, message) => uploads.resume(owner, message),
    chunk: (owner, message) => uploads.chunk(owner, message),
    end: (owner, message) => uploads.end(owner, message),
    pause: (owner, message) => uploads.pause(owner, message),
    cancel: (owner, message) => uploads.cancel(owner, message),
    identify: (owner, message) => uploads.identify(owner, message),
    prove: (owner, message) => uploads.prove(owner, message),
    detach: (owner) => uploads.detach(owner),
  };
}
