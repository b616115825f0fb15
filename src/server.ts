// 启动与停止: 按 存储 -> 领域 -> 传输 的次序装配 (assembly/), 停机时倒过来
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chat, createChat } from './assembly/chat.js';
import { fitDescriptors, watchDescriptors } from './assembly/descriptors.js';
import { createEdge } from './assembly/edge.js';
import { createFiles, type Files } from './assembly/files.js';
import { createRuntime, type Runtime } from './assembly/runtime.js';
import { closeStorage, openStorage, type Storage } from './assembly/storage.js';
import type { Sessions } from './chat/sessions.js';
import type { Config } from './config.js';
import { type Acts, NO_ACTS } from './config-acts.js';
import { descriptorLimit } from './descriptor-limit.js';
import type { Logger } from './log.js';
import { App, type Routes } from './transport/app.js';
import { loadNative } from './transport/native.js';
import { requireFreePort } from './transport/port-probe.js';

export interface Server {
  readonly port: number;
  /** 优雅停止; 可重复调用, 兑现后不再占用端口与磁盘 */
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const SWEEP_SESSIONS_MS = 10_000;
const PARK_UPLOADS_MS = 5_000;
// 关闭帧送出之后到强制断开 (毫秒); uWS 不报告对方何时真正断开
const STOP_LINGER_MS = 200;
// 没有人可道别时也等一等 (毫秒): 正在答的短请求答完; 停机时查看下载是否结束也按它
const STOP_POLL_MS = 20;
// 攒着的广播至多再送这么久 (毫秒)
const LAST_BROADCAST_MS = 1000;

/** 启动一个服务器; acts 是这一次启动要做的事。错误: 原生文件载不进, 存储目录不可写, 历史丢了, 端口被占用, 证书读不了 */
export async function startServer(asked: Config, log: Logger, acts: Acts = NO_ACTS): Promise<Server> {
  const native = await loadNative();
  // 先于存储: 误开的第二个服务器不该去对账第一个正在写的文件
  await requireFreePort(asked.server.host, asked.server.port);
  const { config, maxSockets, warn } = fitDescriptors(asked, descriptorLimit());
  let stopping = false;
  const runtime = createRuntime(config, log, acts, () => stopping);
  const app = new App(native, { ...config.server, maxSockets });
  const storage = await openStorage(runtime);
  const { chat, files, edge, port } = await openDoors(runtime, storage, app).catch(async (error: unknown) => {
    // 没能启动也要放开一切: 测试与内嵌者的进程还要继续
    await closeStorage(storage);
    throw error;
  });
  warn(log);
  storage.scrubber.start();
  const descriptors = watchDescriptors(app, log);
  descriptors.start();
  const timers = startTimers(runtime, chat.sessions, files);

  async function shutdown(): Promise<void> {
    stopping = true;
    descriptors.stop();
    app.stopListening();
    chat.presence.flush();
    const broadcast = chat.fanout.finish(Math.min(LAST_BROADCAST_MS, config.server.stopGraceMs));
    for (const timer of timers) clearInterval(timer);
    const refused = await settle(runtime, files, edge);
    await broadcast;
    const told = edge.ws.closeAll('stopping') + refused;
    // 留一点时间送出关闭帧与最后的应答: 立即关掉还有未读数据的套接字会变成 RST, 对方就看不到 1001
    const lingerMs = told > 0 ? STOP_LINGER_MS : STOP_POLL_MS;
    await sleep(Math.min(lingerMs, config.server.stopGraceMs));
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

interface Opened {
  readonly chat: Chat;
  readonly files: Files;
  readonly edge: Routes;
  readonly port: number;
}

/** 存储之上的各层, 直到监听。错误: 收不回上次的上传, 网页读不出, 端口被占用 */
async function openDoors(runtime: Runtime, storage: Storage, app: App): Promise<Opened> {
  const chat = createChat(runtime, storage, app);
  const files = await createFiles(runtime, storage, chat);
  const edge = await createEdge(runtime, storage, chat, files);
  app.mount(edge);
  const port = await app.listen().catch((error: unknown) => {
    edge.ws.stop();
    throw error;
  });
  return { chat, files, edge, port };
}

function startTimers(
  { reportInternal }: Runtime,
  sessions: Sessions,
  { uploads, keyed }: Files,
): NodeJS.Timeout[] {
  const background = (task: Promise<void>): void => void task.catch(reportInternal);
  return [
    setInterval(() => sessions.sweep(), SWEEP_SESSIONS_MS),
    setInterval(() => background(uploads.parkIdle()), PARK_UPLOADS_MS),
    setInterval(() => background(uploads.sweep()), HOUR_MS),
    setInterval(() => background(keyed.sweep()), HOUR_MS),
  ];
}

// 停机的第一步: 把上传写到可续传的位置, 再告诉客户端, 它们一重连就能接着传。磁盘出错或卡住都不能拖住停机。
// 返回因此被拒绝的 HTTP 请求数 (到时还没拒绝完的按有算)
async function settle({ config, reportInternal }: Runtime, files: Files, edge: Routes): Promise<number> {
  const settled = Promise.all([edge.uploads.stop(), files.uploads.stop(), files.intake.stop()]);
  return await Promise.race([
    settled.then(
      ([refused]) => refused,
      (error: unknown) => {
        reportInternal(error);
        return 1;
      },
    ),
    sleep(config.server.stopGraceMs, 1, { ref: false }),
  ]);
}

// 快要下完的让它下完; 到时还没完的, 客户端可凭 Range 接着下
async function drainDownloads({ downloads }: Routes, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  while (downloads.active > 0 && performance.now() < deadline) await sleep(STOP_POLL_MS);
}
