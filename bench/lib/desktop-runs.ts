// 桌面客户端的三种用法各测一次: 窗口上传, 命令行 send, 命令行 recv
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DesktopClient } from '../../web/test/desktop-client.js';
import { type Arena, SETTLE_MS } from './browser-upload.js';
import { type OwnUsage, ownUsage } from './process-stats.js';
import { PythonProcess, pythonPath } from './python-process.js';
import type { ServerProcess } from './server-process.js';
import type { StorageFolder } from './storage-folder.js';
import type { TestFile } from './test-file.js';
import { nowMs } from './upload-job.js';
import { UPLOAD_MS, verifyContent, type Witness, watchFile } from './witness.js';

/** 一种用法的一次 */
export interface DesktopRun {
  readonly seconds: number;
  readonly same: boolean;
  /** 客户端进程从启动起的内存峰值 (字节) */
  readonly peakBytes: number;
  /** seconds 期间的, 含全部线程 */
  readonly cpuSeconds: number;
}

export interface WindowRun extends DesktopRun {
  /** 上传期间两次 10 毫秒的 after 之间最长隔了多久 (毫秒) */
  readonly longestGapMs: number;
  readonly pythonVersion: string;
}

export interface SendRun extends DesktopRun {
  /** 从启动进程到加入, 不在 seconds 之内 */
  readonly startSeconds: number;
}

/** 真窗口在虚拟屏幕里, 按 "文件" 按钮; 从选好文件到广播 */
export async function uploadFromWindow(arena: Arena, name: string): Promise<WindowRun> {
  const { work, server, storage, file } = arena;
  const witness = await watchFile(server);
  const desktop = await DesktopClient.start({
    python: pythonPath(),
    url: urlOf(server),
    name,
    folder: configFolder(work),
  });
  try {
    await desktop.waitForStatus('已连接');
    storage.warmMemory(file.bytes);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const { announcement, ...measured } = await sendAndWait(desktop, file, witness);
    await desktop.close();
    return { ...measured, same: (await verifyContent(server, announcement, file)).same };
  } finally {
    witness.close();
    await desktop.kill();
  }
}

async function sendAndWait(desktop: DesktopClient, file: TestFile, { announced }: Witness) {
  const before = ownUsage(desktop.pid);
  await desktop.takeLongestGapMs();
  const startedMs = nowMs();
  await desktop.sendFiles(file.path);
  // 一起等: 传输失败或窗口死了, 不必等到广播超时
  const done = desktop.waitForTransfers(baseName(file), 'done', UPLOAD_MS);
  const [announcement] = await Promise.all([announced, done]);
  const longestGapMs = await desktop.takeLongestGapMs();
  const seconds = (announcement.atMs - startedMs) / 1000;
  const { pythonVersion } = desktop;
  return { announcement, seconds, longestGapMs, pythonVersion, ...since(before, ownUsage(desktop.pid)) };
}

/** python -m python_client send FILE; 从加入到广播 */
export async function sendFromCommand(arena: Arena, name: string): Promise<SendRun> {
  const { work, server, storage, file } = arena;
  const witness = await watchFile(server);
  storage.warmMemory(file.bytes);
  const startedMs = nowMs();
  const command = PythonProcess.start([
    ...['send', '--url', urlOf(server), '--name', name],
    ...['--config-folder', configFolder(work), file.path],
  ]);
  try {
    const joined = await command.line('已连上');
    const [announcement] = await Promise.all([witness.announced, command.line('"type":"file"')]);
    const usage = since(joined.usage, await command.finish());
    const seconds = (announcement.atMs - joined.atMs) / 1000;
    const startSeconds = (joined.atMs - startedMs) / 1000;
    return { ...usage, seconds, startSeconds, same: (await verifyContent(server, announcement, file)).same };
  } finally {
    witness.close();
    await command.kill();
  }
}

/**
 * python -m python_client recv --history --count 1; 房间的历史里须恰有这一个文件。
 * 从输出这条消息 (随即开始下载) 到输出 saved (已写完, 散列已核对)。副作用: 结束时清空 folder。
 */
export async function receiveFromCommand(
  arena: Arena,
  name: string,
  folder: StorageFolder,
): Promise<DesktopRun> {
  const { work, server, file } = arena;
  // 它什么也不说: 房间里另有一个人
  const witness = await watchFile(server);
  folder.warmMemory(file.bytes);
  const command = PythonProcess.start([
    ...['recv', '--history', '--count', '1', '--folder', folder.path],
    ...['--url', urlOf(server), '--name', name, '--config-folder', configFolder(work)],
  ]);
  try {
    const started = await command.line('"type":"file"');
    const saved = await command.line('"type":"saved"');
    const usage = since(started.usage, await command.finish());
    const { path } = JSON.parse(saved.text) as { path: string };
    const same = statSync(path).size === file.bytes && (await sha256Of(path)) === file.sha256;
    return { ...usage, seconds: (saved.atMs - started.atMs) / 1000, same };
  } finally {
    witness.close();
    await command.kill();
    folder.deleteContent();
  }
}

function since(before: OwnUsage, after: OwnUsage): OwnUsage {
  return { peakBytes: after.peakBytes, cpuSeconds: after.cpuSeconds - before.cpuSeconds };
}

function urlOf({ target }: ServerProcess): string {
  return `http://${target.host}:${target.port}`;
}

function baseName({ path }: TestFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** 每次新的: 上一次的续传记录不能使这一次接着传 */
function configFolder(work: string): string {
  const folder = join(work, `client-${nowMs()}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(bytes as Buffer);
  return hash.digest('hex');
}
